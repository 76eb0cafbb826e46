// Why a reply ended, in the words of all servers. A word that we do not know is never a good end.
import { ModelFailure } from "./model-failure.ts";
import type { StopReason } from "./model.ts";

/** In small letters. Gateways pass on the words of the makers behind them. */
const WORDS: Readonly<Record<StopReason, readonly string[]>> = {
  end: [
    "stop",
    "end_turn",
    "stop_sequence",
    "tool_use",
    "tool_calls",
    "function_call",
    "eos",
    "completed",
  ],
  max_tokens: ["length", "max_tokens", "max_output_tokens", "model_length"],
  context_full: ["model_context_window_exceeded"],
  paused: ["pause_turn"],
  refused: ["refusal", "content_filter", "content_filtered", "safety", "prohibited_content"],
};

/** Throws ModelFailure `reply_failed` for what is none of these. */
export function stopReasonOf(word: string): StopReason {
  const small = word.toLowerCase();
  for (const [reason, words] of Object.entries(WORDS))
    if (words.includes(small)) return reason as StopReason;
  throw new ModelFailure(
    "reply_failed",
    `The model's server ended the reply with "${word.toWellFormed()}", which is no good end`,
    { retryable: true },
  );
}

/** A stream that ended before the server said so. */
export function cutOff(): ModelFailure {
  return new ModelFailure("stream_cut", "The model's stream ended before its reply did", {
    retryable: true,
  });
}

export function malformed(what: string): ModelFailure {
  return new ModelFailure("malformed_stream", `The model's server sent ${what}`, {
    retryable: true,
  });
}
