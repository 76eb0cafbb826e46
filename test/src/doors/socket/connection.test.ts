import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { z } from "zod";
import { WIRE_LIMITS } from "../../../../src/wire/limits.ts";
import { aborted, Bare, method, openDoor, silentLog, smallTable } from "./small-door.ts";

test("a call is answered under its id, 0 and strings included", async () => {
  const host = await Bare.open((await openDoor()).url);
  expect(await host.call("add", { left: 1, right: 2 }, 0)).toEqual({
    jsonrpc: "2.0",
    id: 0,
    result: { sum: 3 },
  });
  expect(await host.call("echo", { a: "ä" }, "")).toEqual({
    jsonrpc: "2.0",
    id: "",
    result: { a: "ä" },
  });
  expect(await host.call("echo", undefined, -7)).toEqual({ jsonrpc: "2.0", id: -7, result: {} });
});

test("calls run side by side: a quick one overtakes one that waits", async () => {
  const host = await Bare.open((await openDoor()).url);
  host.send({ jsonrpc: "2.0", id: 1, method: "wait" });
  expect(await host.call("echo", {}, 2)).toMatchObject({ id: 2 });
});

test("$/cancelRequest aborts the call, which is answered as cancelled", async () => {
  const host = await Bare.open((await openDoor()).url);
  host.send({ jsonrpc: "2.0", id: 0, method: "wait" });
  host.send({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 0 } });
  expect(await host.next()).toMatchObject({
    id: 0,
    error: { code: -32006, data: { code: "cancelled" } },
  });
});

test("params of a wrong shape name what was expected, in words and as issues", async () => {
  const host = await Bare.open((await openDoor()).url);
  const { error } = await host.call("add", { left: "1", right: 2, more: true });
  expect(error).toMatchObject({ code: -32602, data: { code: "invalid_input" } });
  expect(error.message).toContain("wanted a number");
  expect(error.data["issues"]).toContainEqual(expect.objectContaining({ path: ["left"] }));
});

