import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { jsonLines } from "../../harnesses/json-lines.ts";

async function readAll(
  stream: Readable,
  maxLineBytes = 1_000,
): Promise<{ values: unknown[]; noise: string[] }> {
  const values: unknown[] = [];
  const noise: string[] = [];
  for await (const value of jsonLines(stream, {
    maxLineBytes,
    onNoise: (line) => noise.push(line),
  }))
    values.push(value);
  return { values, noise };
}

test("characters and lines cut at every byte come out whole", async () => {
  const bytes = Buffer.from('{"text":"grüße 🦊"}\r\n\n[1]\n"last, without a line break"');
  const stream = Readable.from([...bytes].map((byte) => Buffer.from([byte])));
  expect(await readAll(stream)).toEqual({
    values: [{ text: "grüße 🦊" }, [1], "last, without a line break"],
    noise: [],
  });
});

test("what is not JSON is told as noise and the next line is read", async () => {
  const stream = Readable.from([Buffer.from("Warning: hello\n{}\n{cut")]);
  expect(await readAll(stream)).toEqual({ values: [{}], noise: ["Warning: hello", "{cut"] });
});

test("a line longer than the limit is an error with a code", async () => {
  const stream = Readable.from([
    Buffer.from('{"ok":1}\n'),
    Buffer.alloc(600, "x"),
    Buffer.alloc(600, "x"),
  ]);
  await expect(readAll(stream)).rejects.toMatchObject({ code: "line_too_long" });
});

test("a line of many megabytes is read in one piece", async () => {
  const text = "é".repeat(4_000_000);
  const { values } = await readAll(
    Readable.from([Buffer.from(`${JSON.stringify(text)}\n`)]),
    16_000_000,
  );
  expect(values).toEqual([text]);
});

test("a stream destroyed in the middle ends the reading without an error", async () => {
  const stream = new PassThrough();
  stream.write('{"seen":true}\n{"cut');
  setImmediate(() => stream.destroy());
  const { values } = await readAll(stream);
  expect(values).toEqual([{ seen: true }]);
});
