import { afterAll, expect, test, vi } from "vitest";
import { CallError } from "../../../src/client/errors.ts";
import { failureAsJson, failureOf } from "../../../src/cli/failure.ts";
import { createProgram } from "../../../src/cli/program.ts";

vi.stubEnv("HARNESSD_URL", "ws://127.0.0.1:9");
afterAll(() => vi.unstubAllEnvs());

async function failureBy(args: readonly string[]) {
  const program = await createProgram(args, { isQuiet: true });
  return program.parseAsync(args, { from: "user" }).then(() => undefined, failureOf);
}

test.each([
  [["serve", "--port", "many"], '--port <number> (HARNESSD_PORT): wanted a number; found "many"'],
  [
    ["serve", "--host", "0.0.0.0", "--token", "short"],
    "--token <token> (HARNESSD_TOKEN): wanted at least 8 characters",
  ],
  [["serve", "--no-such-flag"], "unknown option '--no-such-flag'"],
  [["run", "--prompt-file", "/nowhere/at-all", "x"], "given twice"],
  [["run", "--prompt-file", "/nowhere/at-all"], "--prompt-file: /nowhere/at-all cannot be read"],
  [["run", "--effort", "much", "x"], "Allowed choices are low, medium, high"],
  [["run", "--max-turns", "1.5", "x"], 'Wanted a whole number above 0; found "1.5"'],
  [["run", "--permission", "maybe", "x"], "wanted allow, deny or ask"],
  [["run", "--env", "NOT_SET_HERE", "x"], "NOT_SET_HERE is not set here"],
  [["run", "--mcp", "nowhere.json", "x"], "wanted NAME=URL, NAME=COMMAND ARGS or a JSON file"],
  [["runs", "--state", "gone"], "Allowed choices are queued, running, ended"],
  [["runs", "--url", "http://127.0.0.1:1"], "wanted ws://… or wss://…"],
  [["cp", "a", "b"], "One of the two must be in the box"],
  [["frobnicate"], "unknown command 'frobnicate'"],
])("wrong usage %j is answered with what was wanted", async (args, message) => {
  const failure = await failureBy(args);
  expect(failure).toMatchObject({ status: 2, code: "wrong_usage" });
  expect(failure?.message).toContain(message);
  expect(failure?.message).not.toMatch(/✖|Invalid input|expected /);
});

test("what a daemon's validator finds is said in words, with the place", () => {
  const issues = [
    { code: "too_big", path: ["key"], origin: "string", maximum: 200, inclusive: true },
    { code: "invalid_type", path: ["permissions", "rules", 0, "tool"], expected: "string" },
    { code: "unrecognized_keys", path: [], keys: ["more"] },
    { code: "invalid_value", path: ["effort"], values: ["low", "medium", "high"] },
  ];
  const failure = failureOf(new CallError(-32602, "✖ raw", { code: "invalid_params", issues }));
  expect(failure.message).toBe(
    "The daemon does not take this: key: wanted at most 200 characters; permissions.rules[0].tool: wanted text; unknown: more; effort: wanted low, medium or high",
  );
});

test.each([
  ["unknown_harness", 6],
  ["unauthorized", 7],
  ["shutting_down", 5],
  ["internal_error", 1],
])("the daemon's %s ends with status %i", (code, status) => {
  const failure = failureOf(new CallError(-32000, "No", { code, known: ["a"] }));
  expect(failure.status).toBe(status);
  expect(JSON.parse(failureAsJson(failure))).toEqual({
    error: { code, message: "No", data: { known: ["a"] } },
  });
});
