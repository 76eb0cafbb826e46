// What stands in a conversation where something had to be put for it to be taken.

export const NO_ANSWER =
  "The run was interrupted before this call's answer was recorded. It may have run in part, wholly or not at all: look before you do it again.";
export const NO_OUTPUT = "(no output)";
export const BLANK_MESSAGE = "(The message was blank.)";
export const EARLIER = "(What came before is not kept.)";
export const GO_ON = "Go on.";

/** An answer that belongs to no call any more, as the user's words. */
export function strayAnswer(text: string): string {
  return `[The answer of an earlier tool call]\n${text}`;
}

/** What stands in the place of an image that cannot be shown. */
export function unshownImage(problem: string): string {
  return `[An image that cannot be shown: ${problem}]`;
}

export const UNSHOWN_PDF = "[A PDF that cannot be shown: its bytes are no PDF]";
