import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  agentProgram,
  agentPrograms,
  describeMachine,
  locateAgent,
  requireAgent,
} from "../../harnesses/agent-programs.ts";

let agentsDir: string;
beforeEach(async () => {
  agentsDir = await mkdtemp(join(tmpdir(), "harnessd-agents-"));
});
afterEach(() => rm(agentsDir, { recursive: true, force: true }));

test("each machine gets the build that runs on it", () => {
  const names = (name: string, machine: object): string[] =>
    agentProgram(name)
      .packagesFor({ platform: "linux", arch: "x64", isMusl: false, hasAvx2: true, ...machine })
      .map((each) => `${each.name}@${each.spec}`);
  const { version } = agentProgram("opencode");
  expect(names("opencode", {})).toEqual([
    `opencode-linux-x64@${version}`,
    `opencode-linux-x64-baseline@${version}`,
  ]);
  expect(names("opencode", { hasAvx2: false, isMusl: true })).toEqual([
    `opencode-linux-x64-baseline-musl@${version}`,
  ]);
  expect(names("opencode", { arch: "arm64", hasAvx2: false })).toEqual([
    `opencode-linux-arm64@${version}`,
  ]);
  expect(names("claude-code", { isMusl: true })[0]).toMatch(
    /^@anthropic-ai\/claude-code-linux-x64-musl@/,
  );
  expect(names("codex", { platform: "darwin", arch: "arm64" })[0]).toMatch(
    /^@openai\/codex-darwin-arm64@npm:@openai\/codex@.+-darwin-arm64$/,
  );
  for (const { name } of agentPrograms) expect(names(name, { platform: "sunos" })).toEqual([]);
});

test("a program is found only in its pinned version, and what is there instead is said", async () => {
  const program = agentProgram("claude-code");
  const { name, version } = program;
  const fix = "harnessd agents install claude-code";
  expect(await locateAgent(name, agentsDir)).toEqual({
    ready: false,
    reason: `Claude Code ${version} is not installed in ${agentsDir}`,
    fix,
  });
  await mkdir(join(agentsDir, name, "1.0.0"), { recursive: true });
  expect(await locateAgent(name, agentsDir)).toMatchObject({
    reason: expect.stringContaining("only 1.0.0 is installed"),
  });
  await expect(requireAgent(name, agentsDir)).rejects.toMatchObject({
    code: "program_not_installed",
    message: expect.stringContaining(fix),
  });

  const path = join(
    agentsDir,
    name,
    version,
    "node_modules",
    program.packagesFor(await describeMachine())[0]!.name,
    "claude",
  );
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "#!/bin/sh\n");
  await chmod(path, 0o644);
  expect(await locateAgent(name, agentsDir)).toMatchObject({
    ready: false,
    reason: expect.stringContaining("incompletely"),
  });
  await chmod(path, 0o755);
  expect(await locateAgent(name, agentsDir)).toEqual({ ready: true, version, path });
  expect(await requireAgent(name, agentsDir)).toMatchObject({ path });
});
