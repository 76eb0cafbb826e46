import { expect, test } from "vitest";
import { LiveText } from "../../../../tools/machinery/process/live-text.ts";

test("a character that comes in pieces is given out whole", () => {
  const texts: string[] = [];
  const live = new LiveText((text) => texts.push(text));
  for (const byte of Buffer.from("héllo €")) live.push(Buffer.from([byte]));
  live.end();
  expect(texts.join("")).toBe("héllo €");
});

test("a flood is skipped but for a little, and what follows begins with a whole character", async () => {
  const texts: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const live = new LiveText((text) => {
    texts.push(text);
    if (text.includes("after")) resolve();
  });
  const flood = Buffer.from("€".repeat(20_000));
  for (let index = 0; index < 1_000; index++) live.push(flood);
  const rest = Buffer.from("€after").subarray(1);
  const again = setInterval(() => live.push(rest), 10);
  await promise;
  clearInterval(again);
  live.end();
  expect(texts.join("").length).toBeLessThan(200_000);
  expect(texts.join("")).toMatch(/^€*(after)+/u);
});

test("many short pieces at once are one batch", () => {
  const texts: string[] = [];
  const live = new LiveText((text) => texts.push(text));
  for (let index = 0; index < 1_000; index++) live.push(Buffer.from("line\n"));
  live.end();
  expect(texts).toHaveLength(1);
});
