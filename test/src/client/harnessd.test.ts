import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { z } from "zod";
import {
  CallError,
  CallTimeoutError,
  ConnectError,
  ConnectionLostError,
  FrameTooLargeError,
  Harnessd,
} from "../../../src/client/index.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import { dialOut } from "../../../src/doors/socket/dial-out.ts";
import { aborted, method, openDoor, silentLog, smallTable } from "../doors/socket/small-door.ts";
import { connectTo, openBox, Wire } from "./box-door.ts";

/** Calls what only the small table has. */
function callAny(box: Harnessd, name: string, params: object = {}, options = {}): Promise<unknown> {
  return (box.call as (...args: unknown[]) => Promise<unknown>)(name, params, options);
}

test("a call resolves with its result, and rejects with the daemon's code, number and data", async () => {
  const box = await connectTo((await openDoor()).url);
  expect(box.info.protocol).toBe(1);
  expect(await callAny(box, "add", { left: 1, right: 2 })).toEqual({ sum: 3 });
  const refused = await callAny(box, "refuse").catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CallError);
  expect(refused).toMatchObject({
    code: "key_conflict",
    number: -32004,
    message: "No",
    data: { by: "b" },
  });
});

test("an aborted call rejects with the signal's reason at once, and is cancelled in the daemon", async () => {
  const [started, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const table = smallTable();
  const wait = async (_params: unknown, { signal }: { signal: AbortSignal }): Promise<never> => {
    started.resolve();
    return aborted(signal).finally(() => cancelled.resolve());
  };
  table.set("wait", method(z.unknown(), wait));
  const box = await connectTo((await openDoor({ methods: table })).url);
  const controller = new AbortController();
  const waiting = callAny(box, "wait", {}, { signal: controller.signal });
  await started.promise;
  controller.abort(new Error("changed my mind"));
  await expect(waiting).rejects.toThrow("changed my mind");
  await cancelled.promise;
});

test("a call that takes longer than its time rejects, and is cancelled in the daemon", async () => {
  const box = await connectTo((await openDoor()).url);
  await expect(callAny(box, "wait", {}, { timeoutMs: 10 })).rejects.toThrow(CallTimeoutError);
  expect(await callAny(box, "echo")).toEqual({});
});

test("a wrong token, a refused port and what is no harnessd are told apart", async () => {
  const { url } = await openDoor({ token: "s3cret-token" });
  await expect(connectTo(url, { token: "wrong" })).rejects.toMatchObject({
    name: "ConnectError",
    code: "unauthorized",
  });
  await expect(connectTo(url)).rejects.toMatchObject({ code: "unauthorized" });
  await expect(connectTo("ws://127.0.0.1:1")).rejects.toMatchObject({
    code: "unreachable",
    message: expect.stringContaining("ECONNREFUSED"),
  });
  const web = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  const echo = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  echo.on("connection", (socket) =>
    socket.on("message", (data: Buffer) => {
      const { id } = JSON.parse(data.toString("utf8")) as { id: number };
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32601, message: "?" } }));
    }),
  );
  const noise = createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n")).listen(
    0,
    "127.0.0.1",
  );
  onTestFinished(() => [web, echo, noise].forEach((server) => server.close()));
  await Promise.all([once(web, "listening"), once(echo, "listening"), once(noise, "listening")]);
  const urlOf = (server: { address(): unknown }): string =>
    `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(connectTo(urlOf(web))).rejects.toThrow(ConnectError);
  await expect(connectTo(urlOf(echo))).rejects.toMatchObject({ code: "not_a_harnessd" });
  await expect(connectTo(urlOf(noise))).rejects.toThrow(ConnectError);
});

test("what changes nothing is sent again after a broken line; anything else says that it may have happened", async () => {
  const starts: string[] = [];
  const extra = (name: string) =>
    [name, method(z.unknown(), async () => starts.push(name) > 0 && new Promise(() => {}))] as [
      string,
      never,
    ];
  const { door } = await openBox({ extra: [extra("shell_exec"), extra("run_get")] });
  const wire = await Wire.to(door);
  const box = await connectTo(wire.url);
  const lost = callAny(box, "shell_exec");
  const again = box.call("run_get", { runId: "x" }, { timeoutMs: 5000 });
  const outcome = Promise.allSettled([lost, again]);
  await expect.poll(() => starts.length).toBe(2);
  wire.cut();
  await expect(lost).rejects.toThrow(ConnectionLostError);
  await expect(lost).rejects.toThrow(/may or may not have happened/);
  await expect.poll(() => starts.filter((each) => each === "run_get").length).toBe(2);
  await box.close();
  expect((await outcome)[1]).toMatchObject({ status: "rejected", reason: { code: "closed" } });
});

test("a call made while the line is down waits for the next one", async () => {
  const { door } = await openBox();
  const wire = await Wire.to(door);
  const states: string[] = [];
  const down = Promise.withResolvers<void>();
  const onLine = (state: string): void => {
    states.push(state);
    if (state === "down") down.resolve();
  };
  const box = await connectTo(wire.url, { onLine });
  wire.cut();
  await down.promise;
  expect(await callAny(box, "echo", { a: 1 })).toEqual({ a: 1 });
  expect(states).toEqual(["up", "down", "up"]);
});

test("a close that forbids retrying ends the client with its reason", async () => {
  const door = await openDoor();
  const box = await connectTo(door.url);
  const waiting = callAny(box, "wait");
  for (const connection of door.connections)
    connection.close("unauthorized", "the token was withdrawn");
  await expect(waiting).rejects.toThrow(ConnectionLostError);
  await expect
    .poll(() => callAny(box, "echo").catch((error: unknown) => error))
    .toMatchObject({ name: "ConnectError", code: "unauthorized" });
});

test("a call that is too large for a frame is refused before it is sent, and the line goes on", async () => {
  const states: string[] = [];
  const box = await connectTo((await openDoor()).url, { onLine: (state) => states.push(state) });
  await expect(callAny(box, "echo", { data: "x".repeat(17 * 1024 * 1024) })).rejects.toThrow(
    FrameTooLargeError,
  );
  expect(await callAny(box, "echo")).toEqual({});
  expect(states).toEqual(["up"]);
});

test("a server that sends no JSON is found out, and harms nobody", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  server.on("connection", (socket) => socket.send("hello"));
  await once(server, "listening");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await expect(connectTo(url, { signal: AbortSignal.timeout(300) })).rejects.toThrow(
    /timeout|closed/,
  );
});

test("a closed client rejects calls, and closing twice is harmless", async () => {
  const box = await connectTo((await openDoor()).url);
  await box.close();
  await box[Symbol.asyncDispose]();
  await expect(callAny(box, "echo")).rejects.toMatchObject({ code: "closed" });
});

test("a host drives a daemon that dialled out, and goes on when it dials again", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  await once(server, "listening");
  const first = once(server, "connection");
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const door = dialOut({
    url,
    methods: smallTable(),
    log: silentLog,
    backoff: { baseMs: 1, maxMs: 5 },
  });
  onTestFinished(() => door.close());
  const [socket] = (await first) as [WebSocket];
  const box = await Harnessd.accept(socket, { backoff: { baseMs: 1, maxMs: 5 } });
  onTestFinished(() => box.close());
  server.on("connection", (next: WebSocket) => box.adopt(next));
  expect(await callAny(box, "add", { left: 1, right: 2 })).toEqual({ sum: 3 });
  socket.terminate();
  expect(await callAny(box, "add", { left: 2, right: 2 }, { resend: true })).toEqual({ sum: 4 });
});

test("more calls than a daemon takes at once wait their turn, in order, and one that is given up is never sent", async () => {
  const seen: number[] = [];
  const gate = Promise.withResolvers<void>();
  const table = smallTable();
  table.set(
    "held",
    method(z.object({ n: z.number() }), async ({ n }) => {
      seen.push(n);
      await gate.promise;
      return { n };
    }),
  );
  const box = await connectTo((await openDoor({ methods: table })).url);
  const controller = new AbortController();
  const calls = Array.from({ length: 600 }, (_, n) =>
    callAny(box, "held", { n }, n === 500 ? { signal: controller.signal } : {}),
  );
  await expect.poll(() => seen.length).toBe(256);
  controller.abort(new Error("no longer wanted"));
  await expect(calls[500]).rejects.toThrow("no longer wanted");
  gate.resolve();
  const answers = await Promise.all(calls.filter((_, n) => n !== 500));
  expect(answers).toHaveLength(599);
  expect(seen).toEqual(Array.from({ length: 600 }, (_, n) => n).filter((n) => n !== 500));
});

test("a call that never left because the line broke is sent on the next one, whatever it is", async () => {
  const gate = Promise.withResolvers<void>();
  const counted = new Map<number, number>();
  const table = smallTable();
  table.set(
    "held",
    method(z.object({ n: z.number() }), async ({ n }) => {
      counted.set(n, (counted.get(n) ?? 0) + 1);
      if (n < 256) await gate.promise;
      return { n };
    }),
  );
  const wire = await Wire.to(await openDoor({ methods: table }));
  const box = await connectTo(wire.url);
  const calls = Array.from({ length: 300 }, (_, n) => callAny(box, "held", { n }));
  await expect.poll(() => counted.size).toBe(256);
  wire.cut();
  gate.resolve();
  const ends = await Promise.allSettled(calls);
  expect(ends.slice(0, 256).every((end) => end.status === "rejected")).toBe(true);
  expect(ends.slice(256).every((end) => end.status === "fulfilled")).toBe(true);
  expect([...counted.values()].every((times) => times === 1)).toBe(true);
});

test("a start that a daemon refuses because it is ending goes to its successor", async () => {
  let isEnding = true;
  const table = smallTable();
  table.set(
    "run_start",
    method(z.unknown(), async () => {
      if (isEnding) throw new CodedError("shutting_down", "It ends");
      return { run: { runId: "run_1" }, replayed: false };
    }),
  );
  const wire = await Wire.to(await openDoor({ methods: table }));
  const box = await connectTo(wire.url);
  const starting = box.run({ prompt: "go" });
  await callAny(box, "echo");
  isEnding = false;
  wire.cut();
  expect((await starting).id).toBe("run_1");
});
