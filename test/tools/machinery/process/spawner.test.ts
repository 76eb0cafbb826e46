// Programs started by the spawner: real pipes, nothing inherited, arguments of any size, and trees that nothing leaves.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { findSpawnerProgram } from "../../../../tools/machinery/process/spawner-program.ts";
import type { BoxProcess } from "../../../../tools/process.ts";
import { asking, isAlive, makeBox, PATH, printed, printedPid, program } from "./a-box.ts";

async function outputOf(process: BoxProcess): Promise<{ stdout: string; stderr: string }> {
  await process.exited;
  const read = async (stream: BoxProcess["stdout"]) =>
    Buffer.from((await stream.read(0, 1 << 24)).bytes).toString();
  return { stdout: await read(process.stdout), stderr: await read(process.stderr) };
}

test("the build has made the spawner", () => {
  expect(existsSync(String(findSpawnerProgram()))).toBe(true);
});

test("a program opens its standard streams by name", async () => {
  const box = await makeBox();
  const process = await box.start(
    asking("cat /dev/stdin; echo warned >/dev/stderr; echo both | tee /dev/stderr >/dev/stdout", {
      stdin: Buffer.from("given\n"),
    }),
  );
  expect(await outputOf(process)).toEqual({ stdout: "given\nboth\n", stderr: "warned\nboth\n" });
});

test("a program on plain pipes opens them by name too", async () => {
  const box = await makeBox();
  const process = await box.spawn(asking("cat /dev/stdin >/dev/stdout", { stdin: "open" }));
  process.stdin.end("through");
  expect(await text(process.stdout)).toBe("through");
});

test("a program has three descriptors, also where the daemon has inherited one more", async () => {
  const module = new URL("../../../../tools/machinery/process/process-table.ts", import.meta.url);
  const start = `
    const { BoxProcesses } = await import(${JSON.stringify(module.href)});
    const box = new BoxProcesses({ directory: "/nowhere", boxId: "three-descriptors" });
    const env = { PATH: process.env.PATH };
    const found = await box.start({ command: "for n in {0..20}; do [ -e /proc/self/fd/$n ] && echo $n; done; true", cwd: "/", env, stdin: "closed" });
    await found.exited;
    process.stdout.write((await found.stdout.read(0, 1000)).bytes);
    await box.close();`;
  const daemon = spawn(process.execPath, ["--input-type=module", "--eval", start], {
    stdio: ["ignore", "pipe", "inherit", "pipe", "pipe"],
  });
  expect(await text(daemon.stdout!)).toBe("0\n1\n2\n");
});

describe("a command that is too long for one argument", () => {
  const long = (bytes: number): string =>
    `cat <<'END' | wc -c\n${"ä".repeat(bytes / 2)}\nEND\nprintf '%s' "$0 $# $*"; exit 7`;

  test.each([200_000, 3_000_000])("runs as any other (%i bytes)", async (bytes) => {
    const box = await makeBox();
    const process = await box.start(asking(long(bytes)));
    expect((await process.exited).exitCode).toBe(7);
    expect((await outputOf(process)).stdout).toBe(`${bytes + 1}\nbash 0 `);
  });

  test("leaves the limit of the stack and the standard input as they are", async () => {
    const box = await makeBox();
    const ask = async (command: string) =>
      (await outputOf(await box.start(asking(command, { stdin: Buffer.from("mine") })))).stdout;
    const command = "ulimit -S -s; cat; echo ${c-unset} ${p-unset}";
    const padded = `: '${"x".repeat(200_000)}'; ${command}`;
    expect(await ask(padded)).toBe(await ask(command));
  });

  test("is refused with the limit where it is longer than that", async () => {
    const box = await makeBox();
    await expect(box.start(asking(long(5_000_000)))).rejects.toMatchObject({
      code: "too_large",
      data: { what: "the command", maxBytes: 4 * 1024 * 1024 },
    });
  });
});

test.each([
  [{ command: ["echo", "a", "x".repeat(140_000)] as [string, ...string[]] }, "argument 2"],
  [{ env: { PATH, LONG: "x".repeat(140_000) } }, "the variable LONG"],
  [
    { command: ["echo", ...Array<string>(80).fill("x".repeat(100_000))] as [string, ...string[]] },
    "the arguments and variables together",
  ],
])("what is too large is named (%#)", async (over, what) => {
  const box = await makeBox();
  await expect(box.start(asking("true", over))).rejects.toMatchObject({
    code: "too_large",
    data: { what },
  });
});

