// A conversation in no provider's words: what is kept in a transcript and what every model adapter translates from.
import { z } from "zod";
import { portableCallId } from "../gate/calls.ts";

const userPart = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({
    type: z.literal("image"),
    mediaType: z.enum(["image/png", "image/jpeg", "image/gif", "image/webp"]),
    data: z.string(),
  }),
  z.object({ type: z.literal("pdf"), name: z.string(), data: z.string() }),
]);
/** `data` is base64. */
export type UserPart = z.output<typeof userPart>;

const modelCall = z.object({
  toolCallId: z.string(),
  name: z.string(),
  /** `{}` when what the model wrote could not be read; `problem` then says why. */
  input: z.record(z.string(), z.unknown()),
  problem: z.string().optional(),
});
/** A tool call as the model asked for it. */
export type ModelCall = z.output<typeof modelCall>;

export const Turn = z.discriminatedUnion("role", [
  z.object({ role: z.literal("user"), parts: z.array(userPart) }),
  z.object({
    role: z.literal("model"),
    text: z.string(),
    calls: z.array(modelCall),
    /** What the provider sent, whole, for giving back to the same model: thinking signatures and encrypted reasoning are in it. */
    raw: z.object({ model: z.string(), content: z.unknown() }),
  }),
  z.object({
    role: z.literal("tool"),
    toolCallId: z.string(),
    name: z.string(),
    text: z.string(),
    failed: z.boolean(),
    /** Images and documents that belong to the answer. */
    media: z.array(userPart).optional(),
  }),
  /** Stands for everything before it but the last `keep` turns. */
  z.object({ role: z.literal("summary"), text: z.string(), keep: z.number().int().nonnegative() }),
]);
export type Turn = z.output<typeof Turn>;
export type ModelTurn = Extract<Turn, { role: "model" }>;
export type ToolTurn = Extract<Turn, { role: "tool" }>;

/** A turn of one text part by the user. */
export function userText(text: string): Turn {
  return { role: "user", parts: [{ type: "text", text }] };
}

/** What one side says before the other speaks again. */
export type Exchange = { readonly side: "model"; readonly turn: ModelTurn } | UserExchange;

interface UserExchange {
  readonly side: "user";
  /** To the calls of `answered`. */
  readonly answers: readonly ToolTurn[];
  readonly answered: ModelTurn | null;
  readonly parts: readonly UserPart[];
}

/** Joins neighbouring turns of the user's side: providers want tool answers and new input in one message, answers first. */
export function exchangesOf(turns: readonly Turn[]): Exchange[] {
  const exchanges: Exchange[] = [];
  let answers: ToolTurn[] = [];
  let parts: UserPart[] = [];
  let answered: ModelTurn | null = null;
  const flush = (): void => {
    if (answers.length > 0 || parts.length > 0)
      exchanges.push({ side: "user", answers, answered, parts });
    answers = [];
    parts = [];
  };
  for (const turn of turns) {
    if (turn.role === "tool") answers.push(turn);
    else if (turn.role === "user") parts.push(...turn.parts);
    else if (turn.role === "summary") parts.push({ type: "text", text: turn.text });
    else if (turn.text.trim() !== "" || turn.calls.length > 0) {
      flush();
      exchanges.push({ side: "model", turn });
      answered = turn;
    }
  }
  flush();
  return exchanges;
}

/** The id of an answered call: as the model gave it where it gets its own words back, else in the form that every provider takes. */
export function answeredCallId(
  { toolCallId }: ToolTurn,
  answered: ModelTurn | null,
  model: string,
): string {
  return answered?.raw.model === model ? toolCallId : portableCallId(toolCallId);
}
