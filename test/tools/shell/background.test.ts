import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { closeStdin } from "../../../tools/shell/close-stdin.ts";
import { list } from "../../../tools/shell/list.ts";
import { read } from "../../../tools/shell/read.ts";
import { signal } from "../../../tools/shell/signal.ts";
import { start } from "../../../tools/shell/start.ts";
import { stop } from "../../../tools/shell/stop.ts";
import { write } from "../../../tools/shell/write.ts";
import type { ToolContext } from "../../../tools/tool.ts";
import { isAlive, makeBox, program } from "../machinery/process/a-box.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function makeContext(): Promise<ToolContext> {
  return contextIn(await makeDirectory(), { processes: await makeBox() });
}

const LONG_WAIT = { waitMs: 10_000 };

test("a process in the background is fed, read and ended by name, from call to call", async () => {
  const context = await makeContext();
  const { processId } = await output(
    start,
    { command: program("stdin-echo"), stdin: "open" },
    context,
  );
  expect(await output(write, { processId, data: "héllo\n" }, context)).toEqual({
    bytes: 7,
    taken: true,
  });
  const first = await output(read, { processId, ...LONG_WAIT }, context);
  expect(first).toMatchObject({
    stdout: { data: "héllo\n", offset: 0, nextOffset: 7, ended: false },
    exit: null,
  });
  await output(
    write,
    { processId, data: Buffer.from("again\n").toString("base64"), encoding: "base64" },
    context,
  );
  await output(closeStdin, { processId }, context);
  let offset = first.stdout.nextOffset;
  let text = "";
  for (
    let last = first;
    !last.stdout.ended;
    offset = last.stdout.nextOffset, text += last.stdout.data
  ) {
    last = await output(read, { processId, stdoutOffset: offset, ...LONG_WAIT }, context);
  }
  expect(text).toBe("again\ninput ended\n");
  expect(await refusal(write, { processId, data: "more" }, context)).toMatchObject({
    code: "stdin_closed",
  });
});

test("a wait ends as soon as the process does, and the exit can be asked for again at any time", async () => {
  const context = await makeContext();
  const { processId } = await output(start, { command: "sleep 0.1; exit 5" }, context);
  expect(await output(read, { processId, waitMs: 60_000 }, context)).toMatchObject({
    exit: { exitCode: 5, timedOut: false },
  });
  expect(await output(read, { processId }, context)).toMatchObject({
    exit: { exitCode: 5 },
    stdout: { ended: true },
  });
});

test("a wait that finds nothing ends with its time, and one that is cancelled with the call", async () => {
  const context = await makeContext();
  const { processId } = await output(start, { command: program("forever") }, context);
  const { stdout } = await output(read, { processId, ...LONG_WAIT }, context);
  expect(
    await output(read, { processId, stdoutOffset: stdout.nextOffset, waitMs: 50 }, context),
  ).toMatchObject({
    exit: null,
    stdout: { data: "" },
  });
  const cancelling = new AbortController();
  const waiting = refusal(
    read,
    { processId, stdoutOffset: stdout.nextOffset, waitMs: 60_000 },
    { ...context, signal: cancelling.signal },
  );
  setImmediate(() => cancelling.abort());
  expect(await waiting).toMatchObject({ code: "cancelled" });
});

test("waiting leaves nothing behind on the process, however often its output wakes the wait, and a wait for far output sleeps through nearer", async () => {
  const context = await makeContext();
  const { processId } = await output(
    start,
    { command: "for i in 1 2 3 4 5 6; do printf 0123456789; sleep 0.05; done; sleep 987" },
    context,
  );
  const process = context.processes.get(processId);
  const far = await output(read, { processId, stdoutOffset: 50, ...LONG_WAIT }, context);
  expect(far.stdout).toMatchObject({ offset: 50, data: "0123456789" });
  await output(read, { processId, stdoutOffset: 60, waitMs: 50 }, context);
  expect(getEventListeners(process.whenExited, "abort")).toEqual([]);
});

test("text stays before a character until it is whole, and a wait does not end for a part of one", async () => {
  const context = await makeContext();
  const { processId } = await output(
    start,
    { command: program("split-utf8"), stdin: "open" },
    context,
  );
  const totals: number[] = [];
  for (let bytes = 1; bytes <= 3; bytes++) {
    await output(write, { processId, data: "\n" }, context);
    await expect
      .poll(async () => (await output(read, { processId }, context)).stdout.totalBytes)
      .toBe(bytes);
    const { stdout } = await output(read, { processId, waitMs: 20 }, context);
    expect(stdout).toMatchObject({ data: "", offset: 0, nextOffset: 0 });
    totals.push(stdout.totalBytes);
  }
  expect(totals).toEqual([1, 2, 3]);
  const whole = output(read, { processId, ...LONG_WAIT }, context);
  await output(write, { processId, data: "\n" }, context);
  expect((await whole).stdout).toMatchObject({ data: "🌍", nextOffset: 4 });
});