test("arguments and environment of megabytes reach a program", async () => {
  const box = await makeBox();
  const pieces = Array<string>(40).fill("x".repeat(100_000));
  const process = await box.start(asking(["bash", "-c", "echo $#", "bash", ...pieces]));
  expect((await outputOf(process)).stdout).toBe("40\n");
});

describe("nothing leaves its tree", () => {
  const PATIENT = "exec -a patient sleep 1000";
  test.each([
    [
      "a chain that forks and exits",
      "chain() { (sleep 0.001; chain) & }; chain; sleep 0.2; echo $$",
    ],
    ["a double fork", `(setsid bash -c '(trap "" TERM; ${PATIENT}) & ' &) ; sleep 0.1; echo $$`],
    ["a cleared environment", `env -i setsid -f bash -c '${PATIENT}'; sleep 0.1; echo $$`],
    ["another title", `(setsid bash -c 'exec -a "[kworker/7]" sleep 1000' &); sleep 0.1; echo $$`],
  ])("by %s", async (_, command) => {
    const box = await makeBox();
    const process = await box.start(asking(command, { owner: "run_1" }));
    await printedPid(process);
    await process.exited;
    const report = await box.stopOwner("run_1", { graceMs: 50 });
    expect(report).toMatchObject({ survivors: [] });
    expect(report.signalled).toBeGreaterThanOrEqual(1);
    expect(["cgroup", "subreaper"]).toContain(report.level);
    const left = await box.start(asking("grep -lz '^sleep$' /proc/[0-9]*/comm | wc -l"));
    await left.exited;
    expect(await box.stopOwner("run_1")).toMatchObject({ signalled: 0, survivors: [] });
  });

  test("by ignoring SIGTERM two hundred times", async () => {
    const box = await makeBox();
    const process = await box.start(
      asking(
        "trap '' TERM; for i in $(seq 200); do sleep 1000 & echo $!; done; echo >/dev/stderr; wait",
      ),
    );
    await process.stderr.waitPast(0, AbortSignal.timeout(10_000));
    const pids = (await printed(process)).trim().split("\n").map(Number);
    expect(await process.stop(50)).toMatchObject({ signalled: 201, survivors: [] });
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

test("a daemon that is killed takes along what it has started", async () => {
  const { makeDirectory } = await import("../../tool-context.ts");
  const fixture = new URL("../../../fixtures/programs/box-that-dies.ts", import.meta.url).pathname;
  const daemon = spawn(process.execPath, [fixture, await makeDirectory()], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void daemon.kill("SIGKILL"));
  const [line] = (await once(daemon.stdout, "data")) as [Buffer];
  const left = JSON.parse(line.toString()) as number[];
  expect(left.map(isAlive)).toEqual([true, true, true]);
  daemon.kill("SIGKILL");
  await expect.poll(() => left.filter(isAlive)).toEqual([]);
});

test("a spawner that is killed takes its commands along, whose end nobody saw, and is replaced", async () => {
  const box = await makeBox();
  const process = await box.start(asking(program("forever")));
  await printed(process);
  const find = await box.start(
    asking("ps -o ppid= -p $PPID; ps -o comm= -p $(ps -o ppid= -p $PPID)"),
  );
  const [spawner, name] = (await outputOf(find)).stdout.trim().split(/\s+/);
  expect(name).toBe("harnessd-spawn");
  globalThis.process.kill(Number(spawner), "SIGKILL");
  expect(await process.exited).toMatchObject({ exitCode: null, timedOut: false });
  await expect.poll(() => isAlive(process.pid)).toBe(false);
  expect(await outputOf(await box.start(asking("echo again")))).toMatchObject({
    stdout: "again\n",
  });
});

test("a supervisor that is killed costs its own tree, and no other", async () => {
  const box = await makeBox();
  const other = await box.start(asking(program("forever")));
  const process = await box.start(asking("setsid sleep 1000 & echo $! $PPID; wait"));
  const [child, supervisor] = (await printed(process, 3)).trim().split(" ").map(Number);
  globalThis.process.kill(Number(supervisor), "SIGKILL");
  expect(await process.exited).toMatchObject({ exitCode: null, signal: null });
  await expect.poll(() => isAlive(Number(child))).toBe(false);
  expect(isAlive(other.pid)).toBe(true);
});
