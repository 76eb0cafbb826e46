// A real server with the transfer routes, on a directory of its own.
import { readdir, readlink } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import { serveHttp } from "../../../../src/doors/http/server.ts";
import { transferRoutes } from "../../../../src/doors/http/transfer.ts";
import { createLog } from "../../../../src/log/log.ts";
import { Secrets } from "../../../../src/log/secrets.ts";
import type { PathPolicy } from "../../../../tools/path-policy.ts";
import { makeDirectory } from "../../../tools/tool-context.ts";

export interface TransferServer {
  readonly directory: string;
  readonly port: number;
  /** What the daemon would have logged as a bug. */
  readonly bugs: readonly unknown[];
  readonly url: (path: string, query?: string, route?: "files" | "archive") => string;
}

export async function serveTransfers(
  policyOf?: (directory: string) => PathPolicy,
): Promise<TransferServer> {
  const directory = await makeDirectory();
  const bugs: unknown[] = [];
  const log = createLog("error", new Secrets(), (line) => void bugs.push(JSON.parse(line)));
  const routes = transferRoutes({
    cwd: directory,
    paths: policyOf?.(directory) ?? { roots: ["/"] },
  });
  const server = createServer(serveHttp({ routes, refuse: () => undefined, log }));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = (path: string, query = "", route = "files") =>
    `http://127.0.0.1:${port}/${route}?path=${encodeURIComponent(path)}${query}`;
  return { directory, port, bugs, url };
}

/** How many files below the directory this process holds open. */
export async function openFilesIn(directory: string): Promise<number> {
  const links = (await readdir("/proc/self/fd")).map((fd) =>
    readlink(`/proc/self/fd/${fd}`).catch(() => ""),
  );
  return (await Promise.all(links)).filter((link) => link.startsWith(directory)).length;
}
