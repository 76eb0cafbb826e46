// A model server that plays scripts, in four dialects, for tests and demonstrations: the agents are real, only the model is not.
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sendJson } from "./answer.ts";
import { PlayedScript } from "./played-script.ts";
import type { ScriptOptions, ScriptStep } from "./script.ts";

export type { Fault, ModelRequest, ScriptOptions, ScriptStep, Step } from "./script.ts";
export type { PlayedScript } from "./played-script.ts";

/** Serves any number of scripts at once, each under a URL of its own. */
export class ScriptedModel {
  readonly #server: Server;
  readonly #scripts = new Map<string, PlayedScript>();
  readonly #played: PlayedScript[] = [];

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens on a free port of the loopback interface. */
  static async start(): Promise<ScriptedModel> {
    const server = createServer({ noDelay: true });
    const model = new ScriptedModel(server);
    server.on("request", (request, response) => void model.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Adds a script, or replaces the one of that name. */
  script(name: string, steps: readonly ScriptStep[], options: ScriptOptions = {}): PlayedScript {
    const script = new PlayedScript(`${this.url}/s/${encodeURIComponent(name)}`, steps, options);
    this.#scripts.set(name, script);
    this.#played.push(script);
    return script;
  }

  /** Ends every connection, stalled ones too. Throws when a request came that a real provider would have refused. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
    if (this.#refusals.length > 0)
      throw new Error(`A provider would have refused:\n${this.#refusals.join("\n")}`);
  }

  get #refusals(): string[] {
    return this.#played.flatMap(({ refusals }) => refusals);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name, path] = /^\/s\/([^/]+)(\/[^?]*)/.exec(request.url ?? "") ?? [];
    const script = this.#scripts.get(decodeURIComponent(name ?? ""));
    if (!script || path === undefined)
      return sendJson(response, 404, { error: { message: `No script answers ${request.url}` } });
    try {
      await script.answer(path, request, response);
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else
        sendJson(response, 400, {
          error: { type: "invalid_request_error", message: String(error) },
        });
    }
  }
}
