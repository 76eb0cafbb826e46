// What hosts ask by, checked whenever they do: a place in the journal, a choice of events, an outcome.
import { z } from "zod";

/** A place in the journal: just after the fact `seq` of that epoch. `seq` 0 is the beginning. */
export const Cursor = z.object({ epoch: z.string(), seq: z.number().int().nonnegative() });
export type Cursor = z.output<typeof Cursor>;

export const RunOutcome = z.enum(["completed", "failed", "cancelled", "unknown"]);
export type RunOutcome = z.output<typeof RunOutcome>;

/** A hole, made explicit: facts that the cursor asked for and that are not to be had. */
export const Gap = z.lazy(() =>
  z.object({
    reason: z
      .enum(["epoch_changed", "expired", "ahead"])
      .describe("`ahead`: the cursor names a fact that this journal has not written."),
    missingFrom: z
      .number()
      .int()
      .nullable()
      .describe("First missing seq; null when it cannot be known."),
    missingTo: z.number().int().nullable(),
    resumeAt: Cursor.describe("Where delivery goes on."),
  }),
);
export type Gap = z.output<typeof Gap>;

/** A name that a host gives. */
export const name = z.string().min(1).max(200);

/** What every method that answers page by page takes. */
export const pageParams = () => ({
  limit: z.number().int().min(1).max(1000).default(100),
  pageToken: z.string().optional().describe("The `nextPageToken` of the page before."),
});
