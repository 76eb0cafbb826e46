// How fast a file goes up and comes down.
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Child } from "../child.ts";
import { BuiltDaemon } from "../daemon.ts";
import type { Figures, Measurement } from "../measurement.ts";
import { inTurns, timeMs } from "../rounds.ts";
import { startPeer } from "../sandbox-agent.ts";

const ROUNDS = 3;
const MEGABYTES = 100;
const CHUNK = randomBytes(1024 * 1024);

export const upload: Measurement = {
  name: "upload",
  what: `file of ${MEGABYTES} MB up`,
  unit: "MB/s",
  limitName: "bare Node HTTP",
  aim: null,
  measure: () => measureTransfer(send),
};

export const download: Measurement = {
  name: "download",
  what: `file of ${MEGABYTES} MB down`,
  unit: "MB/s",
  limitName: "bare Node HTTP",
  aim: null,
  measure: () => measureTransfer(receive),
};

/** The same host code for all three, so that only the server differs. */
async function measureTransfer(transfer: (url: URL) => Promise<void>): Promise<Figures> {
  await using daemon = await BuiltDaemon.start();
  await using bare = await Child.node("limits/http-files.ts");
  await using peer = await startPeer();
  const path = join(daemon.workspace, "hundred.bin");
  await writeFile(path, fileOf());
  const speed = async (url: URL): Promise<number> =>
    (MEGABYTES * 1000) / (await timeMs(() => transfer(url)));
  const url = peer?.fileUrl(path);
  const isTaken =
    url &&
    (await transfer(url).then(
      () => true,
      () => false,
    ));
  const figures = await inTurns(ROUNDS, {
    limit: () => speed(fileUrl(bare.line, path)),
    ours: () => speed(fileUrl(daemon.url.replace(/^ws/, "http"), path)),
    peer: isTaken ? () => speed(url) : null,
  });
  return isTaken === false ? { ...figures, peer: "refused" } : figures;
}

export function fileUrl(server: string, path: string): URL {
  return new URL(`/files?path=${encodeURIComponent(path)}`, server);
}

export async function send(url: URL): Promise<void> {
  const response = await fetch(url, { method: "PUT", body: fileOf(), duplex: "half" });
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

export async function receive(url: URL): Promise<void> {
  const response = await fetch(url);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
  if (bytes !== MEGABYTES * CHUNK.length)
    throw new Error(`${bytes} bytes came of ${MEGABYTES} MiB`);
}

async function* fileOf(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let sent = 0; sent < MEGABYTES; sent++) yield CHUNK;
}
