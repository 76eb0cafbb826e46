// What hosts ask by, checked whenever they do: a place in the journal, a choice of events, an outcome.
import { z } from "zod";

/** A place in the journal: just after the fact `seq` of that epoch. `seq` 0 is the beginning. */
export const Cursor = z.object({ epoch: z.string(), seq: z.number().int().nonnegative() });
export type Cursor = z.output<typeof Cursor>;

/** Which events a subscriber wants; an absent field wants all. */
export const EventFilter = z.strictObject({
  runId: z.string().optional(),
  processId: z.string().optional(),
  types: z
    .array(z.string())
    .min(1)
    .optional()
    .describe("Event types; `run.*` stands for all that begin so."),
  deltas: z.boolean().default(true).describe("False: facts only."),
});
export type EventFilter = z.output<typeof EventFilter>;

export const RunOutcome = z.enum(["completed", "failed", "cancelled", "unknown"]);
export type RunOutcome = z.output<typeof RunOutcome>;
