// Files of any size over HTTP, streamed: `/files` for one file, `/archive` for a folder.
import { CodedError } from "../../../tools/coded-error.ts";
import type { FileHandle } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { openFile } from "../../../tools/machinery/files/open-file.ts";
import { replaceFile } from "../../../tools/machinery/files/replace.ts";
import { versionOf } from "../../../tools/machinery/files/version.ts";
import { resolvePath, resolveTarget } from "../../../tools/paths.ts";
import { archiveRoutes } from "./archive.ts";
import { answerJson, type Route, route } from "./route.ts";
import { removeRoute } from "./transfer-remove.ts";
import { parseRange, type ByteRange } from "./transfer-range.ts";
import {
  attachmentNamed,
  bodyOf,
  ignoringDeparture,
  pathOf,
  tagOf,
  type TransferOptions,
} from "./transfer-request.ts";

const CHUNK_BYTES = 64 * 1024;

/** `/files?path=` and `/archive?path=`. An upload replaces the file in one step; one that breaks off leaves nothing. */
export function transferRoutes(options: TransferOptions): readonly Route[] {
  const sends = async (
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> =>
    await sendFile(request, response, await resolvePath(pathOf(url), options.cwd, options.paths));
  return [
    route("GET /files", sends),
    route("HEAD /files", sends),
    route("PUT /files", async (request, response, url) => {
      const target = await resolveTarget(pathOf(url), options.cwd, options.paths);
      await receiveFile(request, response, target, modeOf(url));
    }),
    removeRoute(options),
    ...archiveRoutes(options),
  ];
}

function modeOf(url: URL): number | undefined {
  const mode = url.searchParams.get("mode");
  if (mode === null) return undefined;
  if (!/^[0-7]{3,4}$/.test(mode))
    throw new CodedError(
      "invalid_mode",
      `mode must be octal permissions such as 755, and not ${mode}`,
    );
  return Number.parseInt(mode, 8);
}

async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const { handle, stats } = await openFile(path);
  await using _ = handle;
  const size = Number(stats.size);
  const etag = `"${await versionOf(handle, stats)}"`;
  response
    .setHeader("etag", etag)
    .setHeader("accept-ranges", "bytes")
    .setHeader("last-modified", stats.mtime.toUTCString());
  if (namesTag(request.headers["if-none-match"], etag)) return void response.writeHead(304).end();
  const range = parseRange(rangeAskedFor(request, etag), size);
  if (range === "unsatisfiable") return refuseRange(response, size);
  if (range) response.setHeader("content-range", `bytes ${range.start}-${range.end}/${size}`);
  const part = range ?? { start: 0, end: size - 1 };
  response.writeHead(range ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-disposition": attachmentNamed(basename(path)),
    "content-length": part.end - part.start + 1,
    "x-content-type-options": "nosniff",
  });
  if (request.method !== "HEAD" && part.end >= part.start)
    await sendPart(handle, part, response, path);
  response.end();
}

async function sendPart(
  handle: FileHandle,
  { start, end }: ByteRange,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const stream = handle.createReadStream({
    start,
    end,
    highWaterMark: CHUNK_BYTES,
    autoClose: false,
  });
  await ignoringDeparture(response, async () => await pipeline(stream, response, { end: false }));
  if (response.destroyed) return;
  if (stream.bytesRead === end - start + 1) return;
  throw new CodedError("changed_meanwhile", `${path} became shorter while it was being sent`, {
    data: { path },
  });
}

function refuseRange(response: ServerResponse, size: number): void {
  response.setHeader("content-range", `bytes */${size}`);
  answerJson(response, 416, {
    error: {
      code: "range_not_satisfiable",
      message: `The file has ${size} bytes`,
      data: { totalBytes: size },
    },
  });
}

/** A range goes with the version that the client has the rest of; of another version it gets the whole. */
function rangeAskedFor(request: IncomingMessage, etag: string): string | undefined {
  const condition = request.headers["if-range"];
  return condition === undefined || condition === etag ? request.headers.range : undefined;
}

function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header
    .split(",")
    .some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

async function receiveFile(
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  mode: number | undefined,
): Promise<void> {
  const replaced = await replaceFile(
    target,
    async (handle) => {
      for await (const chunk of bodyOf(request)) await handle.writeFile(chunk);
    },
    {
      mode,
      expectedVersion: tagOf(request.headers["if-match"]),
      createOnly: request.headers["if-none-match"]?.trim() === "*",
    },
  );
  response.setHeader("etag", `"${replaced.version}"`);
  answerJson(response, replaced.created ? 201 : 200, { path: target, ...replaced });
}
