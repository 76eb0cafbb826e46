// Handing a secret to git without it ever standing in argv, an environment or a file: over a socket, asked for by a credential helper.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Credential } from "./credentials.ts";

const MAX_REQUEST_BYTES = 16 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;

/** Passes git's question on to the socket and the answer back. Runs in the node that runs the daemon. */
const ASK =
  'const s=require("node:net").connect(process.env.HARNESSD_GIT_CREDENTIALS);process.stdin.pipe(s).pipe(process.stdout)';
const HELPER = `!f() { test "$1" = get || exit 0; NODE_OPTIONS= exec "$HARNESSD_GIT_NODE" -e '${ASK}'; }; f`;

/** Answers git's credential questions while it is open; `await using` closes it. */
export interface CredentialServer extends AsyncDisposable {
  /** For `git -c`. The empty helper first takes out those configured, one of which might store the secret. */
  readonly config: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Answers for the host of `remoteUrl` only, so that neither a redirect nor a submodule elsewhere gets the secret; where the URL is not known,
 * for the first host that asks. Hooks and filters that git starts inherit where the socket is, as its other children do: what runs in the
 * repository while the command lasts can act on the remote through git, but finds the secret in no environment, argument or file.
 */
export async function serveCredential(
  credential: Credential,
  remoteUrl: string | undefined,
): Promise<CredentialServer> {
  // Only our own user may enter a directory that mkdtemp made.
  const directory = await mkdtemp(join(tmpdir(), "harnessd-git-"));
  const path = join(directory, "credentials");
  let allowed = remoteUrl === undefined ? undefined : originOf(remoteUrl);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void answer(socket, (origin) => {
      allowed ??= origin;
      return origin === allowed
        ? `username=${credential.username}\npassword=${credential.token}\n`
        : "";
    });
  });
  server.listen(path);
  await once(server, "listening");
  return {
    config: ["credential.helper=", `credential.helper=${HELPER}`, "core.askPass="],
    // Traces are the caller's to switch on, but not with the secret in them.
    env: {
      HARNESSD_GIT_CREDENTIALS: path,
      HARNESSD_GIT_NODE: process.execPath,
      GIT_TRACE_REDACT: "1",
    },
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function answer(socket: Socket, answerFor: (origin: string) => string): Promise<void> {
  socket.on("error", () => undefined).setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy());
  let question = "";
  try {
    for await (const chunk of socket.setEncoding("utf8") as AsyncIterable<string>) {
      question += chunk;
      if (question.length > MAX_REQUEST_BYTES) return void socket.destroy();
    }
    const fields = new Map(
      question
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    socket.end(answerFor(`${fields.get("protocol")}://${fields.get("host")}`));
  } catch {
    socket.destroy();
  }
}

function originOf(remoteUrl: string): string {
  const url = URL.parse(remoteUrl);
  return url ? `${url.protocol}//${url.host}` : "";
}
