// The agent programs driven directly, as sparely as their interfaces allow: what the daemon's own time is measured against.
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { requireAgent } from "../../harnesses/agent-programs.ts";
import type { PlayedScript } from "../scripted-model/scripted-model.ts";

/** Milliseconds from the prompt to the first piece of text, and to the end of the turn. */
export interface Timing {
  readonly firstTextMs: number;
  readonly turnMs: number;
}

export interface BareAgent {
  turn(prompt: string): Promise<Timing>;
  close(): Promise<void>;
}

export interface BareSurroundings {
  readonly agentsDir: string;
  /** For the program's state and work. */
  readonly directory: string;
  /** Without its provider. */
  readonly model: string;
  readonly script: PlayedScript;
}

type Json = Record<string, unknown>;

/** Stamps the moments of one turn. */
class Stopwatch {
  readonly #begun = performance.now();
  #firstTextMs: number | undefined;

  sawText(): void {
    this.#firstTextMs ??= performance.now() - this.#begun;
  }

  stop(): Timing {
    const turnMs = performance.now() - this.#begun;
    return { firstTextMs: this.#firstTextMs ?? turnMs, turnMs };
  }
}

/** A program that speaks JSON lines on its pipes. */
class LineProgram {
  readonly child: ChildProcessWithoutNullStreams;
  onLine: (line: Json) => void = () => undefined;

  constructor(path: string, args: readonly string[], cwd: string, env: Record<string, string>) {
    this.child = spawn(path, args, { cwd, env });
    this.child.stderr.resume();
    createInterface({ input: this.child.stdout }).on("line", (line) =>
      this.onLine(JSON.parse(line) as Json),
    );
  }

  send(message: Json): void {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.end();
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 3000);
    await exited;
    clearTimeout(timer);
  }
}

async function workIn({ directory }: BareSurroundings): Promise<string> {
  const cwd = join(directory, "bare-work");
  await mkdir(cwd, { recursive: true });
  return cwd;
}

/** One warm process, one conversation. */
export async function bareClaudeCode(around: BareSurroundings): Promise<BareAgent> {
  const { path } = await requireAgent("claude-code", around.agentsDir);
  const cwd = await workIn(around);
  const args = [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--include-partial-messages",
    "--verbose",
  ];
  args.push(
    "--permission-mode",
    "bypassPermissions",
    "--setting-sources",
    "",
    "--strict-mcp-config",
    "--model",
    around.model,
  );
  const program = new LineProgram(path, args, cwd, {
    PATH: process.env["PATH"] ?? "",
    HOME: around.directory,
    CLAUDE_CONFIG_DIR: join(around.directory, "bare-claude"),
    ANTHROPIC_BASE_URL: around.script.anthropicBaseUrl,
    ANTHROPIC_API_KEY: "bare",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
    ENABLE_TOOL_SEARCH: "false",
    IS_SANDBOX: "1",
  });
  return {
    turn: (prompt) =>
      new Promise((resolve) => {
        const watch = new Stopwatch();
        program.onLine = (line) => {
          if (line["type"] === "stream_event" && JSON.stringify(line).includes('"text_delta"'))
            watch.sawText();
          if (line["type"] === "result") resolve(watch.stop());
        };
        program.send({ type: "user", message: { role: "user", content: prompt } });
      }),
    close: () => program.close(),
  };
}

/** One warm server, a thread for each turn. */
export async function bareCodex(around: BareSurroundings): Promise<BareAgent> {
  const { path } = await requireAgent("codex", around.agentsDir);
  const cwd = await workIn(around);
  const home = join(around.directory, "bare-codex");
  await mkdir(home, { recursive: true });
  const quiet = [
    "plugins",
    "apps",
    "goals",
    "shell_snapshot",
    "unbounded_connection_retries",
  ].flatMap((feature) => ["--disable", feature]);
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    CODEX_HOME: home,
    BARE_KEY: "bare",
    RUST_LOG: "error",
  };
  const program = new LineProgram(
    path,
    ["app-server", "-c", "analytics.enabled=false", ...quiet],
    home,
    env,
  );
  const answers = new Map<unknown, (result: Json) => void>();
  let watch = new Stopwatch();
  let onEnd: (timing: Timing) => void = () => undefined;
  program.onLine = (line) => {
    answers.get(line["id"])?.((line["result"] ?? {}) as Json);
    if (line["method"] === "item/agentMessage/delta") watch.sawText();
    if (line["method"] === "turn/completed") onEnd(watch.stop());
  };
  let id = 0;
  const ask = (method: string, params: Json): Promise<Json> =>
    new Promise((resolve) => {
      answers.set(++id, resolve);
      program.send({ id, method, params });
    });
  await ask("initialize", {
    clientInfo: { name: "bare", title: "bare", version: "0" },
    capabilities: { experimentalApi: true },
  });
  program.send({ method: "initialized" });
  const provider = {
    name: "bare",
    base_url: around.script.openaiBaseUrl,
    wire_api: "responses",
    env_key: "BARE_KEY",
  };
  const settings = {
    cwd,
    model: around.model,
    modelProvider: "bare",
    approvalPolicy: "never",
    sandbox: "danger-full-access",
  };
  return {
    async turn(prompt) {
      watch = new Stopwatch();
      const ended = new Promise<Timing>((resolve) => (onEnd = resolve));
      const { thread } = await ask("thread/start", {
        ...settings,
        config: { model_providers: { bare: provider } },
      });
      const threadId = (thread as Json)["id"];
      await ask("turn/start", { threadId, input: [{ type: "text", text: prompt }] });
      const timing = await ended;
      await ask("thread/unsubscribe", { threadId });
      return timing;
    },
    close: () => program.close(),
  };
}

