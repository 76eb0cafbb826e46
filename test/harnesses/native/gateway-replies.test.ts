// What gateways of the chat dialect add to a reply: their own cost, and reasoning that must be given back as it was.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { native } from "../../../harnesses/native.ts";
import { accessTo, eventsOf, TestBox } from "../harness-context.ts";

const chunk = (delta: object, more: object = {}): object => ({
  id: "c",
  object: "chat.completion.chunk",
  model: "m",
  choices: [{ index: 0, delta, ...more }],
});

/** A server that streams one reply after the other, and keeps what it was asked. */
async function serve(replies: readonly (readonly object[])[]) {
  const asked: Record<string, unknown>[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const chunks = replies[asked.length] ?? [];
    asked.push(JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>);
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const each of chunks) response.write(`data: ${JSON.stringify(each)}\n\n`);
    response.end("data: [DONE]\n\n");
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return {
    asked,
    access: accessTo({ anthropicBaseUrl: "", openaiBaseUrl: url }, "openai-chat"),
    close,
  };
}

test("reported cost wins, and reasoning details go back joined and whole", async () => {
  const detail = (more: object): object => ({
    type: "reasoning.text",
    index: 0,
    format: "anthropic",
    ...more,
  });
  const call = { index: 0, id: "", function: { name: "plan_update", arguments: '{"steps":[]}' } };
  const server = await serve([
    [
      chunk({
        role: "assistant",
        reasoning: "Let me ",
        reasoning_details: [detail({ text: "Let me " })],
      }),
      chunk({
        reasoning: "think.",
        reasoning_details: [detail({ text: "think." }), detail({ signature: "sig" })],
      }),
      chunk({ reasoning_details: [{ type: "reasoning.encrypted", index: 1, data: "sealed" }] }),
      chunk({ tool_calls: [call] }),
      chunk({}, { finish_reason: "tool_calls" }),
      {
        ...chunk({}),
        choices: [],
        usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cost: 0.0042 },
      },
    ],
    [chunk({ content: "Done." }, { finish_reason: "stop" })],
  ]);
  const box = await TestBox.make();
  try {
    const { events, error } = await box.run(native, {
      model: "openrouter/a/b",
      modelAccess: server.access,
      tools: [],
    });
    expect(error).toBeUndefined();
    expect(eventsOf(events, "usage")).toMatchObject([
      { costUsd: 0.0042, costBasis: "reported" },
      { costUsd: null, costBasis: null },
    ]);
    expect(eventsOf(events, "reasoning")).toMatchObject([{ text: "Let me think." }]);
    const id = eventsOf(events, "tool.started")[0]?.toolCallId;
    expect(id).toMatch(/^call_/);
    const messages = server.asked[1]?.["messages"];
    expect(messages).toMatchObject([
      { role: "system" },
      { role: "user" },
      {
        role: "assistant",
        tool_calls: [{ id }],
        reasoning_details: [
          { type: "reasoning.text", index: 0, text: "Let me think.", signature: "sig" },
          { type: "reasoning.encrypted", index: 1, data: "sealed" },
        ],
      },
      { role: "tool", tool_call_id: id },
    ]);
  } finally {
    server.close();
    await box.close();
  }
});
