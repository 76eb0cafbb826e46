import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { BoxProcess, ProcessExit } from "../../../../tools/process.ts";
import { makeDirectory } from "../../tool-context.ts";
import { asking, isAlive, makeBox, PATH, printed, printedPid, program } from "./a-box.ts";

test("an exit code, stdout and stderr come back apart and as they were", async () => {
  const box = await makeBox();
  const process = await box.start(asking("printf 'out\\000put'; printf error >&2; exit 7"));
  expect(await process.exited).toMatchObject({ exitCode: 7, signal: null, timedOut: false });
  expect((await process.stdout.read(0, 100)).bytes).toEqual(Buffer.from("out\0put"));
  expect((await process.stderr.read(0, 100)).bytes).toEqual(Buffer.from("error"));
  expect(process.exit).toBe(await process.exited);
});

test("a process that a signal ended has that signal and no exit code", async () => {
  const box = await makeBox();
  const process = await box.start(asking("kill -USR1 $$"));
  expect(await process.exited).toMatchObject({ exitCode: null, signal: "SIGUSR1" });
});

test.each([undefined, "run_1"])(
  "what cannot be started says which of program, directory and permission was wrong (owner %s)",
  async (owner) => {
    const box = await makeBox();
    const directory = await makeDirectory();
    await writeFile(join(directory, "plain"), "no program");
    await expect(box.start(asking(["no-such-program"], { owner }))).rejects.toMatchObject({
      code: "program_not_found",
    });
    await expect(
      box.start(asking("true", { cwd: join(directory, "nowhere"), owner })),
    ).rejects.toMatchObject({
      code: "directory_not_found",
    });
    await expect(
      box.start(asking("true", { cwd: join(directory, "plain"), owner })),
    ).rejects.toMatchObject({
      code: "directory_not_found",
    });
    await expect(box.start(asking([join(directory, "plain")], { owner }))).rejects.toMatchObject({
      code: "spawn_failed",
    });
    await expect(box.start(asking(["echo", "a\0b"], { owner }))).rejects.toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("argument 1") as string,
    });
    await expect(
      box.start(asking(["echo", "x".repeat(3_000_000)], { owner })),
    ).rejects.toMatchObject({ code: "too_large" });
    expect(box.list()).toEqual([]);
  },
);

test("one process too many is refused, and another is taken once one has ended", async () => {
  const box = await makeBox({ maxProcesses: 2 });
  const first = await box.start(asking(program("forever")));
  await box.spawn(asking(program("forever")));
  await expect(box.start(asking("true"))).rejects.toMatchObject({ code: "too_many_processes" });
  await first.stop(0);
  await first.exited;
  expect((await (await box.start(asking("true"))).exited).exitCode).toBe(0);
});

test("a command sees its environment and its marks, and nothing else of the daemon's", async () => {
  const box = await makeBox({ boxId: "box-of-this-test" });
  const process = await box.start(
    asking("env", { env: { PATH, GREETING: "hello" }, owner: "run_1" }),
  );
  const names =
    (await process.exited) &&
    (await printed(process)).split("\n").map((line) => line.split("=")[0] ?? "");
  expect(await printed(process)).toContain(`HARNESSD_PROCESS=${process.id}\n`);
  const fromBash = new Set(["PWD", "SHLVL", "_", "OLDPWD", ""]);
  expect(names.filter((name) => !fromBash.has(name)).sort()).toEqual([
    "GREETING",
    "HARNESSD_BOX",
    "HARNESSD_OWNER",
    "HARNESSD_PROCESS",
    "PATH",
  ]);
  expect(box.markerOf("run_1")).toEqual({
    HARNESSD_BOX: "box-of-this-test",
    HARNESSD_OWNER: "run_1",
  });
});

test("the user's shell settings are not read, whatever the command's input is", async () => {
  const box = await makeBox();
  const home = await makeDirectory();
  await writeFile(join(home, ".bashrc"), "echo from the settings\n");
  for (const stdin of ["open", "closed"] as const) {
    const process = await box.start(
      asking("echo from the command", { stdin, env: { PATH, HOME: home } }),
    );
    process.closeStdin();
    await process.exited;
    expect(await printed(process)).toBe("from the command\n");
  }
});

test("bytes given as input are read to their end, however many", async () => {
  const box = await makeBox();
  const input = Buffer.alloc(3_000_000, "abc");
  const process = await box.start(asking("wc -c", { stdin: input }));
  await process.exited;
  expect((await printed(process)).trim()).toBe("3000000");
});

test("an open input can be written to again and again, and closed once", async () => {
  const box = await makeBox();
  const process = await box.start(asking(program("stdin-echo"), { stdin: "open" }));
  await process.write(Buffer.from("one\n"));
  expect(await printed(process)).toBe("one\n");
  await process.write(Buffer.from("two\n"));
  process.closeStdin();
  process.closeStdin();
  await process.exited;
  expect(await printed(process)).toBe("one\ntwo\ninput ended\n");
  await expect(process.write(Buffer.from("three"))).rejects.toMatchObject({ code: "stdin_closed" });
});

