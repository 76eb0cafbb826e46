#!/usr/bin/env bash
# A tool on the MCP SDK's Streamable HTTP server is not aborted when the client that called it goes away.
# Version: @modelcontextprotocol/sdk 1.32.2, zod 4.6.7.
# Behaviour: the handler gets an AbortSignal, but a client that closes its connection in the middle of the call does not fire
#   it: the handler runs to its end and its result goes nowhere. Only an explicit `notifications/cancelled` aborts. A server
#   whose tools hold processes has to watch the HTTP request's close by itself.
# Output seen:
#   handler ran to its end, aborted: false
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm install --silent --no-audit --no-fund @modelcontextprotocol/sdk@1.32.2 zod@4.6.7 >/dev/null 2>&1
cat >show.mjs <<'JS'
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const mcp = new McpServer({ name: "slow", version: "1.0.0" });
const begun = Promise.withResolvers ? Promise.withResolvers() : (() => { let resolve; const promise = new Promise((r) => (resolve = r)); return { promise, resolve }; })();
let closed = () => {};
const isClosed = new Promise((done) => (closed = done));
mcp.registerTool("slow", { description: "Waits until its client is gone, and a second more" }, async ({ signal }) => {
  begun.resolve();
  await isClosed;
  await new Promise((done) => setTimeout(done, 1000));
  console.log(`handler ran to its end, aborted: ${signal.aborted}`);
  server.close();
  server.closeAllConnections();
  return { content: [{ type: "text", text: "done" }] };
});
const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID });
await mcp.connect(transport);
const server = createServer((request, response) => {
  if (request.method === "POST") response.once("close", () => { if (!response.writableFinished) closed(); });
  void transport.handleRequest(request, response);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const client = new Client({ name: "client", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${server.address().port}/mcp`)));
client.callTool({ name: "slow", arguments: {} }).catch(() => {});
await begun.promise;
await client.close();
JS
seen=$(timeout 30 node show.mjs)
echo "$seen"
[ "$seen" = "handler ran to its end, aborted: false" ]
