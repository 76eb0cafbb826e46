import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { Terminal } from "../terminal.ts";

test("bash completes with the script alone, and with the runs of the journal", async () => {
  await using terminal = await Terminal.open();
  await terminal.run(["run", "go"]);
  const { runId } = JSON.parse((await terminal.run(["runs", "--json"])).stdout) as {
    runId: string;
  };
  const bin = join(terminal.base, "bin");
  mkdirSync(bin);
  const program = resolve(import.meta.dirname, "../../../../src/bin.ts");
  writeFileSync(join(bin, "harnessd"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
  chmodSync(join(bin, "harnessd"), 0o755);
  const script = `source <(harnessd completion bash)
    for words in "harnessd perm" "harnessd attach run_" "harnessd run --effort h"; do
      COMP_WORDS=($words); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _harnessd; echo "\${COMPREPLY[@]}"
    done`;
  const env = {
    PATH: `${bin}:${process.env["PATH"]}`,
    HOME: terminal.base,
    HARNESSD_STATE_DIR: join(terminal.base, ".state"),
  };
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", env });
  expect([stdout, stderr]).toEqual([`permissions\n${runId}\nhigh\n`, ""]);
});
