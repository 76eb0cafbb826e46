// Stories that a scripted model tells, written by intent, so that any harness can be driven through them.
import type { Call, ScriptStep } from "./script.ts";

/** A prompt, the files that it needs, what the model does, and what must then be true. */
export interface Story {
  readonly prompt: string;
  /** By path relative to the run's directory; to be written before the run. */
  readonly files: Readonly<Record<string, string>>;
  readonly steps: readonly ScriptStep[];
  /** What the files must hold in the end. */
  readonly filesAfter: Readonly<Record<string, string>>;
  readonly answer: string;
}

const SUM_BROKEN = "export function sum(a, b) {\n  return a - b;\n}\n";
const SUM_RIGHT = "export function sum(a, b) {\n  return a + b;\n}\n";
const SUM_TEST = `import assert from "node:assert/strict";
import { sum } from "./sum.mjs";

assert.equal(sum(2, 3), 5);
console.log("sum: ok");
`;

/** The task that all harnesses are compared by: run the failing test, read, edit, run again, answer. */
export function fixTheTest(): Story {
  const runTest: Call = { intent: "shell", command: "node sum.test.mjs" };
  const answer = "The test passes now: `sum` subtracted where it should have added.";
  return {
    prompt: "The test sum.test.mjs fails. Find out why, fix it and run it again.",
    files: { "sum.mjs": SUM_BROKEN, "sum.test.mjs": SUM_TEST },
    steps: [
      { reasoning: "First see how it fails.", text: "I run the test first.", calls: [runTest] },
      { text: "It fails. Now the code.", calls: [{ intent: "read", path: "sum.mjs" }] },
      {
        calls: [
          {
            intent: "edit",
            path: "sum.mjs",
            oldText: "  return a - b;\n",
            newText: "  return a + b;\n",
          },
        ],
      },
      { calls: [runTest] },
      { text: answer },
    ],
    filesAfter: { "sum.mjs": SUM_RIGHT, "sum.test.mjs": SUM_TEST },
    answer,
  };
}

/** A plan that is made, followed and ticked off. */
export function followAPlan(): Story {
  const plan = (first: "in_progress" | "completed", second: "pending" | "completed"): Call => ({
    intent: "plan",
    steps: [
      { text: "Write the note", status: first },
      { text: "Check it", status: second },
    ],
  });
  return {
    prompt: "Write a note and check it, by a plan.",
    files: {},
    steps: [
      { text: "Here is my plan.", calls: [plan("in_progress", "pending")] },
      { calls: [{ intent: "write", path: "note.txt", content: "a note\n" }] },
      { calls: [{ intent: "shell", command: "cat note.txt" }] },
      { calls: [plan("completed", "completed")] },
      { text: "The note is written." },
    ],
    filesAfter: { "note.txt": "a note\n" },
    answer: "The note is written.",
  };
}

/** A file that comes about by the shell alone, so that only a view of the directory can tell. */
export function writeByShell(): Story {
  return {
    prompt: "Write made.txt with the shell.",
    files: {},
    steps: [
      { calls: [{ intent: "shell", command: "printf 'by the shell\\n' > made.txt" }] },
      { text: "Made." },
    ],
    filesAfter: { "made.txt": "by the shell\n" },
    answer: "Made.",
  };
}

/** Output that comes while the command still runs: three lines, `pauseMs` apart. */
export function speakSlowly(pauseMs: number): Story {
  const pause = (pauseMs / 1000).toFixed(3);
  return {
    prompt: "Count to three, slowly.",
    files: {},
    steps: [
      {
        calls: [
          { intent: "shell", command: `for i in 1 2 3; do echo tick $i; sleep ${pause}; done` },
        ],
      },
      { text: "Three." },
    ],
    filesAfter: {},
    answer: "Three.",
  };
}

/** A command that never ends, with a child of its own; for cancelling. `marker` is a file written once both run. */
export function runForever(marker: string): Story {
  return {
    prompt: "Wait.",
    files: {},
    steps: [
      {
        text: "I wait.",
        calls: [{ intent: "shell", command: `sleep 987 & echo $! > ${marker}; sleep 986` }],
      },
      { text: "Waited." },
    ],
    filesAfter: {},
    answer: "Waited.",
  };
}
