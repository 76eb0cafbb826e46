import { expect, test } from "vitest";
import { permissionsOf } from "../../../src/cli/permission-rule.ts";

test("rules name a tool and a pattern, and what is without a tool holds for all others", () => {
  expect(permissionsOf(["ask:shell_exec", "deny:*:rm -rf a:b", "allow"])).toEqual({
    rules: [
      { decision: "ask", tool: "shell_exec" },
      { decision: "deny", tool: "*", pattern: "rm -rf a:b" },
    ],
    otherwise: "allow",
  });
  expect(permissionsOf(["deny:Bash"])).toEqual({ rules: [{ decision: "deny", tool: "Bash" }] });
});

test.each([["maybe"], ["allow:"], ["ask::x"], ["allow", "deny"]])("%s is refused", (...rules) => {
  expect(() => permissionsOf(rules)).toThrow("--permission");
});
