import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { agentPrograms, describeMachine, locateAgent } from "../../../harnesses/agent-programs.ts";
import type { AgentProgram } from "../../../harnesses/agent-programs.ts";
import { installAgents, listAgents } from "../../../src/agents/install.ts";
import type { InstallOptions, InstallProgress } from "../../../src/agents/install.ts";
import { findNpm } from "../../../src/agents/npm.ts";
import { PackageRegistry } from "./package-registry.ts";

let registry: PackageRegistry;
let home: string;
let agentsDir: string;
let progress: InstallProgress[];
beforeEach(async () => {
  registry = await PackageRegistry.start();
  home = await mkdtemp(join(tmpdir(), "harnessd-install-"));
  agentsDir = join(home, "agents");
  progress = [];
});
afterEach(async () => {
  await registry.close();
  await rm(home, { recursive: true, force: true });
});

/** An environment whose npm settings name our registry, as a user's would name theirs. */
function options(signal = new AbortController().signal): InstallOptions {
  const npm = {
    npm_config_registry: registry.url,
    npm_config_cache: join(home, "cache"),
    npm_config_fetch_retries: "0",
  };
  const env = {
    PATH: process.env["PATH"],
    HOME: home,
    npm_config_userconfig: join(home, "npmrc"),
    ...npm,
  };
  return { agentsDir, env, signal, onProgress: (each) => progress.push(each) };
}

async function publish(name: string, says?: string): Promise<AgentProgram> {
  const program = agentPrograms.find((each) => each.name === name)!;
  const wanted = program.packagesFor(await describeMachine())[0]!;
  const alias = /^npm:(.+)@([^@]+)$/.exec(wanted.spec);
  const path = program.binary.map((step) => (step === "*" ? "some-target" : step)).join("/");
  await registry.publish(
    alias?.[1] ?? wanted.name,
    alias?.[2] ?? wanted.spec,
    path,
    `#!/bin/sh\necho "${says ?? program.version} (a program)"\n`,
  );
  return program;
}

test("a program comes from the registry of the user's npm settings, is tried, and is then found by its harness", async () => {
  for (const name of ["opencode", "codex"]) {
    const { version } = await publish(name);
    const [result] = await installAgents([name], options());
    expect(result).toEqual({
      name,
      version,
      ready: true,
      path: expect.stringContaining(agentsDir),
      fresh: true,
    });
    expect(await locateAgent(name, agentsDir)).toMatchObject({ ready: true, version });
  }
  expect(progress.filter((each) => each.name === "codex").map((each) => each.stage)).toEqual(
    expect.arrayContaining(["resolving", "downloading", "verifying", "ready"]),
  );
  expect(progress.find((each) => each.stage === "downloading")).toMatchObject({
    bytes: 0,
    totalBytes: 4321,
  });
  expect((await listAgents(agentsDir)).map(({ name, ready }) => [name, ready])).toEqual([
    ["claude-code", false],
    ["codex", true],
    ["opencode", true],
  ]);
  expect(await readdir(agentsDir)).toEqual(expect.not.arrayContaining([".installing"]));
});

test("what is installed already is left alone, without asking the registry", async () => {
  await publish("opencode");
  await installAgents(["opencode"], options());
  const asked = registry.requests.length;
  expect(await installAgents(["opencode"], options())).toMatchObject([
    { ready: true, fresh: false },
  ]);
  expect(registry.requests).toHaveLength(asked);
});

test("a program of another version than its package says is not installed", async () => {
  const { version } = await publish("opencode", "0.0.1");
  const [result] = await installAgents(["opencode"], options());
  expect(result).toMatchObject({
    ready: false,
    code: "verification_failed",
    fix: "harnessd agents install opencode",
  });
  expect(result).toMatchObject({
    reason: expect.stringContaining(`should say ${version}; it ended with 0 and said "0.0.1`),
  });
  expect(await readdir(agentsDir)).toEqual([]);
});

test("one that the registry does not have fails with npm's words, and the next is installed all the same", async () => {
  await publish("opencode");
  const [claude, opencode] = await installAgents(["claude-code", "opencode"], options());
  expect(claude).toMatchObject({
    ready: false,
    code: "npm_failed",
    reason: expect.stringContaining("404"),
  });
  expect(claude).toMatchObject({ reason: expect.not.stringContaining("npm error") });
  expect(opencode).toMatchObject({ ready: true });
});

test("an aborted installation leaves nothing behind and can be done again", async () => {
  await publish("opencode");
  registry.stalls = true;
  const controller = new AbortController();
  const installing = installAgents(["opencode"], options(controller.signal));
  await registry.stalled;
  controller.abort(new Error("enough"));
  await expect(installing).rejects.toThrow("enough");
  expect(await readdir(join(agentsDir, ".installing"))).toEqual([]);
  registry.stalls = false;
  expect(await installAgents(["opencode"], options())).toMatchObject([{ ready: true }]);
});

test("an installation that is incomplete is replaced whole", async () => {
  await publish("opencode");
  const [first] = await installAgents(["opencode"], options());
  if (!first?.ready) throw new Error("not installed");
  await rm(first.path);
  expect(await locateAgent("opencode", agentsDir)).toMatchObject({
    ready: false,
    reason: expect.stringContaining("incompletely"),
  });
  expect(await installAgents(["opencode"], options())).toMatchObject([
    { ready: true, fresh: true },
  ]);
});

test("an unknown name and a missing npm are errors before anything starts", async () => {
  await expect(installAgents(["opencoed"], options())).rejects.toMatchObject({
    code: "unknown_agent",
    message: expect.stringContaining("claude-code, codex, opencode"),
  });
  await expect(findNpm({ PATH: home }, join(home, "bin", "node"))).rejects.toMatchObject({
    code: "npm_not_found",
  });
});
