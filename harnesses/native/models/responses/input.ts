// Our turns as the input items of OpenAI Responses.
import type OpenAI from "openai";
import {
  answeredCallId,
  exchangesOf,
  type Exchange,
  type ModelTurn,
  type ToolTurn,
  type Turn,
  type UserPart,
} from "../turn.ts";
import { portableCallId } from "../../gate/calls.ts";

type InputItem = OpenAI.Responses.ResponseInputItem;

/** `model` is the one asked now: what another model said is told in plain items, without its encrypted reasoning. */
export function responsesInput(turns: readonly Turn[], model: string): InputItem[] {
  return exchangesOf(turns).flatMap((exchange) => itemsOf(exchange, model));
}

function itemsOf(exchange: Exchange, model: string): InputItem[] {
  if (exchange.side === "model") return modelItems(exchange.turn, model);
  const answers = exchange.answers.map((answer) => ({
    type: "function_call_output" as const,
    call_id: answeredCallId(answer, exchange.answered, model),
    output: outputOf(answer),
  }));
  const content = exchange.parts.map(partOf);
  return [
    ...answers,
    ...(content.length > 0 ? [{ type: "message" as const, role: "user" as const, content }] : []),
  ];
}

function outputOf({ text, media = [] }: ToolTurn) {
  return media.length === 0 ? text : [{ type: "input_text" as const, text }, ...media.map(partOf)];
}

function modelItems(turn: ModelTurn, model: string): InputItem[] {
  const { raw } = turn;
  if (raw.model === model && Array.isArray(raw.content)) return raw.content as InputItem[];
  return [
    ...(turn.text === ""
      ? []
      : [{ type: "message" as const, role: "assistant" as const, content: turn.text }]),
    ...turn.calls.map(({ toolCallId, name, input }) => ({
      type: "function_call" as const,
      call_id: portableCallId(toolCallId),
      name,
      arguments: JSON.stringify(input),
    })),
  ];
}

function partOf(part: UserPart) {
  if (part.type === "text") return { type: "input_text" as const, text: part.text };
  if (part.type === "image")
    return {
      type: "input_image" as const,
      detail: "auto" as const,
      image_url: `data:${part.mediaType};base64,${part.data}`,
    };
  return {
    type: "input_file" as const,
    filename: part.name,
    file_data: `data:application/pdf;base64,${part.data}`,
  };
}
