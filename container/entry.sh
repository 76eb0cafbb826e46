#!/bin/sh
# Starts a box: the init that reaps orphans, and harnessd under it. Keys and tokens go to harnessd through a pipe, since every
# command of an agent could read them in the init's environment for as long as the box lives.
set -eu
names="HARNESSD_TOKEN HARNESSD_CONNECT_TOKEN ANTHROPIC_API_KEY OPENAI_API_KEY OPENROUTER_API_KEY AI_GATEWAY_API_KEY OLLAMA_API_KEY VLLM_API_KEY"
secrets=""
for name in $names; do
  eval "value=\${$name-}"
  [ -z "$value" ] || secrets="$secrets$name=$value
"
  unset "$name"
done
if [ -n "$secrets" ] && [ -z "${HARNESSD_SECRETS_FILE-}" ]; then
  export HARNESSD_SECRETS_FILE=/dev/fd/3
  exec tini -- harnessd "$@" 3<<END
$secrets
END
fi
exec tini -- harnessd "$@"