/** One warm server, a session for each turn. */
export async function bareOpenCode(around: BareSurroundings): Promise<BareAgent> {
  const { path } = await requireAgent("opencode", around.agentsDir);
  const cwd = await workIn(around);
  const home = join(around.directory, "bare-opencode");
  const plugin = join(home, ".config", "opencode", "node_modules", "@opencode-ai", "plugin");
  await mkdir(plugin, { recursive: true });
  await mkdir(join(home, "tmp"), { recursive: true });
  const dependencies = { "@opencode-ai/plugin": "*" };
  const config = join(home, ".config", "opencode");
  await writeFile(join(config, "package.json"), JSON.stringify({ dependencies }));
  await writeFile(
    join(config, "package-lock.json"),
    JSON.stringify({ lockfileVersion: 3, packages: { "": { dependencies } } }),
  );
  await writeFile(
    join(plugin, "package.json"),
    JSON.stringify({ name: "@opencode-ai/plugin", version: "0.0.0" }),
  );
  const { model, script } = around;
  const models = { [model]: { tool_call: true, reasoning: true } };
  const options = { baseURL: `${script.anthropicBaseUrl}/v1`, apiKey: "bare" };
  const provider = { anthropic: { npm: "@ai-sdk/anthropic", options, models } };
  const content = {
    autoupdate: false,
    share: "disabled",
    snapshot: false,
    permission: "allow",
    enabled_providers: ["anthropic"],
    provider,
  };
  const port = await freePort();
  const quiet = [
    "AUTOUPDATE",
    "MODELS_FETCH",
    "LSP_DOWNLOAD",
    "SHARE",
    "DEFAULT_PLUGINS",
    "PROJECT_CONFIG",
    "CLAUDE_CODE",
  ];
  const env = Object.fromEntries(quiet.map((name) => [`OPENCODE_DISABLE_${name}`, "1"]));
  const child = spawn(path, ["serve", "--hostname", "127.0.0.1", "--port", String(port)], {
    cwd: home,
    env: {
      ...env,
      PATH: process.env["PATH"],
      HOME: home,
      TMPDIR: join(home, "tmp"),
      OPENCODE_CONFIG_CONTENT: JSON.stringify(content),
    },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const base = `http://127.0.0.1:${port}`;
  const at = (address: string): string => `${base}${address}?directory=${encodeURIComponent(cwd)}`;
  const post = (address: string, body: Json): Promise<Response> =>
    fetch(at(address), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  await new Promise<void>((resolve) =>
    createInterface({ input: child.stdout }).on(
      "line",
      (line) => void (line.includes("listening on") && resolve()),
    ),
  );
  return {
    async turn(prompt) {
      const watch = new Stopwatch();
      const leaving = new AbortController();
      const session = (await (await post("/session", { title: "bare" })).json()) as { id: string };
      const events = await fetch(at("/event"), { signal: leaving.signal });
      const sent = post(`/session/${session.id}/prompt_async`, {
        model: { providerID: "anthropic", modelID: model },
        parts: [{ type: "text", text: prompt }],
      });
      const timing = await readTurn(events, session.id, watch);
      leaving.abort();
      await sent;
      return timing;
    },
    async close() {
      await fetch(`${base}/global/dispose`, { method: "POST" }).catch(() => null);
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await exited;
    },
  };
}

async function readTurn(events: Response, sessionId: string, watch: Stopwatch): Promise<Timing> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of events.body as ReadableStream<Uint8Array>) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      if (block.includes('"message.part.delta"')) watch.sawText();
      if (block.includes('"session.idle"') && block.includes(sessionId)) return watch.stop();
    }
  }
  throw new Error("OpenCode closed its stream of events");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
