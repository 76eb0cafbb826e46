// Who may use the gateway: a token for each session and server, worth something only while one of the session's runs is under way.
import { createHmac, randomBytes } from "node:crypto";
import type { ModelAccess } from "../../harnesses/providers.ts";
import type { RunError } from "../wire/events.ts";
import type { TokenUse } from "./usage-meter.ts";

/** What the gateway must know of the run that asks. */
export interface AskingRun {
  readonly runId: string;
  /** Says why the run may ask no more; null while it may. May wait until that is known. */
  refusal(): Promise<string | null>;
  /** Waited for before an answer is passed on: with it the agent begins to work. */
  onReady(): Promise<void>;
  /** Told of every answer of a model that says what it took; `model` is with its provider. */
  onUse(use: TokenUse): void;
  /**
   * Told how each request to a model has ended: the failure of the model, its server or the line to it, or null. `isOwn` is false for
   * another model than the run's, which an agent may use by the way.
   */
  onAnswer(failure: RunError | null, isOwn: boolean): void;
}

export interface Grant {
  readonly sessionId: string;
  /** The real server and the real key. */
  readonly upstream: ModelAccess;
}

/** Beyond it the longest unused is forgotten; who comes back for it gets the same token again. */
const MAX_GRANTS = 1000;

export class Grants {
  /** Tokens follow from it, so that a warm program's stays good for as long as session, server and key are the same. */
  readonly #secret = randomBytes(32);
  readonly #byToken = new Map<string, Grant>();
  readonly #asking = new Map<string, AskingRun>();

  /** From here until `end` the session's tokens are good, on account of this run. */
  begin(sessionId: string, run: AskingRun): void {
    this.#asking.set(sessionId, run);
  }

  /** The run that asked until now. */
  end(sessionId: string): AskingRun | undefined {
    const run = this.#asking.get(sessionId);
    this.#asking.delete(sessionId);
    return run;
  }

  /** The token for a session and a server. */
  issue(sessionId: string, upstream: ModelAccess): string {
    const { provider, dialect, baseUrl, apiKey } = upstream;
    const sort = JSON.stringify([sessionId, provider, dialect, baseUrl, apiKey]);
    const token = `hd-${createHmac("sha256", this.#secret).update(sort).digest("hex").slice(0, 48)}`;
    this.#byToken.delete(token);
    this.#byToken.set(token, { sessionId, upstream });
    for (const [oldest, { sessionId: owner }] of this.#byToken) {
      if (this.#byToken.size <= MAX_GRANTS) break;
      if (!this.#asking.has(owner)) this.#byToken.delete(oldest);
    }
    return token;
  }

  /** The grant that a token stands for, and the run on whose account it is used. */
  find(token: string): { grant: Grant; run: AskingRun | undefined } | undefined {
    const grant = this.#byToken.get(token);
    return grant && { grant, run: this.#asking.get(grant.sessionId) };
  }

  get size(): number {
    return this.#byToken.size;
  }
}
