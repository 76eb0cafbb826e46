// Finds where in the journal a cursor stands, and says aloud what it asks for and cannot have.
import type { Cursor, Gap } from "../wire/events.ts";

/** A journal's identity and the part of it that is kept. */
export interface Bounds {
  readonly epoch: string;
  /** The fact just before the oldest kept. */
  readonly oldestSeq: number;
  /** The newest fact that has been given a number. */
  readonly lastSeq: number;
  readonly headSeq: number;
}
export interface Place {
  readonly seq: number;
  readonly gap: Gap | null;
}

export function findPlace(after: Cursor, { epoch, oldestSeq, lastSeq, headSeq }: Bounds): Place {
  if (after.epoch !== epoch) return beyond("epoch_changed", { epoch, seq: oldestSeq });
  if (after.seq > lastSeq) return beyond("ahead", { epoch, seq: headSeq });
  return after.seq < oldestSeq
    ? { seq: oldestSeq, gap: expired(after, oldestSeq) }
    : { seq: after.seq, gap: null };
}

/** The facts after the cursor, up to the oldest kept, have been removed. */
export function expired(after: Cursor, oldestSeq: number): Gap {
  return {
    reason: "expired",
    missingFrom: after.seq + 1,
    missingTo: oldestSeq,
    resumeAt: { epoch: after.epoch, seq: oldestSeq },
  };
}

/** What such a cursor misses was never in this journal, so that no range can be named. */
function beyond(reason: "epoch_changed" | "ahead", resumeAt: Cursor): Place {
  return { seq: resumeAt.seq, gap: { reason, missingFrom: null, missingTo: null, resumeAt } };
}