test("bytes that are no text never stall a reader, and come whole as base64", async () => {
  const context = await makeContext();
  const bytes = Buffer.from(Array.from({ length: 2_000 }, (_, index) => 255 - (index % 256)));
  const { processId } = await output(start, { command: "cat", stdin: "open" }, context);
  await output(write, { processId, data: bytes.toString("base64"), encoding: "base64" }, context);
  await output(closeStdin, { processId }, context);
  const readAll = async (encoding: string): Promise<string[]> => {
    const pieces: string[] = [];
    for (let offset = 0, ended = false; !ended;) {
      const { stdout } = await output(
        read,
        { processId, stdoutOffset: offset, maxBytes: 16, encoding, ...LONG_WAIT },
        context,
      );
      pieces.push(stdout.data);
      ({ nextOffset: offset, ended } = stdout);
    }
    return pieces;
  };
  const pieces = await readAll("base64");
  expect(Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")))).toEqual(bytes);
  expect((await readAll("text")).join("")).toContain("\uFFFD");
});

test("two readers at different offsets see the same bytes", async () => {
  const context = await makeContext();
  const { processId } = await output(
    start,
    { command: "printf 0123456789; printf abcdef >&2" },
    context,
  );
  await output(read, { processId, stdoutOffset: 10, stderrOffset: 6, ...LONG_WAIT }, context);
  const slice = await output(
    read,
    { processId, stdoutOffset: 3, stderrOffset: 4, maxBytes: 16 },
    context,
  );
  expect(slice).toMatchObject({
    stdout: { data: "3456789", offset: 3, nextOffset: 10 },
    stderr: { data: "ef" },
  });
});

test("stop ends the whole tree and reports it; a signal after the end is refused and says why", async () => {
  const context = await makeContext();
  const { processId } = await output(start, { command: program("orphan") }, context);
  const { stdout } = await output(read, { processId, ...LONG_WAIT }, context);
  const orphan = Number(stdout.data);
  expect(isAlive(orphan)).toBe(true);
  const report = await output(stop, { processId }, context);
  expect(report).toMatchObject({ survivors: [] });
  expect(report.signalled).toBeGreaterThanOrEqual(1);
  expect(isAlive(orphan)).toBe(false);
  await output(read, { processId, stdoutOffset: stdout.nextOffset, ...LONG_WAIT }, context);
  expect(await refusal(signal, { processId, signal: "SIGINT" }, context)).toMatchObject({
    code: "process_ended",
  });
});

test("a signal reaches the process, and a name that is no signal is refused", async () => {
  const context = await makeContext();
  const { processId } = await output(
    start,
    { command: "trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.02; done" },
    context,
  );
  const { stdout } = await output(read, { processId, ...LONG_WAIT }, context);
  await output(signal, { processId, signal: "SIGUSR1" }, context);
  await expect
    .poll(
      async () =>
        (await output(read, { processId, stdoutOffset: stdout.nextOffset }, context)).stdout.data,
    )
    .toBe("caught\n");
  expect(await refusal(signal, { processId, signal: "SIGNOTHING" }, context)).toMatchObject({
    code: "invalid_input",
  });
});

test("the list shows who runs and who has ended, the newest first", async () => {
  const context = await makeContext();
  const ended = await output(start, { command: "exit 2" }, context);
  await output(read, { processId: ended.processId, ...LONG_WAIT }, context);
  const running = await output(start, { command: program("forever") }, context);
  const all = await output(list, {}, context);
  expect(all.processes).toMatchObject([
    { processId: running.processId, pid: running.pid, exit: null, owner: null },
    { processId: ended.processId, command: "exit 2", cwd: context.cwd, exit: { exitCode: 2 } },
  ]);
  expect((await output(list, { running: true }, context)).processes).toHaveLength(1);
  expect((await output(list, { running: false, limit: 1 }, context)).processes).toMatchObject([
    { processId: ended.processId },
  ]);
});

test("a run touches and sees only what it started; the host everything", async () => {
  const host = await makeContext();
  const [one, other] = [
    { ...host, owner: "run_1" },
    { ...host, owner: "run_2" },
  ];
  const { processId } = await output(start, { command: program("forever"), stdin: "open" }, one);
  expect(await refusal(stop, { processId }, other)).toMatchObject({ code: "not_your_process" });
  expect(await refusal(write, { processId, data: "x" }, other)).toMatchObject({
    code: "not_your_process",
  });
  expect((await output(list, {}, other)).processes).toEqual([]);
  expect((await output(list, {}, one)).processes).toMatchObject([{ processId, owner: "run_1" }]);
  expect(await output(stop, { processId }, host)).toMatchObject({ survivors: [] });
});

test("a process nobody knows is refused by every tool", async () => {
  const context = await makeContext();
  const processId = "proc_nobody";
  for (const [tool, input] of [
    [read, {}],
    [write, { data: "x" }],
    [closeStdin, {}],
    [signal, { signal: "SIGINT" }],
    [stop, {}],
  ] as const) {
    expect(await refusal(tool, { processId, ...input }, context)).toMatchObject({
      code: "process_not_found",
    });
  }
});

test("a background process outlives the call that started it, and its time limit ends it", async () => {
  const context = await makeContext();
  const calling = new AbortController();
  const { processId } = await output(
    start,
    { command: program("forever"), timeoutMs: 300 },
    { ...context, signal: calling.signal },
  );
  calling.abort();
  const { stdout } = await output(read, { processId, ...LONG_WAIT }, context);
  expect(stdout.data).toBe("ready\n");
  const { exit } = await output(
    read,
    { processId, stdoutOffset: stdout.nextOffset, ...LONG_WAIT },
    context,
  );
  expect(exit).toMatchObject({ timedOut: true, signal: "SIGTERM" });
});
