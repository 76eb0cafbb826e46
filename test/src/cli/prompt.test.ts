import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPrompt } from "../../../src/cli/prompt.ts";
import { type Ended, Terminal } from "./terminal.ts";

/** A picture of one pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** The prompt as the run's first events have it. */
function promptIn({ stdout }: Ended): string | undefined {
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; prompt?: string });
  return events.find(({ type }) => type === "run.started")?.prompt;
}

test("a prompt comes from words, a pipe, a dash or a file, and files beside it", async () => {
  await using terminal = await Terminal.open(Array.from({ length: 5 }, () => ({ text: "Done." })));
  await terminal.serve();
  writeFileSync(join(terminal.base, "prompt.md"), "from a file\n");
  writeFileSync(join(terminal.base, "notes.txt"), "some notes\n");
  writeFileSync(join(terminal.base, "dot.png"), PNG);
  const files = ["notes.txt", "dot.png", "box:notes.txt"].flatMap((file) => ["--file", file]);
  const runs = await Promise.all([
    terminal.run(["run", "--json", "two", "words"]),
    terminal.run(["run", "--json"], { input: "piped" }),
    terminal.run(["run", "--json", "-"], { input: "by a dash" }),
    terminal.run(["run", "--json", "--prompt-file", "prompt.md"]),
    terminal.run(["run", "--json", ...files, "look"]),
  ]);
  expect(runs.map(promptIn)).toEqual([
    "two words",
    "piped",
    "by a dash",
    "from a file\n",
    "look\n\nFile notes.txt:\n\nsome notes\n\n[image image/png]\n[file notes.txt]",
  ]);
});

test("a file that is neither a text nor an image is to be copied into the box", async () => {
  const prompt = readPrompt({ words: ["x"], files: [process.execPath] });
  await expect(prompt).rejects.toThrow(/harnessd cp .* box:node/);
  await expect(readPrompt({ words: ["x"], files: ["/nowhere"] })).rejects.toThrow(
    "--file: /nowhere cannot be read",
  );
});
