// The process of one `opencode serve`: started on a free port, read until it listens.
import { CodedError } from "../../tools/coded-error.ts";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as delay } from "node:timers/promises";
import { tailOf } from "../../tools/machinery/text/cut.ts";
import type { PipedProcess } from "../../tools/process.ts";
import type { HarnessContext } from "../harness.ts";
import type { Installation } from "./installation.ts";

const START_TIMEOUT_MS = 60_000;
export const STOP_GRACE_MS = 500;
const MAX_KEPT_OUTPUT = 4000;

/** Starts the program on a free port, and waits until it listens. Throws CodedError `agent_exited` or `agent_not_responding`. */
export async function startServerProcess(
  path: string,
  installation: Installation,
  { spawn, env, stateDir }: HarnessContext,
): Promise<{ process: PipedProcess; url: string }> {
  const port = await freePort();
  const process = await spawn({
    command: [path, "serve", "--hostname", "127.0.0.1", "--port", String(port)],
    cwd: stateDir,
    env: { PATH: env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin", ...installation.env },
    stdin: "closed",
    owner: "opencode",
  });
  const output = new Output(process);
  const timeout = new AbortController();
  try {
    const late = delay(START_TIMEOUT_MS, "late" as const, { signal: timeout.signal }).catch(
      () => "late" as const,
    );
    const outcome = await Promise.race([output.ready, process.exited, late]);
    if (typeof outcome === "string" && outcome !== "late") return { process, url: outcome };
    await process.stop(STOP_GRACE_MS);
    const [code, what] =
      outcome === "late"
        ? ["agent_not_responding", `did not listen within ${START_TIMEOUT_MS / 1000} s`]
        : ["agent_exited", `ended before it listened`];
    throw new CodedError(code, `OpenCode's server ${what}: ${output.last || "it said nothing"}`);
  } finally {
    timeout.abort();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(0, "127.0.0.1", resolve),
  );
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the server prints, read for as long as it lives. */
class Output {
  /** The address, once it listens. */
  readonly ready: Promise<string>;
  last = "";

  constructor({ stdout, stderr }: PipedProcess) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ready = promise;
    const keep = (stream: Readable): void => {
      const decoder = new StringDecoder("utf8");
      stream.on("error", () => {}); // that the server has gone is told by its exit
      stream.on("data", (chunk: Buffer) => {
        this.last = tailOf(this.last + decoder.write(chunk), MAX_KEPT_OUTPUT);
        const url = /listening on (http:\/\/\S+)/.exec(this.last)?.[1];
        if (url !== undefined) resolve(url);
      });
    };
    keep(stdout);
    keep(stderr);
  }
}
