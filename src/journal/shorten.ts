// Makes a fact that is too large small enough to be kept: what is too long is cut where it stands.
import { headOf } from "../../tools/machinery/text/cut.ts";
import type { EventBody } from "../wire/events.ts";

/** Of one text. */
const MAX_TEXT = 64 * 1024;
/** Of all texts and names together; JSON may make up to six characters of one. */
const MAX_CHARACTERS = 4 * 1024 * 1024;
/** What a number, a `true` or the signs around a value count for. */
const SMALL = 8;

/** The same event with its long texts cut, each saying so, and with no more entries than fit. Its own fields all stay. */
export function shorten(body: EventBody): EventBody {
  let left = MAX_CHARACTERS;
  const cut = (value: unknown): unknown => {
    left -= SMALL;
    if (typeof value === "string") return cutText(value);
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? cutList(value) : cutFields(Object.entries(value));
  };
  const cutText = (text: string): string => {
    const kept = Math.min(text.length, MAX_TEXT, Math.max(left, 0));
    left -= kept;
    if (kept === text.length) return text;
    return `${headOf(text, kept)}… [${text.length - kept} more characters are not kept]`;
  };
  const cutList = (list: readonly unknown[]): unknown[] => {
    const kept: unknown[] = [];
    for (const each of list) if (left > 0) kept.push(cut(each));
    return kept;
  };
  const cutFields = (fields: readonly (readonly [string, unknown])[]): Record<string, unknown> => {
    const kept: Record<string, unknown> = {};
    for (const [name, value] of fields) {
      left -= name.length;
      if (left > 0) kept[name] = cut(value);
    }
    return kept;
  };
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, cut(value)]),
  ) as EventBody;
}

/** What follows a fact that was shortened; it had so many characters before. */
export function noticeOfShortening(
  { seq, type }: { seq: number; type: string },
  characters: number,
): EventBody {
  const message = `The \`${type}\` before this was too large to be kept whole: its long parts were cut`;
  return { type: "notice", code: "fact_shortened", message, data: { seq, type, characters } };
}
