// Conversations on disk, through crashes of every kind.
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Transcript } from "../../../../harnesses/native/loop/transcript.ts";
import { exchangesOf, userText, type Turn } from "../../../../harnesses/native/models/turn.ts";

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "transcript-"));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const modelTurn = (...toolCallIds: string[]): Turn => ({
  role: "model",
  text: "ok",
  calls: toolCallIds.map((toolCallId) => ({ toolCallId, name: "t", input: {} })),
  raw: { model: "m", content: [{ thinking: "…", signature: "s" }] },
});
const answer = (toolCallId: string): Turn => ({
  role: "tool",
  toolCallId,
  name: "t",
  text: "done",
  failed: false,
});

async function written(...turns: Turn[]): Promise<string> {
  const transcript = await Transcript.open({ stateDir, fork: false });
  for (const turn of turns) await transcript.add(turn);
  await transcript.close();
  return transcript.token;
}

async function reopened(token: string, fork = false): Promise<Transcript> {
  const transcript = await Transcript.open({ stateDir, token, fork });
  await transcript.close();
  return transcript;
}

const fileOf = (token: string): string => join(stateDir, "transcripts", `${token}.jsonl`);

test("turns are read back as they were written, raw blocks included", async () => {
  const turns = [userText("hé\u2028llo"), modelTurn("a"), answer("a")];
  expect((await reopened(await written(...turns))).turns).toEqual(turns);
});

test("a torn last line is dropped at every byte, and the next turn stands on a line of its own", async () => {
  const token = await written(userText("one"));
  const whole = await readFile(fileOf(token));
  const torn = Buffer.from(JSON.stringify(userText("zwei é")));
  for (const length of [1, 10, torn.length - 4, torn.length]) {
    await writeFile(fileOf(token), Buffer.concat([whole, torn.subarray(0, length)]));
    const transcript = await Transcript.open({ stateDir, token, fork: false });
    await transcript.add(userText("three"));
    await transcript.close();
    expect((await reopened(token)).turns).toEqual([userText("one"), userText("three")]);
  }
});

test("calls without an answer are answered as interrupted, once", async () => {
  const token = await written(userText("x"), modelTurn("a", "b", "c"), answer("a"));
  const once = (await reopened(token)).turns;
  expect(once.slice(3)).toMatchObject([
    {
      role: "tool",
      toolCallId: "b",
      failed: true,
      text: expect.stringContaining("interrupted") as string,
    },
    { role: "tool", toolCallId: "c", failed: true },
  ]);
  expect((await reopened(token)).turns).toEqual(once);
});

test("a fork goes on in a copy", async () => {
  const token = await written(userText("one"));
  const fork = await Transcript.open({ stateDir, token, fork: true });
  await fork.add(userText("two"));
  await fork.close();
  expect(fork.token).not.toBe(token);
  expect((await reopened(token)).turns).toEqual([userText("one")]);
  expect((await reopened(fork.token)).turns).toEqual([userText("one"), userText("two")]);
});

test("a summary stands for what came before, also after reading it back", async () => {
  const token = await written(
    userText("old"),
    modelTurn(),
    userText("new"),
    { role: "summary", text: "S", keep: 1 },
    modelTurn(),
  );
  expect((await reopened(token)).turns).toEqual([
    { role: "summary", text: "S", keep: 1 },
    userText("new"),
    modelTurn(),
  ]);
});

test("a conversation that is not there is named as such, and no path is made of its token", async () => {
  for (const token of [crypto.randomUUID(), "../../etc/passwd", ""]) {
    await expect(reopened(token)).rejects.toMatchObject({ code: "session_not_found" });
    await expect(reopened(token, true)).rejects.toMatchObject({ code: "session_not_found" });
  }
});

test("a damaged line in the middle is said, not skipped", async () => {
  const token = await written(userText("one"));
  await appendFile(fileOf(token), '{"role":"user"}\n');
  await expect(reopened(token)).rejects.toMatchObject({
    code: "session_damaged",
    message: expect.stringContaining("Line 2") as string,
  });
});

test("answers stand before new input in what a model is given", () => {
  const [, second] = exchangesOf([modelTurn("a"), userText("steered"), answer("a")]);
  expect(second).toMatchObject({
    side: "user",
    answers: [{ toolCallId: "a" }],
    parts: [{ text: "steered" }],
  });
});