test("a frame that nests too deep is refused under its id, and brackets in strings do not count", async () => {
  const host = await Bare.open((await openDoor()).url);
  const nested = (depth: number): string =>
    `{"jsonrpc":"2.0","id":5,"method":"echo","params":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;
  host.socket.send(nested(200));
  expect(await host.next()).toMatchObject({
    id: 5,
    error: { code: -32600, message: expect.stringContaining("deeper than 200") },
  });
  host.socket.send(nested(199));
  expect(await host.next()).toMatchObject({ id: 5, result: { a: { a: {} } } });
  const text = `${"[".repeat(500)}\\"${"{".repeat(500)}\\`;
  expect(await host.call("echo", { text })).toMatchObject({ result: { text } });
});

test("an unknown method is answered with the nearest known name", async () => {
  const host = await Bare.open((await openDoor()).url);
  const { error } = await host.call("daemon.info");
  expect(error).toMatchObject({
    code: -32601,
    data: { code: "method_not_found", nearest: "daemon_info" },
  });
  expect((await host.call("m".repeat(100_000))).error.message.length).toBeLessThan(500);
});

test("a refusal keeps its code and data, and the number follows from the code", async () => {
  const host = await Bare.open((await openDoor()).url);
  expect((await host.call("refuse")).error).toEqual({
    code: -32004,
    message: "No",
    data: { code: "key_conflict", by: "b" },
  });
  expect((await host.call("refuse_tool")).error).toEqual({
    code: -32003,
    message: "There is no x",
    data: { code: "not_found", path: "x" },
  });
});

test("a bug is answered without its message or stack, under an id that is in the log", async () => {
  const logged: unknown[] = [];
  const log = Object.assign(Object.create(silentLog), {
    child: () => ({ debug() {}, error: (fields: unknown) => logged.push(fields) }),
  });
  const host = await Bare.open((await openDoor({ log })).url);
  const { error } = await host.call("fail");
  expect(error).toMatchObject({ code: -32603, data: { code: "internal_error" } });
  expect(JSON.stringify(error)).not.toContain("secret detail");
  expect(logged).toContainEqual(
    expect.objectContaining({
      errorId: error.data["errorId"],
      err: expect.objectContaining({ message: "secret detail" }),
    }),
  );
  expect((await host.call("endless")).error.code).toBe(-32603);
});

test("a notification is never answered, not even an unknown one", async () => {
  const host = await Bare.open((await openDoor()).url);
  host.send({ jsonrpc: "2.0", method: "fail" });
  host.send({ jsonrpc: "2.0", method: "nothing" });
  host.send({ jsonrpc: "2.0", id: 5, result: "an answer to nothing" });
  expect(await host.call("echo", {}, 6)).toMatchObject({ id: 6 });
});

test("a batch is answered as one array; an empty one is an invalid request", async () => {
  const host = await Bare.open((await openDoor()).url);
  host.send([{ jsonrpc: "2.0", id: 1, method: "echo" }, { jsonrpc: "2.0", method: "echo" }, 5]);
  expect(await host.next()).toEqual([
    { jsonrpc: "2.0", id: 1, result: {} },
    expect.objectContaining({ id: null, error: expect.objectContaining({ code: -32600 }) }),
  ]);
  host.send([]);
  expect(await host.next()).toMatchObject({ id: null, error: { code: -32600 } });
  host.send(Array.from({ length: 101 }, () => 1));
  expect(await host.next()).toMatchObject({ id: null, error: { code: -32600 } });
});

test("an id that is under way cannot be used for a second call", async () => {
  const host = await Bare.open((await openDoor()).url);
  host.send({ jsonrpc: "2.0", id: 1, method: "wait" });
  expect(await host.call("echo", {}, 1)).toMatchObject({ id: null, error: { code: -32600 } });
});

test("calls beyond the limit are answered as overloaded, and one that ends makes room", async () => {
  const host = await Bare.open((await openDoor()).url);
  for (let id = 0; id < WIRE_LIMITS.callsInFlight; id++)
    host.send({ jsonrpc: "2.0", id, method: "wait" });
  expect(await host.call("echo", {}, "more")).toMatchObject({
    id: "more",
    error: { code: -32001, data: { code: "overloaded" } },
  });
  host.send({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 3 } });
  expect(await host.next()).toMatchObject({ id: 3 });
  expect(await host.call("echo", {}, "again")).toMatchObject({ id: "again", result: {} });
});

test("a binary frame is refused, and a frame too large closes only its own connection with 1009", async () => {
  const door = await openDoor({ maxFrameBytes: 1000 });
  const [host, other] = [await Bare.open(door.url), await Bare.open(door.url)];
  host.socket.send(Buffer.from("{}"));
  expect(await host.next()).toMatchObject({ id: null, error: { code: -32600 } });
  host.send(JSON.stringify("x".repeat(2000)));
  expect((await host.closed).code).toBe(1009);
  expect(await other.call("echo")).toMatchObject({ result: {} });
});

test("a broken line aborts what only its answer was wanted of, and lets go on what has an effect", async () => {
  const ended = { reading: Promise.withResolvers<void>(), working: false };
  const started = Promise.withResolvers<void>();
  const methods = smallTable();
  methods.set(
    "read",
    method(z.unknown(), async (_params, { signal }) =>
      aborted(signal).finally(() => ended.reading.resolve()),
    ),
  );
  const work = async (_params: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
    started.resolve();
    return aborted(signal).finally(() => (ended.working = true));
  };
  methods.set("work", method(z.unknown(), work, true));
  const host = await Bare.open((await openDoor({ methods })).url);
  host.send({ jsonrpc: "2.0", id: 1, method: "read" });
  host.send({ jsonrpc: "2.0", id: 2, method: "work" });
  await started.promise;
  host.socket.terminate();
  await ended.reading.promise;
  expect(ended.working).toBe(false);
});

