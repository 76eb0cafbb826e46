// Runs inside of OpenCode, as its plugin: gives each session the model address, the token and the environment of its run.

/** What a run leaves for its session, in a file that is read once and removed. */
export interface SessionAccess {
  /** In place of the placeholder. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** For the commands of the session. */
  readonly env: Readonly<Record<string, string>>;
}

/** From the plugin's entry in the configuration. */
export interface BoxPluginOptions {
  readonly sessionsDir: string;
  /** Stands in the configuration for every provider's address. */
  readonly placeholderUrl: string;
}

interface Provider {
  options?: Record<string, unknown>;
}
interface Hooks {
  config(config: { provider?: Record<string, Provider> }): void;
  "shell.env"(
    input: { sessionID?: string },
    output: { env: Record<string, string> },
  ): Promise<void>;
}

/** Goes to OpenCode as text: nothing outside of its own body exists there, no import and no constant of this file. */
export function boxPlugin(
  _surroundings: unknown,
  { sessionsDir, placeholderUrl }: BoxPluginOptions,
): Promise<Hooks> {
  const { readFile, rm } = process.getBuiltinModule("node:fs/promises");
  const sessions = new Map<string, SessionAccess>();

  /** A subagent's session has its parent's. */
  async function accessOf(
    sessionId: string,
    parentId: string | null,
  ): Promise<SessionAccess | undefined> {
    const path = `${sessionsDir}/${sessionId}.json`;
    const left = await readFile(path, "utf8").catch(() => null);
    if (left !== null) {
      sessions.set(sessionId, JSON.parse(left) as SessionAccess);
      await rm(path, { force: true });
    }
    const parent = parentId === null ? undefined : sessions.get(parentId);
    const access = parent ?? sessions.get(sessionId);
    if (access) sessions.set(sessionId, access);
    return access;
  }

  async function fetchModel(input: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    const sessionId = headers.get("x-session-id") ?? "";
    const access = await accessOf(sessionId, headers.get("x-parent-session-id"));
    if (!access) throw new Error(`No run has given session ${sessionId} a model`);
    if (headers.has("x-api-key")) headers.set("x-api-key", access.apiKey);
    if (headers.has("authorization")) headers.set("authorization", `Bearer ${access.apiKey}`);
    return await fetch(String(input).replace(placeholderUrl, access.baseUrl), { ...init, headers });
  }

  return Promise.resolve({
    config({ provider = {} }) {
      for (const each of Object.values(provider))
        each.options = { ...each.options, fetch: fetchModel };
    },
    async "shell.env"({ sessionID = "" }, output) {
      Object.assign(output.env, (await accessOf(sessionID, null))?.env);
    },
  });
}
