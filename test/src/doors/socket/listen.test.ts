import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { tokenMatches } from "../../../../src/doors/socket/credentials.ts";
import { listen, ListenError } from "../../../../src/doors/socket/listen.ts";
import { Bare, method, openDoor, silentLog, smallTable } from "./small-door.ts";

const token = "correct-horse-battery";

function auth(given: string): { headers: Record<string, string> } {
  return { headers: { authorization: `Bearer ${given}` } };
}

/** The status of an upgrade that is refused. */
async function refusedUpgrade(
  url: string,
  options: object,
): Promise<{ status: number; body: unknown }> {
  const bare = new Bare(url, options);
  const [, response] = await once(bare.socket, "unexpected-response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString("utf8")) };
}

test("the right token in the header is let in; a wrong one is refused with 401 before there is a socket", async () => {
  const { url } = await openDoor({ token: "correct-horse" });
  expect(await (await Bare.open(url, auth("correct-horse"))).call("echo")).toHaveProperty("result");
  expect(await refusedUpgrade(url, auth("wrong"))).toMatchObject({
    status: 401,
    body: { error: { code: "unauthorized" } },
  });
});

test("a client that cannot set headers says its token in the first frame, and what follows at once is not lost", async () => {
  const { url } = await openDoor({ token });
  const host = await Bare.open(url);
  host.send({ jsonrpc: "2.0", id: 0, method: "auth", params: { token } });
  host.send({ jsonrpc: "2.0", id: 1, method: "echo" });
  expect(await host.next()).toEqual({ jsonrpc: "2.0", id: 0, result: { authenticated: true } });
  expect(await host.next()).toMatchObject({ id: 1, result: {} });
});

test.each([
  [
    "a wrong token",
    { jsonrpc: "2.0", id: 1, method: "auth", params: { token: "wrong" } },
    /^The token is not/,
  ],
  ["another method", { jsonrpc: "2.0", id: 1, method: "echo" }, /^A token is needed first/],
  ["a batch", [{ jsonrpc: "2.0", id: 1, method: "auth", params: { token } }], /is a batch/],
  ["no JSON", "{", /not JSON/],
  ["no `jsonrpc`", { id: 1, method: "auth", params: { token } }, /`jsonrpc` must be "2.0"/],
  ["no `id`", { jsonrpc: "2.0", method: "auth", params: { token } }, /has no `id`/],
  ["no token", { jsonrpc: "2.0", id: 1, method: "auth", params: {} }, /`params` must hold/],
])(
  "a first frame with %s is answered as unauthorized, saying just that, and closed with 4401",
  async (_what, frame, message) => {
    const { url } = await openDoor({ token });
    const host = await Bare.open(url);
    host.send(frame);
    expect(await host.next()).toMatchObject({
      error: {
        code: -32002,
        message: expect.stringMatching(message),
        data: { code: "unauthorized" },
      },
    });
    expect((await host.closed).code).toBe(4401);
  },
);

test("a socket that never says its token is closed with 4401 after the deadline", async () => {
  const { url } = await openDoor({ token, authDeadlineMs: 20 });
  expect((await (await Bare.open(url)).closed).code).toBe(4401);
});

test("the auth method is harmless for a host that is in already", async () => {
  const host = await Bare.open((await openDoor()).url);
  expect((await host.call("auth", { token: "whatever" })).result).toEqual({ authenticated: true });
});

test("tokens of any length are compared", () => {
  expect(tokenMatches("a", "a")).toBe(true);
  expect(tokenMatches("a", "ab")).toBe(false);
  expect(tokenMatches("", "ab")).toBe(false);
});

test.each(["0.0.0.0", "::", "192.0.2.1", "example.com"])(
  "without a token the daemon refuses to listen on %s, and says what to do",
  async (host) => {
    const refused = listen({ host, port: 0, methods: smallTable(), routes: [], log: silentLog });
    await expect(refused).rejects.toThrow(ListenError);
    await expect(refused).rejects.toThrow(/token/);
  },
);

test("a port that is taken is a clear error", async () => {
  const { port } = await openDoor();
  await expect(openDoor({ port })).rejects.toThrow(/Cannot listen on 127.0.0.1 port/);
});

test("a browser's origin is closed with 4403 unless it is listed", async () => {
  const { url } = await openDoor({ allowedOrigins: ["https://ours.example"] });
  expect((await (await Bare.open(url, { origin: "https://evil.example" })).closed).code).toBe(4403);
  expect(
    await (await Bare.open(url, { origin: "https://ours.example" })).call("echo"),
  ).toHaveProperty("result");
});

test("without a token a name that was rebound to loopback is refused; with one the token decides", async () => {
  const open = await openDoor();
  const evil = { headers: { host: "evil.example" } };
  expect(await refusedUpgrade(open.url, evil)).toMatchObject({
    status: 403,
    body: { error: { code: "host_refused" } },
  });
  const guarded = await openDoor({ token: "s3cret-token" });
  const host = await Bare.open(guarded.url, {
    headers: { host: "box.example", authorization: "Bearer s3cret-token" },
  });
  expect(await host.call("echo")).toHaveProperty("result");
});

test("a path that is none of the socket's is refused with 404, one that is no path at all costs nothing", async () => {
  const { url, port } = await openDoor();
  expect((await refusedUpgrade(`${url}/elsewhere`, {})).status).toBe(404);
  expect(await (await Bare.open(`${url}/ws?x=1`)).call("echo")).toHaveProperty("result");
  const upgrade = "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  for (const target of ["//", "http://[", "*", "/%"]) {
    const raw = connect(port, "127.0.0.1");
    raw.write(`GET ${target} HTTP/1.1\r\n${upgrade}`);
    expect(String((await once(raw, "data"))[0])).toMatch(/^HTTP\/1.1 4\d\d/);
    raw.destroy();
  }
  expect(await (await Bare.open(url)).call("echo")).toHaveProperty("result");
});

