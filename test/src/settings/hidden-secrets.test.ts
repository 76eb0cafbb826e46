// What the kernel shows of a process that was started with secrets.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const KEY = "sk-shown-to-nobody-1234";
const MODULES = new URL("../../../src/", import.meta.url).pathname;
const PROGRAM = `
  const { hideSecrets } = await import(process.env.MODULES + "settings/hidden-secrets.ts");
  const { createLog } = await import(process.env.MODULES + "log/log.ts");
  const { Secrets } = await import(process.env.MODULES + "log/secrets.ts");
  hideSecrets([${JSON.stringify(KEY)}], createLog("debug", new Secrets()));
  console.log(JSON.stringify({ key: process.env.KEY, path: process.env.KEY_PATH, title: process.title.length > 0, other: process.env.OTHER }));
  process.stdin.resume();
`;
const isLinux = process.platform === "linux";

/** Starts a program that hides its secrets, and looks at it from outside. */
async function start(
  args: readonly string[],
  env: Record<string, string>,
  wrap: readonly string[] = [],
) {
  const command = [...wrap, process.execPath, "--input-type=module", "--eval", PROGRAM, ...args];
  const child = spawn(command[0]!, command.slice(1), {
    env: { MODULES, OTHER: "kept", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const shown = (file: string): string => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  const [environ, cmdline] = [shown("environ"), shown("cmdline")];
  child.stdin.end();
  return {
    said: JSON.parse(String(said)) as unknown,
    environ,
    cmdline,
    log: await text(child.stderr),
  };
}

test.runIf(isLinux)(
  "variables and arguments that are secrets are shown to nobody, and all others stay",
  async () => {
    const seen = await start(["--", "--token", KEY, `--connect-token=${KEY}`, "--port", "0"], {
      KEY,
      KEY_PATH: `/run/${KEY}/x`,
    });
    expect(seen.environ.split("\0")).toEqual(
      expect.arrayContaining(["KEY=", "OTHER=kept", `KEY_PATH=/run/${KEY}/x`]),
    );
    expect(seen.cmdline.split("\0").join(" ")).toMatch(/--token +--connect-token= +--port 0/);
    expect(seen.said).toEqual({ key: "", path: `/run/${KEY}/x`, title: true, other: "kept" });
    expect(seen.log).toBe("");
  },
);

test.runIf(isLinux)(
  "a process above that shows them is named in the log, and left alone",
  async () => {
    const seen = await start([], { KEY }, ["sh", "-c", '"$@" & wait', "sh"]);
    expect(seen.log).toMatch(/"level":"warn".*"name":"sh".*--secrets-file/);
    expect(seen.log).not.toContain(KEY);
  },
);
