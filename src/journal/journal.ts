// The box's one durable, ordered record of facts, and the only place where its parts meet.
import type { DatabaseSync } from "node:sqlite";
import type { Cursor, EventBody, EventFilter, Gap } from "../events.ts";

export interface About {
  readonly source: "harness" | "tool" | "daemon";
  readonly runId?: string | undefined;
  readonly processId?: string | undefined;
}
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly error?: unknown;
}
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly maxHeldBytes: number;
}
export interface JournalOptions {
  readonly directory: string;
  readonly sync?: "normal" | "full";
  readonly ringBytes?: number;
  readonly maxPendingBytes?: number;
  readonly retention?: Partial<Retention>;
  readonly redact?: (json: string) => string;
  readonly now?: () => number;
  readonly onProblem?: (problem: Problem) => void;
}
export interface Opening {
  readonly kind: "created" | "opened" | "migrated" | "set_aside";
  readonly detail?: string;
}
export type Batch =
  | { readonly kind: "events"; readonly events: readonly string[]; readonly cursor: Cursor }
  | { readonly kind: "gap"; readonly gap: Gap };
export interface ReadQuery {
  readonly after: Cursor | null;
  readonly filter: EventFilter;
  readonly limit: number;
  readonly maxBytes?: number;
}
export interface ReadAnswer {
  readonly events: string[];
  readonly cursor: Cursor;
  readonly gap: Gap | null;
  readonly atEnd: boolean;
}
export interface FollowQuery {
  readonly after: Cursor | null;
  readonly filter: EventFilter;
  readonly signal: AbortSignal;
  readonly maxBatchBytes?: number;
  readonly maxBatchEvents?: number;
}
export interface Following {
  readonly cursor: Cursor;
  readonly gap: Gap | null;
  readonly batches: AsyncGenerator<Batch, void>;
}
export interface JournalStats {
  readonly facts: number;
  readonly bytes: number;
  readonly pending: number;
  readonly pendingBytes: number;
  readonly ringEntries: number;
  readonly ringBytes: number;
  readonly followers: number;
  readonly groups: number;
  readonly lastCommitMs: number;
}

function unfinished(): never {
  throw new Error("The journal is not built yet");
}

export class Journal {
  readonly opening: Opening = unfinished();
  readonly epoch: string = unfinished();
  static open(_options: JournalOptions): Journal {
    return new Journal();
  }
  get head(): Cursor {
    return unfinished();
  }
  get oldest(): Cursor {
    return unfinished();
  }
  get database(): DatabaseSync {
    return unfinished();
  }
  append(_body: EventBody, _about: About, _alongside?: (db: DatabaseSync) => void): number {
    return unfinished();
  }
  alongside(_work: (db: DatabaseSync) => void): void {
    unfinished();
  }
  committed(): Promise<void> {
    return unfinished();
  }
  read(_query: ReadQuery): ReadAnswer {
    return unfinished();
  }
  follow(_query: FollowQuery): Following {
    return unfinished();
  }
  register(_subscriber: string): void {
    unfinished();
  }
  acknowledge(_subscriber: string, _cursor: Cursor): Cursor {
    return unfinished();
  }
  forget(_subscriber: string): boolean {
    return unfinished();
  }
  holdRun(_runId: string): void {
    unfinished();
  }
  releaseRun(_runId: string): void {
    unfinished();
  }
  prune(): { readonly facts: number; readonly bytes: number } {
    return unfinished();
  }
  close(): void {
    unfinished();
  }
  stats(): JournalStats {
    return unfinished();
  }
}
