// A folder over HTTP as one tar stream, either way.
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { refuseNonDirectory } from "../../../tools/machinery/files/entry.ts";
import { resolvePath, resolveTarget } from "../../../tools/paths.ts";
import { packFolder } from "./archive-pack.ts";
import { unpackInto } from "./archive-unpack.ts";
import { answerJson, type Route, route } from "./route.ts";
import {
  attachmentNamed,
  bodyOf,
  ignoringDeparture,
  pathOf,
  type TransferOptions,
} from "./transfer-request.ts";

export function archiveRoutes({ cwd, paths }: TransferOptions): readonly Route[] {
  const sends = async (
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
  ): Promise<void> =>
    await sendFolder(
      request,
      response,
      await resolvePath(pathOf(url), cwd, paths),
      url.searchParams.get("gzip") === "1",
    );
  return [
    route("GET /archive", sends),
    route("HEAD /archive", sends),
    route("PUT /archive", async (request, response, url) => {
      const path = await resolveTarget(pathOf(url), cwd, paths);
      answerJson(response, 200, { path, ...(await unpackInto(path, bodyOf(request))) });
    }),
  ];
}

async function sendFolder(
  request: IncomingMessage,
  response: ServerResponse,
  folder: string,
  gzip: boolean,
): Promise<void> {
  await refuseNonDirectory(folder);
  response.writeHead(200, {
    "content-type": gzip ? "application/gzip" : "application/x-tar",
    "content-disposition": attachmentNamed(`${basename(folder) || "box"}.tar${gzip ? ".gz" : ""}`),
  });
  if (request.method === "HEAD") return void response.end();
  await ignoringDeparture(response, async (signal) => {
    const archive = packFolder(folder, signal);
    await (gzip ? pipeline(archive, createGzip(), response) : pipeline(archive, response));
  });
}
