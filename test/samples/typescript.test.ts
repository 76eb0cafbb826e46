// Every TypeScript sample compiles against the real types, and what can be run is run against a real daemon.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { realBox } from "../house/real-box.ts";
import { ROOT, samplesIn } from "./samples.ts";

const run = promisify(execFile);
const samples = samplesIn("ts");

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-samples-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test("every TypeScript sample of README and docs compiles against the real types", async () => {
  expect(samples.length).toBeGreaterThan(2);
  const directory = temporaryDirectory();
  for (const [index, { text }] of samples.entries())
    writeFileSync(join(directory, `sample-${index}.ts`), text);
  writeFileSync(join(directory, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: {
        // Samples stand beside the files that they import as their neighbours.
        rootDirs: [directory, join(ROOT, "harnesses"), join(ROOT, "test/agents")],
        paths: {
          "harnessd/client": [join(ROOT, "src/client/index.ts")],
          "harnessd-client": [join(ROOT, "src/client/index.ts")],
        },
        typeRoots: [join(ROOT, "node_modules/@types")],
      },
      include: ["*.ts"],
    }),
  );
  const compiled = await run(
    process.execPath,
    [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", directory],
    { cwd: directory },
  ).catch((error: { stdout: string; stderr: string }) => error);
  expect(`${compiled.stdout}${compiled.stderr}`).toBe("");
}, 60_000);

test("the README's TypeScript sample runs as it stands, but for the address", async () => {
  const sample = samples.find(({ text }) => text.includes("harnessd/client"))?.text ?? "";
  const { url, workspace, env } = await realBox([{ text: "All tests pass." }]);
  writeFileSync(join(workspace, "package.json"), '{"scripts":{"test":"echo three passed"}}');
  const file = join(temporaryDirectory(), "sample.ts");
  const client = JSON.stringify(join(ROOT, "src/client/index.ts"));
  writeFileSync(
    file,
    sample.replace('"harnessd/client"', client).replace("ws://127.0.0.1:8420", url),
  );
  const { stdout } = await run(process.execPath, [file], { env });
  expect(stdout).toContain("All tests pass.");
  expect(stdout).toContain("three passed");
}, 60_000);

test("the harness of docs/harnesses.md does what the text beside it says", async () => {
  const sample = samples.find(({ text }) => text.includes("export const echo"))?.text ?? "";
  const file = join(temporaryDirectory(), "echo.ts");
  writeFileSync(file, sample);
  const { echo } = (await import(file)) as {
    echo: { run(context: object): AsyncIterable<unknown> };
  };
  const context = {
    prompt: [{ type: "text", text: "hello" }],
    signal: new AbortController().signal,
  };
  const events: unknown[] = [];
  for await (const event of echo.run(context)) events.push(event);
  expect(events).toMatchObject([
    { type: "message", text: "hello" },
    { type: "result", text: "hello" },
  ]);
});