test("a program that ends without reading harms nobody", async () => {
  const box = await makeBox();
  const process = await box.start(asking("exec 0<&-; exit 0", { stdin: Buffer.alloc(10_000_000) }));
  expect((await process.exited).exitCode).toBe(0);
  const open = await box.start(asking("exec 0<&-; echo closed; sleep 1000", { stdin: "open" }));
  await printed(open);
  await expect(open.write(Buffer.alloc(1_000_000))).rejects.toMatchObject({ code: "stdin_closed" });
});

test("a program that does not read makes the writer wait, and is refused more than the limit", async () => {
  const box = await makeBox();
  const process = await box.start(asking(program("forever"), { stdin: "open" }));
  const writing = process.write(Buffer.alloc(10_000_000));
  await expect(process.write(Buffer.alloc(10_000_000))).rejects.toMatchObject({
    code: "stdin_full",
  });
  const refusal = writing.catch((error: unknown) => error);
  await process.stop(0);
  expect(await refusal).toMatchObject({ code: "stdin_closed" });
});

test("the time limit ends the whole tree and says so", async () => {
  const box = await makeBox();
  const process = await box.start(asking(program("ignore-sigterm"), { timeoutMs: 200 }));
  const child = await printedPid(process);
  const exit = await process.exited;
  expect(exit).toMatchObject({
    exitCode: null,
    signal: "SIGKILL",
    timedOut: true,
    containment: { survivors: [] },
  });
  expect(exit.containment?.killed).toBeGreaterThanOrEqual(2);
  expect(isAlive(child)).toBe(false);
});

test("an aborted signal ends the tree, and one aborted before keeps anything from starting", async () => {
  const box = await makeBox();
  const cancelling = new AbortController();
  const process = await box.start(asking(program("forever"), { signal: cancelling.signal }));
  await printed(process);
  cancelling.abort();
  expect(await process.exited).toMatchObject({
    signal: "SIGTERM",
    timedOut: false,
    containment: { survivors: [] },
  });
  await expect(box.start(asking("true", { signal: cancelling.signal }))).rejects.toThrow(/abort/);
});

test("a child that holds the output does not hold up the exit, and its output is still taken", async () => {
  const box = await makeBox();
  const process = await box.start(
    asking('(read -r _ < "$FIFO"; echo late) & echo early', {
      env: { PATH, FIFO: await makeFifo() },
    }),
  );
  expect((await process.exited).exitCode).toBe(0);
  expect(process.stdout.ended).toBe(false);
  await writeFile(process.request.env["FIFO"] ?? "", "go\n");
  expect(await printed(process, 11)).toBe("early\nlate\n");
});

async function makeFifo(): Promise<string> {
  const path = join(await makeDirectory(), "fifo");
  const box = await makeBox();
  await (
    await box.start(asking(["mkfifo", path]))
  ).exited;
  return path;
}

test("the observer hears of the start, the text and the exit, in that order", async () => {
  const heard: string[] = [];
  const box = await makeBox({
    observer: {
      started: ({ id }: BoxProcess) => void heard.push(`started ${id}`),
      output: (_: BoxProcess, stream: string, text: string) => void heard.push(`${stream} ${text}`),
      exited: (_: BoxProcess, { exitCode }: ProcessExit) => void heard.push(`exited ${exitCode}`),
    },
  });
  const process = await box.start(asking("printf '\\xe2'; sleep 0.1; printf '\\x82\\xac'; exit 3"));
  await process.exited;
  expect(heard).toEqual([`started ${process.id}`, "stdout €", "exited 3"]);
});

test("an unknown process is refused by name", async () => {
  const box = await makeBox();
  expect(() => box.get("proc_nobody")).toThrow(
    expect.objectContaining({ code: "process_not_found" }),
  );
  const process = await box.start(asking("true"));
  await process.exited;
  expect(box.get(process.id)).toBe(process);
});

test("a program with plain pipes is contained like the others, and not recorded", async () => {
  const box = await makeBox();
  const piped = await box.spawn(
    asking(program("stdin-echo"), { stdin: "open", owner: "session_1" }),
  );
  piped.stdin.end("hello\n");
  const pieces: Buffer[] = [];
  for await (const piece of piped.stdout) pieces.push(piece as Buffer);
  expect(Buffer.concat(pieces).toString()).toBe("hello\ninput ended\n");
  expect(await piped.exited).toMatchObject({ exitCode: 0 });
  expect(box.list()).toEqual([]);
  const forever = await box.spawn(asking(program("forever"), { owner: "session_1" }));
  expect(await box.stopOwner("session_1")).toMatchObject({ signalled: 1, survivors: [] });
  expect(await forever.exited).toMatchObject({ signal: "SIGTERM", containment: { survivors: [] } });
});

test("writing to a program with plain pipes that is gone is no unhandled error", async () => {
  const box = await makeBox();
  const piped = await box.spawn(asking("true", { stdin: "open" }));
  await piped.exited;
  const refused = await new Promise((resolve) => piped.stdin.write("too late", resolve));
  expect(refused).toBeInstanceOf(Error);
});

