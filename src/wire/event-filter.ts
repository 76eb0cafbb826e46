// Which events a host wants, checked when it asks: a type that there is not would be waited for in vain.
import { z } from "zod";
import { events } from "./events.ts";
import { nearestName } from "./nearest-name.ts";

const TYPES = Object.keys(events);

const EventTypePattern = z
  .string()
  .refine(isKnown, { error: ({ input }) => unknownType(String(input)) });

function unknownType(pattern: string): string {
  const nearest = nearestName(pattern.replace(/\.?\*$/, ""), TYPES);
  const hint = nearest === undefined ? `there are ${TYPES.join(", ")}` : `did you mean ${nearest}?`;
  return `there is no event type ${JSON.stringify(pattern.slice(0, 100))}; ${hint}`;
}

function isKnown(pattern: string): boolean {
  if (!pattern.endsWith("*")) return Object.hasOwn(events, pattern);
  return TYPES.some((type) => type.startsWith(pattern.slice(0, -1)));
}

/** An absent field wants all. */
export const EventFilter = z.strictObject({
  runId: z.string().optional(),
  processId: z.string().optional(),
  types: z
    .array(EventTypePattern)
    .min(1)
    .optional()
    .describe("Event types; `run.*` stands for all that begin so."),
  deltas: z.boolean().default(true).describe("False: facts only."),
});
export type EventFilter = z.output<typeof EventFilter>;
