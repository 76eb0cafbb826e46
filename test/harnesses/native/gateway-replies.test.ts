// What gateways of the chat dialect add to a reply: their own cost, and reasoning that must be given back as it was.
import { expect, test } from "vitest";
import { native } from "../../../harnesses/native.ts";
import { ScriptedModel } from "../../scripted-model/scripted-model.ts";
import { accessTo, eventsOf, TestBox } from "../harness-context.ts";

const chunk = (delta: object, more: object = {}): object => ({
  id: "c",
  object: "chat.completion.chunk",
  model: "m",
  choices: [{ index: 0, delta, ...more }],
});

test("reported cost wins, and reasoning details go back joined and whole", async () => {
  const detail = (more: object): object => ({
    type: "reasoning.text",
    index: 0,
    format: "anthropic",
    ...more,
  });
  const call = { index: 0, id: "", function: { name: "plan_update", arguments: '{"steps":[]}' } };
  const server = await ScriptedModel.start();
  const script = server.script("gateway", [
    {
      raw: [
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
        "[DONE]",
      ],
    },
    { raw: [chunk({ content: "Done." }, { finish_reason: "stop" }), "[DONE]"] },
  ]);
  const box = await TestBox.make();
  try {
    const { events, error } = await box.run(native, {
      model: "openrouter/a/b",
      modelAccess: accessTo(script, "openai-chat"),
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
    const messages = (await script.arrival(2)).asked?.body["messages"];
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
    await box.close();
    await server.close();
  }
});
