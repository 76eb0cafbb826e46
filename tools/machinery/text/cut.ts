// Cuts texts to a length without cutting through a character: not between the halves of one, nor, as a reader sees it, in one made of several.

let segmenter: Intl.Segmenter | undefined;
/** Characters made of several (a family of emoji, a flag, an accent) are seldom longer. */
const WINDOW = 64;

/** The longest beginning of at most `maxChars` UTF-16 units that ends between two characters. */
export function headOf(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return text.slice(0, boundaryBefore(text, Math.max(0, maxChars)));
}

/** The longest end of at most `maxChars` UTF-16 units that begins between two characters. */
export function tailOf(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  return text.slice(boundaryAfter(text, text.length - Math.max(0, maxChars)));
}

/** What stands between two places, cut between characters: never more than was asked for. */
export function middleOf(text: string, start: number, end: number): string {
  const from = start <= 0 ? 0 : boundaryAfter(text, start);
  const to = end >= text.length ? text.length : boundaryBefore(text, end);
  return text.slice(from, Math.max(from, to));
}

/** The last place at or before `at` where a character begins. */
function boundaryBefore(text: string, at: number): number {
  if (at <= 0 || isPlain(text, at)) return Math.max(0, at);
  const start = wholeFrom(text, Math.max(0, at - WINDOW));
  let found = -1;
  for (const { index } of segmentsOf(text.slice(start, at + WINDOW)))
    if (start + index <= at) found = start + index;
  // One that fills the whole window is no character that a reader knows: its code points must do.
  return found > start || start === 0 ? found : wholeFrom(text, at, -1);
}

/** The first place at or after `at` where a character begins. */
function boundaryAfter(text: string, at: number): number {
  if (isPlain(text, at)) return at;
  const start = wholeFrom(text, Math.max(0, at - WINDOW));
  const window = text.slice(start, at + WINDOW);
  for (const { index } of segmentsOf(window)) if (start + index >= at) return start + index;
  return start + window.length >= text.length ? text.length : wholeFrom(text, at);
}

/** Between two plain characters there is nothing to look at; `\r\n` counts as one. */
function isPlain(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return before < 0x80 && after < 0x80 && !(before === 0x0d && after === 0x0a);
}

/** Moves off the middle of a surrogate pair. */
function wholeFrom(text: string, at: number, direction: 1 | -1 = 1): number {
  const inPair =
    (text.charCodeAt(at) & 0xfc00) === 0xdc00 && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800;
  return inPair ? at + direction : at;
}

function segmentsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter.segment(text);
}