test("the costs of an owner are those of all it ran, and null for one that ran nothing", async () => {
  const box = await makeBox();
  expect(box.resourcesOf("nobody")).toEqual({ cpuMs: null, peakMemoryBytes: null });
  const spin =
    "end=$((SECONDS+1)); for ((i=0; i<150000; i++)); do :; done; head -c 30000000 /dev/zero | tail -c 30000000 >/dev/null; sleep 0.2";
  const first = await box.start(asking(spin, { owner: "run_1" }));
  const second = await box.start(asking(spin, { owner: "run_1" }));
  const exits = [await first.exited, await second.exited];
  for (const { resources } of exits) expect(resources.cpuMs).toBeGreaterThan(50);
  const sum = exits.reduce((total, { resources }) => total + (resources.cpuMs ?? 0), 0);
  expect(box.resourcesOf("run_1").cpuMs).toBeGreaterThanOrEqual(sum * 0.9);
  expect(box.resourcesOf("run_1").peakMemoryBytes).toBeGreaterThan(1_000_000);
});

test("closing ends everything, removes the files and starts nothing any more", async () => {
  const directory = join(await makeDirectory(), "spill");
  const box = await makeBox({ directory });
  const flood = await box.start(asking(program("flood", "1000000")));
  await flood.exited;
  await expect.poll(() => existsSync(join(directory, `${flood.id}.stdout`))).toBe(true);
  const forever = await box.start(asking(program("forever")));
  await box.close();
  expect(isAlive(forever.pid)).toBe(false);
  expect(await readdir(directory)).toEqual([]);
  await expect(box.start(asking("true"))).rejects.toMatchObject({ code: "spawn_failed" });
});

test(
  "a gigabyte that nobody reads costs little memory, blocks nothing, and any part of it can be read",
  { timeout: 60_000 },
  async () => {
    const size = 1024 ** 3;
    const box = await makeBox();
    const before = process.memoryUsage().rss;
    let peak = before;
    const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
    const flood = await box.start(asking(program("flood", String(size))));
    expect((await flood.exited).exitCode).toBe(0);
    clearInterval(watching);
    expect(peak - before).toBeLessThan(64 * 1024 * 1024);
    expect(flood.stdout).toMatchObject({ totalBytes: size + 8, droppedBytes: 0, ended: true });
    expect(Buffer.from((await flood.stdout.read(size, 100)).bytes).toString()).toBe("the end\n");
    expect((await flood.stdout.read(size / 2, 10)).bytes).toEqual(Buffer.alloc(10));
  },
);

test("finished processes are kept up to a number, and the oldest is forgotten with its file", async () => {
  const directory = join(await makeDirectory(), "spill");
  const box = await makeBox({
    directory,
    keeping: { maxFinished: 2, maxMemoryBytes: 1e6, maxFileBytes: 1e9 },
  });
  const oldest = await box.start(asking(program("flood", "1000000")));
  await oldest.exited;
  for (let count = 0; count < 3; count++) await (await box.start(asking("true"))).exited;
  await expect.poll(() => box.list().length).toBe(2);
  expect(() => box.get(oldest.id)).toThrow(expect.objectContaining({ code: "process_not_found" }));
  await expect.poll(() => readdir(directory)).toEqual([]);
  expect(await oldest.stdout.read(0, 10)).toMatchObject({
    offset: 1_000_008,
    missingBytes: 1_000_008,
  });
});

test("a live process is never forgotten, however many have finished", async () => {
  const box = await makeBox({ keeping: { maxFinished: 1, maxMemoryBytes: 0, maxFileBytes: 0 } });
  const live = await box.start(asking(program("forever")));
  for (let count = 0; count < 3; count++) await (await box.start(asking("echo something"))).exited;
  await expect.poll(() => box.list().length).toBeLessThanOrEqual(2);
  expect(box.get(live.id)).toBe(live);
});

test("what finished processes printed moves to files when it fills the memory set aside for it, and reads the same", async () => {
  const directory = join(await makeDirectory(), "spill");
  const box = await makeBox({
    directory,
    keeping: { maxFinished: 100, maxMemoryBytes: 1_000, maxFileBytes: 1e9 },
  });
  const processes = [];
  for (let count = 0; count < 4; count++) {
    const process = await box.start(asking(["printf", `%0500d`, String(count)]));
    await process.exited;
    processes.push(process);
  }
  await expect
    .poll(async () => (await readdir(directory).catch(() => [])).length)
    .toBeGreaterThanOrEqual(2);
  for (const [count, process] of processes.entries())
    expect(await printed(process)).toBe(String(count).padStart(500, "0"));
});

test("output past the limit is drained and counted, and the command ends as if it were kept", async () => {
  const box = await makeBox();
  const flood = await box.start(asking(program("flood", "5000000"), { maxRecordBytes: 1_000_000 }));
  expect((await flood.exited).exitCode).toBe(0);
  expect(flood.stdout).toMatchObject({
    totalBytes: 5_000_008,
    droppedBytes: 4_000_008,
    ended: true,
  });
  expect(await flood.stdout.read(4_000_000, 10)).toMatchObject({
    offset: 5_000_008,
    missingBytes: 1_000_008,
    ended: true,
  });
});
