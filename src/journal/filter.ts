// Decides which events a reader wants, from an entry in memory or from a fact's line on disk.
import type { EventFilter } from "../wire/event-filter.ts";

/** What a filter asks about. */
export interface Traits {
  readonly type: string;
  readonly runId: string | undefined;
  readonly processId: string | undefined;
}
export type Matcher = (traits: Traits) => boolean;

/** Null when every event matches, so that the reader need not ask. (`deltas` is for the reader to see to.) */
export function makeMatcher(filter: EventFilter): Matcher | null {
  const { runId, processId, types } = filter;
  const wanted = types && makeTypeMatcher(types);
  if (runId === undefined && processId === undefined && !wanted) return null;
  return (traits) =>
    (runId === undefined || traits.runId === runId) &&
    (processId === undefined || traits.processId === processId) &&
    (!wanted || wanted(traits.type));
}

function makeTypeMatcher(types: readonly string[]): (type: string) => boolean {
  const exact = new Set(types.filter((type) => !type.endsWith("*")));
  const prefixes = types.filter((type) => type.endsWith("*")).map((type) => type.slice(0, -1));
  return (type) => exact.has(type) || prefixes.some((prefix) => type.startsWith(prefix));
}

const HEADER =
  /^\{"epoch":"[^"]*","seq":\d+,"time":"[^"]*",(?:"runId":"((?:[^"\\]|\\.)*)",)?(?:"processId":"((?:[^"\\]|\\.)*)",)?"source":"\w+","type":"([^"]*)"/;

/** Reads a fact's traits from the head of its JSON, where the writer put them; much cheaper than parsing the whole. */
export function readTraits(json: string): Traits {
  const [, runId, processId, type] = HEADER.exec(json) ?? [];
  return { type: type ?? "", runId: unescapeJson(runId), processId: unescapeJson(processId) };
}

function unescapeJson(text: string | undefined): string | undefined {
  return text?.includes("\\") ? (JSON.parse(`"${text}"`) as string) : text;
}
