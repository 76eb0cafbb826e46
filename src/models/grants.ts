// Who may use the gateway: a token for each session and provider, worth something only while one of the session's runs is under way.
import { randomBytes } from "node:crypto";
import type { ModelAccess } from "../../harnesses/providers.ts";
import type { TokenUse } from "./usage-meter.ts";

/** What the gateway must know of the run that asks. */
export interface AskingRun {
  readonly runId: string;
  /** Says why the run may ask no more; null while it may. */
  readonly refusal: () => string | null;
  /** Told of every answer of a model, as the gateway itself has read it. */
  readonly onUse: (use: TokenUse) => void;
}

export interface Grant {
  readonly token: string;
  readonly sessionId: string;
  /** The real server and the real key. */
  readonly upstream: ModelAccess;
}

export class Grants {
  readonly #byToken = new Map<string, Grant>();
  /** One token for as long as session, server and key are the same: a warm program keeps what it was started with. */
  readonly #bySession = new Map<string, Map<string, Grant>>();
  readonly #asking = new Map<string, AskingRun>();

  /** From here until `end` the session's tokens are good, on account of this run. */
  begin(sessionId: string, run: AskingRun): void {
    this.#asking.set(sessionId, run);
  }

  end(sessionId: string): void {
    this.#asking.delete(sessionId);
  }

  /** Forgets a session's tokens for good, when nothing warm can use them any more. */
  forget(sessionId: string): void {
    for (const { token } of this.#bySession.get(sessionId)?.values() ?? []) this.#byToken.delete(token);
    this.#bySession.delete(sessionId);
  }

  issue(sessionId: string, upstream: ModelAccess): Grant {
    const ofSession = this.#bySession.get(sessionId) ?? new Map<string, Grant>();
    this.#bySession.set(sessionId, ofSession);
    const sort = `${upstream.provider} ${upstream.baseUrl} ${upstream.apiKey}`;
    const known = ofSession.get(sort);
    if (known) return known;
    const grant = { token: `hd-${randomBytes(24).toString("hex")}`, sessionId, upstream };
    ofSession.set(sort, grant);
    this.#byToken.set(grant.token, grant);
    return grant;
  }

  /** The grant that a token stands for, and the run on whose account it is used. */
  find(token: string): { grant: Grant; run: AskingRun | undefined } | undefined {
    const grant = this.#byToken.get(token);
    return grant && { grant, run: this.#asking.get(grant.sessionId) };
  }
}
