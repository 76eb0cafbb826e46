// Files and folders of any size, streamed over HTTP beside the socket, or within it.
import { CallError } from "./errors.ts";

export interface Address {
  /** The daemon's `ws://` or `wss://` URL. */
  readonly url: string;
  readonly token: string | undefined;
}

/** Sends one request to the daemon's HTTP side. */
export type Transport = (
  url: URL,
  init: {
    readonly method?: string;
    readonly headers: Headers;
    readonly body?: UploadBody;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Response>;

/** To a daemon that listens. */
export const overHttp: Transport = (url, { signal, ...init }) =>
  fetch(url, { ...init, duplex: "half", signal: signal ?? null });

interface TransferOptions {
  /** True: `path` is a folder, and the bytes are a tar archive. */
  readonly folder?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UploadOptions extends TransferOptions {
  /** Octal permissions, such as `755`; of a file. */
  readonly mode?: string | undefined;
  /** Refused with `version_conflict` when the file is of another version by now. */
  readonly expectedVersion?: string | undefined;
  /** Refused when there is something already. */
  readonly createOnly?: boolean | undefined;
}

export interface DownloadOptions extends TransferOptions {
  /** Byte to begin at; of a file. */
  readonly offset?: number | undefined;
  /** True: the archive is compressed; of a folder. */
  readonly gzip?: boolean | undefined;
}

export interface Download {
  readonly body: ReadableStream<Uint8Array>;
  /** Bytes that `body` holds; null for a folder, whose size shows only at the end. */
  readonly size: number | null;
  /** The version token of a file, as `fs_read` and `fs_stat` give it. */
  readonly version: string | null;
}

export type UploadBody = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Replaces the file in one step; resolves with what the daemon says of it. Throws CallError. */
export async function upload(
  address: Address,
  send: Transport,
  path: string,
  body: UploadBody,
  options: UploadOptions = {},
): Promise<Record<string, unknown>> {
  const { mode, expectedVersion, createOnly, signal } = options;
  const url = urlOf(address, path, options);
  if (mode !== undefined) url.searchParams.set("mode", mode);
  const headers = headersOf(address);
  if (expectedVersion !== undefined) headers.set("if-match", `"${expectedVersion}"`);
  if (createOnly === true) headers.set("if-none-match", "*");
  const response = await send(url, { method: "PUT", headers, body, signal });
  await refuseFailure(response);
  return (await response.json()) as Record<string, unknown>;
}

/** Resolves once the first byte may be read; cancelling `body` ends the transfer. Throws CallError. */
export async function download(
  address: Address,
  send: Transport,
  path: string,
  options: DownloadOptions = {},
): Promise<Download> {
  const { offset = 0, gzip, signal } = options;
  const url = urlOf(address, path, options);
  if (gzip === true) url.searchParams.set("gzip", "1");
  const headers = headersOf(address);
  if (offset > 0) headers.set("range", `bytes=${offset}-`);
  const response = await send(url, { headers, signal });
  await refuseFailure(response);
  const size = response.headers.get("content-length");
  const version = response.headers.get("etag")?.replace(/^"(.*)"$/, "$1") ?? null;
  return {
    body: response.body ?? new Blob([]).stream(),
    size: size === null ? null : Number(size),
    version,
  };
}

function urlOf({ url }: Address, path: string, { folder }: TransferOptions): URL {
  const target = new URL(folder === true ? "/archive" : "/files", url.replace(/^ws/, "http"));
  target.searchParams.set("path", path);
  return target;
}

function headersOf({ token }: Address): Headers {
  return new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
}

/** The daemon's no, as a call's would be; `number` is the HTTP status. */
async function refuseFailure(response: Response): Promise<void> {
  if (response.ok) return;
  const text = await response.text();
  const { code, message, data } = errorIn(text);
  throw new CallError(
    response.status,
    message ?? `HTTP ${response.status}: ${text.slice(0, 200)}`,
    {
      ...data,
      code: code ?? "http_error",
    },
  );
}

function errorIn(text: string): {
  code?: string;
  message?: string;
  data?: Record<string, unknown>;
} {
  try {
    return (JSON.parse(text) as { error?: object }).error ?? {};
  } catch {
    return {};
  }
}
