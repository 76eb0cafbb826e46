import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import {
  dialOut,
  type DialOutOptions,
  type OutgoingDoor,
} from "../../../../src/doors/socket/dial-out.ts";
import { silentLog, smallTable } from "./small-door.ts";

interface Host {
  readonly url: string;
  readonly requests: IncomingMessage[];
  nextSocket(): Promise<WebSocket>;
}

/** A host that a daemon dials; `refuse` gives the status of a refusal, or 0 to accept. */
async function openHost(
  refuse: (attempt: number) => { status: number; headers?: string } = () => ({ status: 0 }),
): Promise<Host> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  const requests: IncomingMessage[] = [];
  server.on("upgrade", (request, stream, head) => {
    const { status, headers = "" } = refuse(requests.push(request));
    if (status === 0)
      sockets.handleUpgrade(request, stream, head, (socket) => sockets.emit("connection", socket));
    else stream.end(`HTTP/1.1 ${status} No\r\n${headers}connection: close\r\n\r\n`);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.close();
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/box`;
  return { url, requests, nextSocket: async () => (await once(sockets, "connection"))[0] };
}

function dial(url: string, options: Partial<DialOutOptions> = {}): OutgoingDoor {
  const door = dialOut({
    url,
    methods: smallTable(),
    log: silentLog,
    backoff: { baseMs: 1, maxMs: 5 },
    ...options,
  });
  onTestFinished(() => door.close());
  return door;
}

async function ask(socket: WebSocket, method: string): Promise<unknown> {
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method }));
  return JSON.parse(String((await once(socket, "message"))[0]));
}

test("the daemon shows its token and is then driven like any other", async () => {
  const host = await openHost();
  const opened = host.nextSocket();
  dial(host.url, { token: "s3cret-token" });
  expect(await ask(await opened, "daemon_info")).toMatchObject({ id: 1, result: { protocol: 1 } });
  expect(host.requests[0]?.headers.authorization).toBe("Bearer s3cret-token");
});

test("a dropped line is dialled again, many times over", async () => {
  const host = await openHost();
  let opened = host.nextSocket();
  dial(host.url, { stableMs: 0 });
  for (let round = 0; round < 20; round++) {
    const socket = await opened;
    expect(await ask(socket, "echo")).toMatchObject({ result: {} });
    opened = host.nextSocket();
    if (round % 2 === 0) socket.terminate();
    else socket.close(1011, "try again");
  }
  expect(await ask(await opened, "echo")).toMatchObject({ result: {} });
});

test.each([401, 403, 404, 410])("HTTP %i is final", async (status) => {
  const host = await openHost(() => ({ status }));
  const { ended } = dial(host.url);
  expect(await ended).toMatchObject({
    reason: "refused",
    message: expect.stringContaining(String(status)),
  });
  expect(host.requests.length).toBe(1);
});

test.each([4401, 4403, 1008])("a close with %i is final", async (code) => {
  const host = await openHost();
  const opened = host.nextSocket();
  const { ended } = dial(host.url);
  (await opened).close(code, "go away");
  expect(await ended).toMatchObject({
    reason: "refused",
    message: expect.stringContaining("go away"),
  });
});

test("503 and a host that is not there are tried again; Retry-After is honoured", async () => {
  const host = await openHost((attempt) =>
    attempt < 3 ? { status: 503, headers: "retry-after: 0.2\r\n" } : { status: 0 },
  );
  const opened = host.nextSocket();
  const before = performance.now();
  const door = dial(host.url);
  await opened;
  expect(performance.now() - before).toBeGreaterThan(390);
  await expect.poll(() => door.connection).toBeDefined();
});

test("a host that went silent is found out by the heartbeat", async () => {
  const host = await openHost();
  const opened = host.nextSocket();
  dial(host.url, { heartbeatMs: 15 });
  const socket = await opened;
  const again = host.nextSocket();
  socket.pause();
  expect(await again).not.toBe(socket);
});

test("closing the door ends the line with 1001, or the waiting", async () => {
  const host = await openHost();
  const opened = host.nextSocket();
  const door = dial(host.url);
  const closed = once(await opened, "close");
  await expect.poll(() => door.connection).toBeDefined();
  await door.close();
  expect((await closed)[0]).toBe(1001);
  const nowhere = dial("ws://127.0.0.1:1/", { backoff: { baseMs: 60_000, maxMs: 60_000 } });
  await nowhere.close();
  expect(await nowhere.ended).toMatchObject({ reason: "closed" });
});
