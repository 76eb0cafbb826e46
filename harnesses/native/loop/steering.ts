// Input that came into a running run, as turns. What cannot be read is said to the model: the run is not lost for it.
import { CodedError } from "../../../tools/coded-error.ts";
import type { Prompt } from "../../content.ts";
import type { InputQueue } from "../../input-queue.ts";
import { readPrompt, type PromptContext } from "./prompt-parts.ts";
import type { Turn } from "../models/turn.ts";

/** Everything that has come since the last time, without waiting for more. */
export async function readSteering(steering: InputQueue, context: PromptContext): Promise<Turn[]> {
  return Promise.all(steering.drain().map((prompt) => turnOf(prompt, context)));
}

async function turnOf(prompt: Prompt, context: PromptContext): Promise<Turn> {
  const readOrExplain = async (part: Prompt[number]) => {
    try {
      return await readPrompt([part], context);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return [
        {
          type: "text" as const,
          text: `[The user gave something that cannot be shown: ${error.message}]`,
        },
      ];
    }
  };
  const parts = await Promise.all(prompt.map(readOrExplain));
  return { role: "user", parts: parts.flat() };
}