test("a host that reads none of its answers is not read from either, until it does", async () => {
  const methods = smallTable();
  let served = 0;
  methods.set(
    "large",
    method(z.unknown(), async () => (served++, "x".repeat(1_000_000))),
  );
  const host = await Bare.open((await openDoor({ methods })).url);
  host.socket.pause();
  const padding = "p".repeat(30_000);
  for (let id = 0; id < 80; id++)
    host.send({ jsonrpc: "2.0", id, method: "large", params: { padding } });
  const other = await Bare.open(host.socket.url);
  await other.call("echo");
  await expect.poll(() => served, { interval: 20 }).toBeGreaterThan(8);
  const before = served;
  for (let turn = 0; turn < 20; turn++) await other.call("echo");
  expect(served).toBe(before);
  expect(served).toBeLessThan(80);
  host.socket.resume();
  for (let id = 0; id < 80; id++) expect(await host.next()).toMatchObject({ id });
});

/** Frames that no method can be made of: noise, cut JSON, wrong types, deep nesting, huge ids. */
const hostileFrames = fc.oneof(
  fc.string({ unit: "binary", maxLength: 200 }),
  fc.json().map((json) => json.slice(0, Math.floor(json.length / 2))),
  fc.json(),
  fc.integer({ min: 1, max: 20_000 }).map((depth) => "[".repeat(depth)),
  fc.integer({ min: 1, max: 5000 }).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`),
  fc
    .integer({ min: 1, max: 5000 })
    .map(
      (depth) =>
        `{"jsonrpc":"2.0","id":1,"method":"add","params":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`,
    ),
  fc
    .integer({ min: 201, max: 20_000 })
    .map((length) => `{"jsonrpc":"2.0","id":"${"i".repeat(length)}","method":"echo"}`),
  fc
    .record({
      jsonrpc: fc.constant("2.0"),
      id: fc.anything(),
      method: fc.oneof(fc.string(), fc.anything()),
      params: fc.anything(),
    })
    .map(textOf),
  fc
    .record({ jsonrpc: fc.anything(), id: fc.integer(), method: fc.constant("echo") })
    .map(({ jsonrpc, ...rest }) => textOf({ jsonrpc: [jsonrpc], ...rest })),
  fc
    .record({
      jsonrpc: fc.constant("2.0"),
      id: fc.integer(),
      method: fc.constant("add"),
      params: fc.anything(),
    })
    .map(textOf),
  fc.constantFrom(
    '{"jsonrpc":"2.0","id":1e400,"method":"echo"}',
    '{"jsonrpc":"2.0","id":1.5,"method":"echo"}',
    '{"__proto__":{"jsonrpc":"2.0"},"id":1,"method":"echo"}',
  ),
);

function textOf(value: unknown): string {
  return (
    JSON.stringify(value, (_key, each: unknown) => (typeof each === "bigint" ? `${each}` : each)) ??
    ""
  );
}

test(
  "of 10,000 hostile frames every answer is an error, and the daemon serves on",
  { timeout: 60_000 },
  async () => {
    const host = await Bare.open((await openDoor()).url);
    const answers: unknown[] = [];
    const reading = (async () => {
      for (let answer = await host.next(); answer.id !== "last"; answer = await host.next())
        answers.push(answer);
    })();
    for (const [index, frame] of fc.sample(hostileFrames, 10_000).entries()) {
      host.socket.send(index % 7 === 0 ? Buffer.from(frame) : frame, { binary: index % 7 === 0 });
    }
    host.send({ jsonrpc: "2.0", id: "last", method: "echo" });
    await reading;
    const single = answers.flat() as { error?: { code: number; message: string } }[];
    expect(single.length).toBeGreaterThan(5000);
    for (const answer of single) expect(answer.error?.code).toBeLessThan(0);
    expect(await host.call("add", { left: 20, right: 22 })).toMatchObject({ result: { sum: 42 } });
    expect(host.socket.readyState).toBe(WebSocket.OPEN);
  },
);
