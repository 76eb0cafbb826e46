import { expect, test } from "vitest";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { CodedError } from "../../../../tools/coded-error.ts";
import { probeRoutes } from "../../../../src/doors/http/probes.ts";
import { answerJson, type Route } from "../../../../src/doors/http/route.ts";
import { openDoor } from "../socket/small-door.ts";

const routes: Route[] = [
  {
    method: "GET",
    path: "/thing",
    handle: async (_request, response, url) =>
      answerJson(response, 200, { at: url.searchParams.get("at") }),
  },
  {
    method: "PUT",
    path: "/thing",
    handle: async () =>
      Promise.reject(new CodedError("version_conflict", "It changed", { data: { version: "2" } })),
  },
  {
    method: "POST",
    path: "/thing",
    handle: async () => Promise.reject(new CodedError("queue_full", "9 runs are waiting already")),
  },
  {
    method: "DELETE",
    path: "/thing",
    handle: async () => Promise.reject(new CodedError("somebodys_own", "A harness of yours")),
  },
  { method: "GET", path: "/bug", handle: async () => Promise.reject(new Error("secret detail")) },
  {
    method: "GET",
    path: "/half",
    async handle(_request, response) {
      response.writeHead(200, { "content-length": "10" });
      response.write("half");
      await pipeline(Readable.from([Promise.reject(new Error("the disk is gone"))]), response);
    },
  },
];

async function serve(
  options: { token?: string; notReady?: () => string[]; allowedOrigins?: string[] } = {},
): Promise<string> {
  const { notReady = () => [], ...rest } = options;
  const { port } = await openDoor({ ...rest, routes: [...routes, ...probeRoutes(notReady)] });
  return `http://127.0.0.1:${port}`;
}

test("a route gets its query; HEAD is served by GET; others are 404 and 405 with what is allowed", async () => {
  const base = await serve();
  expect(await (await fetch(`${base}/thing?at=1`)).json()).toEqual({ at: "1" });
  expect((await fetch(`${base}/thing`, { method: "HEAD" })).status).toBe(200);
  const missing = await fetch(`${base}/nothing`);
  expect([missing.status, await missing.json()]).toEqual([
    404,
    { error: { code: "not_found", message: expect.stringContaining("/nothing") } },
  ]);
  const wrong = await fetch(`${base}/bug`, { method: "DELETE" });
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
});

test("a CodedError is an answer with a fitting status; a bug says nothing of itself", async () => {
  const base = await serve();
  const mismatch = await fetch(`${base}/thing`, { method: "PUT", body: "x" });
  expect([mismatch.status, await mismatch.json()]).toEqual([
    412,
    { error: { code: "version_conflict", message: "It changed", data: { version: "2" } } },
  ]);
  const bug = await fetch(`${base}/bug`);
  expect(bug.status).toBe(500);
  expect(await bug.text()).not.toContain("secret detail");
});

test.each([
  ["POST", 503, "queue_full"],
  ["DELETE", 422, "somebodys_own"],
])(
  "a refusal of a run over HTTP (%s) has the status %i of its code",
  async (method, status, code) => {
    const response = await fetch(`${await serve()}/thing`, { method });
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  },
);

test("an answer that fails half way is cut off, not ended as if it were whole", async () => {
  const base = await serve();
  const half = await fetch(`${base}/half`);
  await expect(half.text()).rejects.toThrow("terminated");
});

test("with a token only probes are public", async () => {
  const base = await serve({ token: "s3cret-token" });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
  const refused = await fetch(`${base}/thing`);
  expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  expect((await fetch(`${base}/nothing`)).status).toBe(401);
  expect(
    (await fetch(`${base}/thing`, { headers: { authorization: "Bearer s3cret-token" } })).status,
  ).toBe(200);
});

test("a page of another origin cannot make a browser write to a daemon on loopback", async () => {
  const base = await serve();
  const refused = await fetch(`${base}/thing`, {
    method: "PUT",
    body: "x",
    headers: { origin: "https://evil.example" },
  });
  expect([
    refused.status,
    ((await refused.json()) as { error: { code: string } }).error.code,
  ]).toEqual([403, "origin_refused"]);
});

test("readiness says why not, and changes with its reasons", async () => {
  const reasons = ["the journal is read-only"];
  const base = await serve({ notReady: () => reasons });
  const before = await fetch(`${base}/readyz`);
  expect([before.status, await before.json()]).toEqual([503, { status: "not_ready", reasons }]);
  reasons.length = 0;
  expect((await fetch(`${base}/readyz`)).status).toBe(200);
});
