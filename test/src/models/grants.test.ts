// The tokens that agents ask the gateway with.
import { expect, test } from "vitest";
import type { ModelAccess } from "../../../harnesses/providers.ts";
import { Grants, type AskingRun } from "../../../src/models/grants.ts";

const upstream: ModelAccess = {
  provider: "anthropic",
  dialect: "anthropic-messages",
  model: "m",
  baseUrl: "http://a",
  apiKey: "k",
};
const run: AskingRun = {
  runId: "run_1",
  refusal: () => Promise.resolve(null),
  onReady: () => Promise.resolve(),
  onUse: () => {},
  onAnswer: () => {},
};

test("a token stays the same for the same session, server and key, and for no other", () => {
  const grants = new Grants();
  const token = grants.issue("s", upstream);
  expect(grants.issue("s", { ...upstream, model: "another" })).toBe(token);
  const others = [
    grants.issue("t", upstream),
    grants.issue("s", { ...upstream, apiKey: "other" }),
    grants.issue("s", { ...upstream, baseUrl: "http://b" }),
    new Grants().issue("s", upstream),
  ];
  expect(new Set([token, ...others]).size).toBe(5);
  expect(token).not.toContain(upstream.apiKey);
});

test("tokens of sessions long gone are forgotten, those of a session with a run are not", () => {
  const grants = new Grants();
  grants.begin("busy", run);
  const kept = grants.issue("busy", upstream);
  const first = grants.issue("idle", upstream);
  for (let count = 0; count < 5000; count++) grants.issue(`session ${count}`, upstream);
  expect(grants.size).toBe(1000);
  expect(grants.find(first)).toBeUndefined();
  expect(grants.find(kept)?.run).toBe(run);
  expect(grants.issue("idle", upstream)).toBe(first);
  expect(grants.find(first)).toMatchObject({ grant: { sessionId: "idle" }, run: undefined });
});
