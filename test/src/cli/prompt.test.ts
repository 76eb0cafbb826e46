import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPrompt } from "../../../src/cli/prompt.ts";
import { Terminal } from "./terminal.ts";

/** A picture of one pixel. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

async function promptsOf(terminal: Terminal): Promise<string[]> {
  const { stdout } = await terminal.run(["runs", "--json"]);
  const ids = stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { runId: string }).runId);
  const shown = await Promise.all(
    ids.toReversed().map((id) => terminal.run(["attach", "--json", id])),
  );
  return shown.map(({ stdout: events }) => {
    const started = events.split("\n").find((line) => line.includes('"run.started"')) ?? "{}";
    return (JSON.parse(started) as { prompt: string }).prompt;
  });
}

test("a prompt comes from words, a pipe, a dash or a file, and files beside it", async () => {
  await using terminal = await Terminal.open(Array.from({ length: 6 }, () => ({ text: "Done." })));
  await terminal.serve();
  writeFileSync(join(terminal.base, "prompt.md"), "from a file\n");
  writeFileSync(join(terminal.base, "notes.txt"), "some notes\n");
  writeFileSync(join(terminal.base, "dot.png"), PNG);
  const runs = [
    await terminal.run(["run", "two", "words"]),
    await terminal.run(["run"], { input: "piped" }),
    await terminal.run(["run", "-"], { input: "by a dash" }),
    await terminal.run(["run", "--prompt-file", "prompt.md"]),
    await terminal.run([
      "run",
      "--file",
      "notes.txt",
      "--file",
      "dot.png",
      "--file",
      "box:notes.txt",
      "look",
    ]),
  ];
  expect(runs.map(({ status, stderr }) => [status, stderr])).toEqual(runs.map(() => [0, ""]));
  expect(await promptsOf(terminal)).toEqual([
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
