// What a run changes in its directory, whoever changed it and by whatever means: seen by the daemon itself, before and after.
import { realpath } from "node:fs/promises";
import type { ProcessTable } from "../../tools/process.ts";
import type { HarnessEvent } from "../../harnesses/events.ts";
import type { EventOf } from "../wire/events.ts";
import { ShadowRepository } from "./shadow-repository.ts";
import type { Snapshot } from "./snapshot.ts";

/** A directory that takes longer to look at is left unwatched, and the run says so. */
const MAX_LOOK_MS = 10_000;
/** On what looks, in place of a run: it is not to be ended with one. */
const OWNER = "workspace";
const MAX_CHANGES_AT_ONCE = 1000;
const MAX_NAMED = 20;
const READING_KINDS: ReadonlySet<string> = new Set(["read", "search", "fetch", "think"]);

export interface ChangeWatchOptions {
  readonly runId: string;
  readonly cwd: string;
  /** Holds the shadow repositories of all directories. */
  readonly stateDir: string;
  /** Marks what is started to look, so that a successor of this daemon finds it. */
  readonly processes: Pick<ProcessTable, "markerOf">;
  readonly onEvent: (event: EventOf<"file.changed" | "notice">) => void;
}

interface Looking {
  readonly repository: ShadowRepository;
  last: Snapshot;
}

export class ChangeWatch {
  readonly #options: ChangeWatchOptions;
  readonly #tooLong = new AbortController();
  /** All looks, one after another; null once looking has failed. */
  #looking: Promise<Looking | null>;
  readonly #first: Promise<Looking | null>;
  #repository: ShadowRepository | undefined;
  #isWaiting = false;
  readonly #named = new Set<string>();
  /** Calls under way that change no files. */
  readonly #readingCalls = new Set<string>();
  /** Calls begun that may change files. */
  #changingCalls = 0;

  /** Looks at the directory at once, so that the first change is told from what was there. */
  constructor(options: ChangeWatchOptions) {
    this.#options = options;
    this.#first = this.#guard(() => this.#begin());
    this.#looking = this.#first;
  }

  /** Looks again after each tool call that may have changed something. */
  follow(event: HarnessEvent): void {
    if (event.type === "tool.started" && READING_KINDS.has(event.kind))
      this.#readingCalls.add(event.toolCallId);
    else if (event.type === "tool.started") this.#changingCalls++;
    if (event.type === "tool.finished" && !this.#readingCalls.delete(event.toolCallId))
      void this.look(event.toolCallId);
  }

  /** Looks again and tells what has changed since the last time. Looks that would queue up are one. */
  async look(toolCallId?: string): Promise<void> {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    const before = this.#looking;
    const begun = this.#changingCalls;
    // A look that comes late, when a further call has begun, cannot tell whose work it sees.
    const author = (): string | undefined =>
      this.#changingCalls === begun ? toolCallId : undefined;
    this.#looking = before.then((looking) => {
      this.#isWaiting = false;
      return looking && this.#guard(() => this.#again(looking, author));
    });
    await this.#looking;
  }

  /** Resolves when the first look is done: nothing should change before it. */
  async ready(): Promise<void> {
    await this.#first;
  }

  /** The last look, and the end. */
  async close(): Promise<void> {
    await this.#looking;
    await this.look();
    await this.#looking;
    await this.#repository?.close();
  }

  async #begin(): Promise<Looking> {
    const { cwd, stateDir, runId, processes } = this.#options;
    const directory = await realpath(cwd);
    const marker = processes.markerOf(OWNER);
    const { signal } = this.#tooLong;
    const repository = (this.#repository = ShadowRepository.open({
      stateDir,
      directory,
      user: runId,
      marker,
      signal,
    }));
    const last = await repository.snapshot();
    this.#nameUnseen(last);
    return { repository, last };
  }

  async #again({ repository, last }: Looking, author: () => string | undefined): Promise<Looking> {
    const now = await repository.snapshot();
    this.#nameUnseen(now);
    const toolCallId = author();
    const changes = await repository.changesBetween(last, now);
    for (const change of changes.slice(0, MAX_CHANGES_AT_ONCE)) {
      this.#options.onEvent({
        type: "file.changed",
        ...change,
        ...(toolCallId !== undefined && { toolCallId }),
      });
    }
    const left = changes.length - MAX_CHANGES_AT_ONCE;
    if (left > 0) this.#notice("many_changes", `${left} more files changed and are not named`);
    return { repository, last: now };
  }

  /** Each path once a run. */
  #nameUnseen({ unseen }: Snapshot): void {
    const fresh = unseen.filter((path) => !this.#named.has(path));
    if (fresh.length === 0) return;
    for (const path of fresh) this.#named.add(path);
    const more = fresh.length > MAX_NAMED ? `, and ${fresh.length - MAX_NAMED} more` : "";
    const named = fresh.slice(0, MAX_NAMED).join(", ");
    this.#notice("changes_incomplete", `Changes of these files are not seen: ${named}${more}`);
  }

  /** One look within its time. A failure ends the looking, not the run. */
  async #guard(look: () => Promise<Looking>): Promise<Looking | null> {
    const timer = setTimeout(() => this.#tooLong.abort(), MAX_LOOK_MS);
    try {
      return await look();
    } catch (error) {
      this.#notice(
        "changes_unseen",
        `File changes are not watched: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`,
      );
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Where even that cannot be written down, the end of the run will say what is wrong. */
  #notice(code: string, message: string): void {
    try {
      this.#options.onEvent({ type: "notice", code, message });
    } catch {
      // the journal is closed or full
    }
  }
}