test("hosts beyond the limit are closed with 4429, and one that leaves makes room", async () => {
  const door = await openDoor({ maxConnections: 1 });
  const first = await Bare.open(door.url);
  expect((await (await Bare.open(door.url)).closed).code).toBe(4429);
  first.socket.close();
  await first.closed;
  await expect.poll(() => door.connections.size).toBe(0);
  expect(await (await Bare.open(door.url)).call("echo")).toHaveProperty("result");
});

test("a host that answers no ping is closed with 4408; one that does stays", async () => {
  const { url } = await openDoor({ heartbeatMs: 20 });
  const living = await Bare.open(url);
  const dead = await Bare.open(url, { autoPong: false });
  expect((await dead.closed).code).toBe(4408);
  expect(await living.call("echo")).toHaveProperty("result");
});

test("closing the door tells every host with 1001, even one whose call never ends", async () => {
  const door = await openDoor();
  const host = await Bare.open(door.url);
  host.send({ jsonrpc: "2.0", id: 1, method: "wait" });
  await host.call("echo", {}, 2);
  await door.close();
  expect((await host.closed).code).toBe(1001);
});

test("a host that vanishes with a call under way costs nothing else", async () => {
  const ended = Promise.withResolvers<void>();
  const methods = smallTable();
  const late = async (_params: unknown, { signal }: { signal: AbortSignal }): Promise<string> => {
    await once(signal, "abort");
    ended.resolve();
    return "nobody is there";
  };
  methods.set("late", method(z.unknown(), late));
  const door = await openDoor({ methods });
  const host = await Bare.open(door.url);
  host.send({ jsonrpc: "2.0", id: 1, method: "late" });
  await host.call("echo", {}, 2);
  host.socket.terminate();
  await ended.promise;
  expect(await (await Bare.open(door.url)).call("echo")).toHaveProperty("result");
});

test("an oversized header is refused with 431", async () => {
  const { port } = await openDoor();
  const sent = request({
    port,
    host: "127.0.0.1",
    headers: { "x-large": "x".repeat(20_000) },
  }).end();
  const [response] = await once(sent, "response");
  expect(response.statusCode).toBe(431);
});
