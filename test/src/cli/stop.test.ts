import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test } from "vitest";
import { ScriptedModel } from "../../scripted-model/scripted-model.ts";
import { COMPILE_CACHE } from "./terminal.ts";

const PROGRAM = resolve(import.meta.dirname, "../../../src/bin.ts");

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-stop-"));
  ends.push(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

function start(args: string[], directory: string, more: NodeJS.ProcessEnv = {}): ChildProcess {
  const { PATH } = process.env;
  const env = {
    PATH,
    HOME: directory,
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    HARNESSD_STATE_DIR: join(directory, "state"),
    HARNESSD_WORKSPACE: directory,
    ...more,
  };
  return spawn(process.execPath, [PROGRAM, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
}

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
}

async function ended(child: ChildProcess): Promise<Ended> {
  let stderr = "";
  child.stderr!.on("data", (text) => (stderr += String(text)));
  const status = await new Promise<number | null>((done) =>
    child.once("close", (code) => done(code)),
  );
  return { status, stderr };
}

async function lineWith(child: ChildProcess, text: string): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! }))
    if (line.includes(text)) return line;
  throw new Error(`The output ended without ${text}`);
}

/** Processes whose command line holds a word, on all of the machine. */
function processesNamed(word: string): string[] {
  const commandOf = (pid: string): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };
  return readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && commandOf(pid).startsWith(word),
  );
}

/** A run whose tool says `begun` and then sleeps under a name of its own. */
async function longRun(directory: string, name: string): Promise<ChildProcess> {
  const model = await ScriptedModel.start();
  ends.push(() => model.close());
  const command = `echo begun; (exec -a ${name} sleep 300) & wait`;
  const { anthropicBaseUrl } = model.script("long", [{ calls: [{ intent: "shell", command }] }]);
  return start(["run", "go"], directory, {
    ANTHROPIC_API_KEY: "sk-for-tests-only",
    ANTHROPIC_BASE_URL: anthropicBaseUrl,
  });
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s to a run on a daemon of its own cancels it, and ends what the run started",
  async (signal) => {
    const name = `sleeper-${signal}-${process.pid}`;
    const child = await longRun(freshDirectory(), name);
    const end = ended(child);
    await lineWith(child, "│ begun");
    child.kill(signal);
    expect(await end).toEqual({ status: 3, stderr: "" });
    expect(processesNamed(name)).toEqual([]);
  },
);

test("a reader that leaves cancels a run, without a word and with all that it started", async () => {
  const name = `sleeper-pipe-${process.pid}`;
  const child = await longRun(freshDirectory(), name);
  const end = ended(child);
  await lineWith(child, "▶");
  child.stdout!.destroy();
  expect(await end).toEqual({ status: 3, stderr: "" });
  expect(processesNamed(name)).toEqual([]);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s to a command on a shared daemon ends the command, and the exit status says so",
  async (signal, status) => {
    const directory = freshDirectory();
    const daemon = start(["serve", "--port", "0", "--log-level", "warn"], directory);
    const daemonEnd = ended(daemon);
    ends.push(() => (daemon.kill("SIGTERM"), daemonEnd));
    await lineWith(daemon, "listening");
    const name = `sleeper-exec-${signal}-${process.pid}`;
    const child = start(
      ["exec", "--", "bash", "-c", `echo begun; (exec -a ${name} sleep 300) & wait`],
      directory,
    );
    const end = ended(child);
    await lineWith(child, "begun");
    child.kill(signal);
    expect(await end).toEqual({ status, stderr: "" });
    await expect.poll(() => processesNamed(name), { timeout: 4000 }).toEqual([]);
  },
);

test("a command whose reader leaves ends like one that SIGPIPE met", async () => {
  const child = start(["exec", "--", "yes"], freshDirectory());
  const end = ended(child);
  await lineWith(child, "y");
  child.stdout!.destroy();
  expect(await end).toEqual({ status: 141, stderr: "" });
});

test("the exit status of a command that any signal ended is the shell's", async () => {
  expect(
    await ended(start(["exec", "--", "sh", "-c", "kill -SEGV $$"], freshDirectory())),
  ).toMatchObject({ status: 139 });
});

test("a command that takes too long says so", async () => {
  const { status, stderr } = await ended(
    start(["exec", "--timeout", "0.2", "--", "sleep", "300"], freshDirectory()),
  );
  expect([status, stderr]).toEqual([
    124,
    "harnessd: The command took longer than 0.2 s and was ended\n",
  ]);
});

test("a command beside one that runs a daemon of its own says which process has the state directory", async () => {
  const directory = freshDirectory();
  const first = start(["exec", "--", "bash", "-c", "echo begun; exec sleep 300"], directory);
  const end = ended(first);
  await lineWith(first, "begun");
  const { status, stderr } = await ended(start(["exec", "--", "true"], directory));
  expect(status).toBe(5);
  expect(stderr).toContain(`process ${first.pid}`);
  first.kill("SIGTERM");
  await end;
});
