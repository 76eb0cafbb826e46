#!/usr/bin/env bash
# A terminal whose shell was killed by a signal reports exit code 0.
# Version: @lydell/node-pty 1.1.0 (the prebuilt node-pty), Linux x64.
# Behaviour: `onExit` of a shell that ended by SIGKILL carries exitCode 0 and signal 9, where child_process gives a null code
#   and bash's convention would be 137. Whoever looks at exitCode alone takes the killed command for a success.
# Output seen:
#   {"exitCode":0,"signal":9}
#   {"exitCode":3,"signal":0}
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
npm install --silent --no-audit --no-fund @lydell/node-pty@1.1.0 >/dev/null 2>&1
cat >show.mjs <<'JS'
import { spawn } from "@lydell/node-pty";
const end = (script) => new Promise((done) => spawn("bash", ["-c", script], {}).onExit(done));
console.log(JSON.stringify(await end("kill -KILL $$")));
console.log(JSON.stringify(await end("exit 3")));
JS
seen=$(node show.mjs)
echo "$seen"
[ "$seen" = $'{"exitCode":0,"signal":9}\n{"exitCode":3,"signal":0}' ]
