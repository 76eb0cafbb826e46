// MCP servers that runs bring along, in a program that connects them for a whole directory: each run gets its own, and is spared the others'.
import { isDeepStrictEqual } from "node:util";
import type { McpServer } from "../harness.ts";
import { mcpToolPrefix } from "./tool-names.ts";

const CONNECT_TIMEOUT_MS = 60_000;
const DISCONNECT_TIMEOUT_MS = 2000;

interface Connection {
  readonly directory: string;
  readonly name: string;
  readonly config: unknown;
  users: number;
  /** What kept it from starting; null when it runs. */
  readonly failure: Promise<string | null>;
}

/** A run's hold on its servers. */
export interface McpHold {
  /** What the names of their tools begin with. */
  readonly prefixes: readonly string[];
  /** The same for the servers of other runs in this directory. */
  readonly foreign: readonly string[];
  /** The name of a tool here: a server of another run may have taken the one that this run knows its server by. */
  toolName(name: string): string;
  readonly failures: readonly { readonly name: string; readonly reason: string }[];
  release(): Promise<void>;
}

/** The server's API. */
export interface Callable {
  call(
    method: string,
    path: string,
    options?: {
      readonly directory?: string;
      readonly body?: unknown;
      readonly timeoutMs?: number;
    },
  ): Promise<unknown>;
}

export class McpServers {
  readonly #connections = new Set<Connection>();

  /** Two runs in one directory share a server that they describe alike. `env` is for the commands. */
  async hold(
    server: Callable,
    directory: string,
    wanted: readonly McpServer[],
    env: Readonly<Record<string, string>>,
  ): Promise<McpHold> {
    const named = wanted.map((each) => ({
      known: each.name,
      connection: this.#connect(server, directory, each.name, configOf(each, env)),
    }));
    const held = named.map(({ connection }) => connection);
    const foreign = [...this.#connections].filter(
      (each) => each.directory === directory && !held.includes(each),
    );
    const failures: { name: string; reason: string }[] = [];
    for (const connection of held) {
      const reason = await connection.failure;
      if (reason !== null) failures.push({ name: connection.name, reason });
    }
    const toolName = (name: string): string => {
      const meant = named.find(({ known }) => name.startsWith(mcpToolPrefix(known)));
      return meant
        ? mcpToolPrefix(meant.connection.name) + name.slice(mcpToolPrefix(meant.known).length)
        : name;
    };
    const release = async (): Promise<void> =>
      void (await Promise.all(held.map((each) => this.#release(server, each))));
    return {
      prefixes: held.map(({ name }) => mcpToolPrefix(name)),
      foreign: foreign.map(({ name }) => mcpToolPrefix(name)),
      toolName,
      failures,
      release,
    };
  }

  #connect(server: Callable, directory: string, wantedName: string, config: unknown): Connection {
    for (let count = 1; ; count++) {
      const name = count === 1 ? wantedName : `${wantedName}${count}`;
      const there = [...this.#connections].find(
        (each) => each.directory === directory && each.name === name,
      );
      if (there && !isDeepStrictEqual(there.config, config)) continue;
      if (there) {
        there.users++;
        return there;
      }
      const connection = {
        directory,
        name,
        config,
        users: 1,
        failure: start(server, directory, name, config),
      };
      this.#connections.add(connection);
      return connection;
    }
  }

  async #release(server: Callable, connection: Connection): Promise<void> {
    if (--connection.users > 0) return;
    this.#connections.delete(connection);
    const { directory, name } = connection;
    const path = `/mcp/${encodeURIComponent(name)}/disconnect`;
    await server
      .call("POST", path, { directory, timeoutMs: DISCONNECT_TIMEOUT_MS })
      .catch(() => {}); // the sweep after the run ends its process
  }
}

async function start(
  server: Callable,
  directory: string,
  name: string,
  config: unknown,
): Promise<string | null> {
  try {
    const answer = await server.call("POST", "/mcp", {
      directory,
      body: { name, config },
      timeoutMs: CONNECT_TIMEOUT_MS,
    });
    const { status, error } =
      (answer as Record<string, { status?: string; error?: string }>)[name] ?? {};
    return status === "connected" ? null : (error ?? `its status is ${status ?? "unknown"}`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function configOf(server: McpServer, env: Readonly<Record<string, string>>): unknown {
  if (server.type === "http")
    return { type: "remote", url: server.url, headers: server.headers, oauth: false };
  return {
    type: "local",
    command: [server.command, ...server.args],
    environment: { ...env, ...server.env },
  };
}
