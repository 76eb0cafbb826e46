// Which events are not facts.

/** Never stored; may be merged or dropped for a slow host. Everything else is a fact. */
export const DELTA_TYPES: ReadonlySet<string> = new Set([
  "message.delta",
  "reasoning.delta",
  "tool.input",
  "tool.output",
  "process.output",
]);
