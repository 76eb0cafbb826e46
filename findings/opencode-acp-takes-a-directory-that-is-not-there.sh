#!/usr/bin/env bash
# OpenCode's ACP server opens a session in a directory that does not exist; others refuse it.
# Version: opencode-ai 1.18.33 (`opencode acp`), ACP protocol version 1, Linux x64.
# Behaviour: `session/new` with a `cwd` that is not there answers with a session id and the usual list of models, and the
#   directory is not made either. Gemini CLI 0.61.0 answers the same request with an error. A client that relies on the agent
#   to check the path learns of a misspelling only from the agent's first command.
# Output seen:
#   session: yes, error: none, directory: absent
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm install --silent --no-audit --no-fund opencode-ai@1.18.33 opencode-linux-x64@1.18.33 >/dev/null 2>&1
mkdir home
export HOME=$work/home OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_MODELS_FETCH=1
cat >show.mjs <<'JS'
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
const cwd = `${process.cwd()}/not-there`;
const agent = spawn("node_modules/opencode-linux-x64/bin/opencode", ["acp"], { stdio: ["pipe", "pipe", "ignore"] });
const answers = new Map();
createInterface({ input: agent.stdout }).on("line", (line) => {
  const message = JSON.parse(line);
  answers.get(message.id)?.(message);
});
const ask = (id, method, params) =>
  new Promise((done) => {
    answers.set(id, done);
    agent.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
  });
await ask(1, "initialize", { protocolVersion: 1, clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false } });
const { result, error } = await ask(2, "session/new", { cwd, mcpServers: [] });
console.log(`session: ${result?.sessionId ? "yes" : "no"}, error: ${error?.code ?? "none"}, directory: ${existsSync(cwd) ? "made" : "absent"}`);
agent.stdin.end();
JS
seen=$(timeout 60 node show.mjs)
echo "$seen"
[ "$seen" = "session: yes, error: none, directory: absent" ]
