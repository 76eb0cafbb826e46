import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { boxPlugin } from "../../../harnesses/opencode/box-plugin.ts";

const placeholderUrl = "http://model.invalid/v1";

let sessionsDir: string;
let server: Server;
let baseUrl: string;
let requests: IncomingMessage[];
beforeEach(async () => {
  sessionsDir = await mkdtemp(join(tmpdir(), "box-plugin-"));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    response.end("answered");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/run/v1`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(sessionsDir, { recursive: true });
});

const grant = (sessionId: string, apiKey: string): Promise<void> =>
  writeFile(
    join(sessionsDir, `${sessionId}.json`),
    JSON.stringify({ baseUrl, apiKey, env: { OWNER: apiKey } }),
  );

type Fetch = (url: string, init: { headers: Record<string, string> }) => Promise<Response>;

/** As OpenCode does: from the text alone. */
async function load(): Promise<{
  fetchModel: Fetch;
  envOf: (sessionID: string) => Promise<Record<string, string>>;
}> {
  const text = `export const loaded = ${boxPlugin.toString()};`;
  const { loaded } = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as {
    loaded: typeof boxPlugin;
  };
  const hooks = await loaded(undefined, { sessionsDir, placeholderUrl });
  const provider: { options: { apiKey: string; fetch?: unknown } } = { options: { apiKey: "x" } };
  hooks.config({ provider: { one: provider } });
  expect(provider.options.apiKey).toBe("x");
  const envOf = async (sessionID: string): Promise<Record<string, string>> => {
    const output = { env: {} };
    await hooks["shell.env"]({ sessionID }, output);
    return output.env;
  };
  return { fetchModel: provider.options.fetch as Fetch, envOf };
}

test("a session's request goes to its run's address with its run's key, in the header that its dialect uses", async () => {
  const { fetchModel } = await load();
  await grant("ses_1", "key-1");
  const bearer = await fetchModel(`${placeholderUrl}/chat/completions`, {
    headers: { "x-session-id": "ses_1", authorization: "Bearer none" },
  });
  expect(await bearer.text()).toBe("answered");
  await fetchModel(`${placeholderUrl}/messages`, {
    headers: { "x-session-id": "ses_1", "x-api-key": "none" },
  });
  expect(
    requests.map(({ url, headers }) => [url, headers.authorization, headers["x-api-key"]]),
  ).toEqual([
    ["/run/v1/chat/completions", "Bearer key-1", undefined],
    ["/run/v1/messages", undefined, "key-1"],
  ]);
});

test("what a run leaves is read once and removed, and the next run's takes its place", async () => {
  const { envOf } = await load();
  await grant("ses_1", "key-1");
  expect(await envOf("ses_1")).toEqual({ OWNER: "key-1" });
  expect(await readdir(sessionsDir)).toEqual([]);
  expect(await envOf("ses_1")).toEqual({ OWNER: "key-1" });
  await grant("ses_1", "key-2");
  expect(await envOf("ses_1")).toEqual({ OWNER: "key-2" });
});

test("a subagent's session has what its parent's has", async () => {
  const { fetchModel, envOf } = await load();
  await grant("ses_1", "key-1");
  const headers = {
    authorization: "Bearer none",
    "x-session-id": "ses_child",
    "x-parent-session-id": "ses_1",
  };
  await envOf("ses_1");
  await fetchModel(`${placeholderUrl}/responses`, { headers });
  expect(requests[0]?.headers.authorization).toBe("Bearer key-1");
  expect(await envOf("ses_child")).toEqual({ OWNER: "key-1" });
});

test("a session that no run has granted anything gets no model, and its commands nothing", async () => {
  const { fetchModel, envOf } = await load();
  await expect(
    fetchModel(placeholderUrl, { headers: { "x-session-id": "ses_9" } }),
  ).rejects.toThrow("No run has given session ses_9 a model");
  expect(await envOf("ses_9")).toEqual({});
});
