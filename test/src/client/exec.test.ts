import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { connectTo, openBox, Wire } from "./box-door.ts";
import { openTools } from "./tool-box.ts";

test("a command's output, exit code and end come back typed", async () => {
  const { table } = openTools();
  const box = await connectTo((await openBox({ extra: table })).door.url);
  const result = await box.exec("echo out; echo err >&2; exit 3");
  expect(result).toMatchObject({
    exitCode: 3,
    stdout: "out\n",
    stderr: "err\n",
    missingBytes: 0,
    timedOut: false,
  });
  await box.tools.fs_write({ path: "a.txt", content: "hello" });
  expect((await box.tools.fs_list()).entries.map((entry) => entry.path)).toContain("a.txt");
});

test(
  "output comes byte for byte although the line breaks again and again",
  { timeout: 60_000 },
  async () => {
    const { table } = openTools();
    const { door } = await openBox({ extra: table });
    const wire = await Wire.to(door);
    const box = await connectTo(wire.url);
    const chunks: Uint8Array[] = [];
    let cuts = 0;
    const onStdout = (bytes: Uint8Array): void => {
      if (chunks.push(bytes) % 3 === 0 && cuts++ < 50) wire.cut();
    };
    const print =
      "for (let i = 0; i < 400; i++) process.stdout.write(Buffer.alloc(20_000, i)), Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)";
    const result = await box.exec([process.execPath, "-e", print], { onStdout });
    const expected = Buffer.concat(
      Array.from({ length: 400 }, (_, index) => Buffer.alloc(20_000, index)),
    );
    expect(result).toMatchObject({ exitCode: 0, missingBytes: 0 });
    expect(cuts).toBeGreaterThan(2);
    expect(createHash("sha256").update(Buffer.concat(chunks)).digest("hex")).toBe(
      createHash("sha256").update(expected).digest("hex"),
    );
  },
);

test("stdin is written whole and then closed", async () => {
  const { table } = openTools();
  const box = await connectTo((await openBox({ extra: table })).door.url);
  async function* pieces(): AsyncGenerator<string | Uint8Array> {
    yield "ä";
    yield Buffer.alloc(1_500_000, "x");
  }
  expect(await box.exec("wc -c", { stdin: pieces() })).toMatchObject({
    exitCode: 0,
    stdout: "1500002\n",
  });
  expect(await box.exec("head -c 3", { stdin: "abc".repeat(1_000_000) })).toMatchObject({
    exitCode: 0,
    stdout: "abc",
  });
  expect(await box.exec("cat", { stdin: "" })).toMatchObject({ exitCode: 0, stdout: "" });
});

test("aborting ends the command and what it started", async () => {
  const { table, processes } = openTools();
  const box = await connectTo((await openBox({ extra: table })).door.url);
  const controller = new AbortController();
  const running = box.exec("sleep 1000 & echo started; wait", {
    signal: controller.signal,
    onStdout: () => controller.abort(),
  });
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  await expect.poll(() => processes.list()[0]?.exit).toBeDefined();
});

test("a command whose daemon has ended meanwhile is told as lost with it", async () => {
  const [first, second] = [openTools(), openTools()];
  const table = new Map(first.table);
  const { door } = await openBox({ extra: [...table] });
  const wire = await Wire.to(door);
  const box = await connectTo(wire.url);
  const started = Promise.withResolvers<void>();
  const running = box.exec("sleep 1000", { onStarted: () => started.resolve() });
  await started.promise;
  const successor = await openBox({ extra: second.table });
  wire.leadTo(successor.door);
  wire.cut();
  await expect(running).rejects.toMatchObject({ name: "ProcessLostError", code: "process_lost" });
});
