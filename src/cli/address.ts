// The file in the state directory that says where its daemon listens.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Lets commands on the same machine find the daemon. Holds no token. */
export async function writeAddress(stateDir: string, url: string): Promise<void> {
  await writeFile(addressFile(stateDir), `${JSON.stringify({ url, pid: process.pid })}\n`, {
    mode: 0o600,
  });
}

export async function removeAddress(stateDir: string): Promise<void> {
  await rm(addressFile(stateDir), { force: true });
}

/** Where the daemon of a state directory listens; undefined when none has said so. */
export async function readAddress(stateDir: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(addressFile(stateDir), "utf8")) as { url?: string }).url;
  } catch {
    return undefined;
  }
}

function addressFile(stateDir: string): string {
  return join(stateDir, "daemon.json");
}
