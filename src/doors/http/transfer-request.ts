// What every transfer has in common: the path in the query, a body that may break off, a client that may leave.
import { CodedError } from "../../../tools/coded-error.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { errnoOf } from "../../../tools/machinery/files/errno.ts";
import type { PathPolicy } from "../../../tools/path-policy.ts";

export interface TransferOptions {
  /** Absolute directory that relative paths start from. */
  readonly cwd: string;
  readonly paths: PathPolicy;
}

/** The `path` of the query. Throws CodedError `missing_path`. */
export function pathOf(url: URL): string {
  const path = url.searchParams.get("path");
  if (path === null) throw new CodedError("missing_path", `Say which with ${url.pathname}?path=…`);
  return path;
}

/** The version in a header such as If-Match, without its quotes. */
export function tagOf(header: string | undefined): string | undefined {
  return header?.trim().replace(/^"(.*)"$/, "$1");
}

/** The body as it comes; leaving it early keeps the connection, so that the refusal can be answered. Throws CodedError `incomplete_upload`. */
export async function* bodyOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  try {
    yield* chunks;
  } catch (error) {
    throw new CodedError(
      "incomplete_upload",
      "The connection ended before the whole body had come",
      { cause: error },
    );
  }
}

/** Does `send`, whose signal aborts when the client leaves; a client that has left needs no answer. */
export async function ignoringDeparture(
  response: ServerResponse,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const departure = new AbortController();
  response.once("close", () => departure.abort());
  try {
    await send(departure.signal);
  } catch (error) {
    if (
      !departure.signal.aborted ||
      (errnoOf(error) !== "ERR_STREAM_PREMATURE_CLOSE" && error !== departure.signal.reason)
    )
      throw error;
  }
}

export function attachmentNamed(name: string): string {
  return `attachment; filename*=UTF-8''${encodeURIComponent(name)}`;
}
