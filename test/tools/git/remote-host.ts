// A real remote: bare repositories behind smart HTTP with a password, on loopback.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { makeDirectory } from "../tool-context.ts";

const run = promisify(execFile);

export interface RemoteHost {
  readonly url: string;
  /** The authorization headers that came with each request. */
  readonly authorizations: (string | undefined)[];
  /** Resolved each time a pack is asked for; while `hold` is set, its answer waits. */
  readonly asked: { hold: Promise<void> | undefined; waiting: () => void };
}

/** Serves `repo.git`, which has one commit on main, to whoever knows `user:token`. */
export async function serveRemote(token: string, user?: string): Promise<RemoteHost> {
  const root = await makeDirectory();
  await makeBareRepository(join(root, "repo.git"));
  const host: RemoteHost = {
    url: "",
    authorizations: [],
    asked: { hold: undefined, waiting: () => undefined },
  };
  const server = createServer((request, response) => void answer(request, response));
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization } = request.headers;
    host.authorizations.push(authorization);
    const [name, password] = Buffer.from(authorization?.slice(6) ?? "", "base64")
      .toString()
      .split(":");
    if (password !== token || (user !== undefined && name !== user)) {
      return void response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("no");
    }
    if (request.method === "POST" && host.asked.hold) {
      host.asked.waiting();
      await host.asked.hold;
    }
    backend(root, request, response);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(host, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/repo.git`,
  });
}

function backend(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? "/", "http://x");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      REMOTE_USER: "tester",
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
  });
  request.pipe(child.stdin.on("error", () => undefined));
  let head = Buffer.alloc(0);
  const onHead = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end === -1) return;
    child.stdout.off("data", onHead);
    const headers = head
      .subarray(0, end)
      .toString()
      .split("\r\n")
      .map((line) => line.split(": ") as [string, string]);
    const status = headers.find(([name]) => name === "Status")?.[1] ?? "200";
    response.writeHead(
      Number.parseInt(status, 10),
      Object.fromEntries(headers.filter(([name]) => name !== "Status")),
    );
    response.write(head.subarray(end + 4));
    child.stdout.pipe(response);
  };
  child.stdout.on("data", onHead);
}

async function makeBareRepository(path: string): Promise<void> {
  const work = await makeRepository();
  await run("git", ["clone", "--quiet", "--bare", work, path]);
  await run("git", ["-C", path, "config", "http.receivepack", "true"]);
}

/** A repository with one commit on main, in a directory of its own. */
export async function makeRepository(): Promise<string> {
  const path = await makeDirectory();
  const git = (...args: string[]) =>
    run("git", ["-C", path, "-c", "user.name=T", "-c", "user.email=t@example.com", ...args]);
  await git("init", "--quiet", "--initial-branch=main");
  await run("sh", ["-c", "echo one > file.txt"], { cwd: path });
  await git("add", ".");
  await git("commit", "--quiet", "-m", "First");
  return path;
}
