import { expect, test } from "vitest";
import { candidatesFor } from "../../../src/cli/candidates.ts";
import { createProgram } from "../../../src/cli/program.ts";

const program = await createProgram([]);
const run = () => [{ value: "run_1", note: "completed" }];

function complete(...words: string[]) {
  const { candidates, mayBeFile } = candidatesFor(program, words, { run });
  const values = candidates.map(({ value }) => value);
  return values.length > 0 ? values : mayBeFile ? "files" : "nothing";
}

test.each([
  [["ru"], ["run", "runs"]],
  [["permissions", ""], ["answer"]],
  [
    ["permissions", "answer", "perm_1", ""],
    ["allow", "deny"],
  ],
  [["run", "--eff"], ["--effort"]],
  [
    ["run", "--effort", ""],
    ["low", "medium", "high"],
  ],
  [["run", "--effort", "=", "m"], ["medium"]],
  [["run", "--effort", "low", "--det"], ["--detach"]],
  [["run", "--schema", ""], "files"],
  [["run", "--model", ""], "nothing"],
  [["attach", "run"], ["run_1"]],
  [["attach", "--json", ""], ["run_1"]],
  [["cp", "", ""], "files"],
  [
    ["exec", "--cwd", "x", "--t"],
    ["--token", "--token-file", "--timeout"],
  ],
  [["exec", "ls", "--t"], "files"],
  [["completion", "f"], ["fish"]],
  [["nothing-of-ours", ""], "nothing"],
])("%j is completed with %j", (words, wanted) => {
  const found = complete(...words);
  expect(Array.isArray(found) ? found.toSorted() : found).toEqual(
    Array.isArray(wanted) ? wanted.toSorted() : wanted,
  );
});

test("the command that completion scripts ask is not offered itself", () => {
  expect(complete("comp")).toEqual(["completion"]);
});
