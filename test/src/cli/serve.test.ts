import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { Harnessd } from "../../../src/client/index.ts";
import type { Fact } from "../../../src/wire/events.ts";
import { Journal } from "../../../src/journal/journal.ts";

const PROGRAM = resolve(import.meta.dirname, "../../fixtures/programs/serve-with-a-bug.ts");

interface Served {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  readonly stderr: Promise<string>;
  /** The last facts of its journal; for when it has ended. */
  readonly facts: () => Fact[];
}

function start(...args: string[]): Served {
  const base = mkdtempSync(join(tmpdir(), "harnessd-serve-"));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  const { PATH, HOME } = process.env;
  const env = {
    PATH,
    HOME,
    HARNESSD_STATE_DIR: join(base, "state"),
    HARNESSD_WORKSPACE: base,
    HARNESSD_PORT: "0",
  };
  const child = spawn(process.execPath, [PROGRAM, ...args], { env, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return {
    child,
    exited: new Promise((done) => child.once("exit", done)),
    stderr: text(child.stderr),
    facts: () => {
      const journal = Journal.open({ directory: join(base, "state", "journal") });
      const { events } = journal.read({ after: null, filter: { deltas: false }, limit: 1000 });
      journal.close();
      return events.map((each) => JSON.parse(each) as Fact);
    },
  };
}

async function urlOf({ child }: Served): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! }))
    return (JSON.parse(line) as { url: string }).url;
  throw new Error("The daemon did not start");
}

test.each(["throw", "reject"])(
  "a bug of the daemon's (%s) is logged, ends what it has started, and ends it with a status that says so",
  async (bug) => {
    const served = start();
    const box = await Harnessd.connect({ url: await urlOf(served) });
    const { pid } = await box.call("shell_start", { command: "exec sleep 986" });
    served.child.stdin?.write(`${bug}\n`);
    expect(await served.exited).toBe(1);
    await box.close();
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    expect(await served.stderr).toContain("by nobody's fault");
    expect(served.facts().slice(-2)).toMatchObject([
      { type: "daemon.stopping", reason: expect.stringContaining("a bug in the daemon") },
      { type: "process.exited", signal: "SIGTERM" },
    ]);
  },
);

test("a daemon that is told to end while it starts ends cleanly, once it has started", async () => {
  const served = start("SIGTERM");
  served.child.stdout?.resume();
  expect(await served.exited).toBe(0);
  expect(served.facts().map(({ type }) => type)).toEqual(["daemon.started", "daemon.stopping"]);
});
