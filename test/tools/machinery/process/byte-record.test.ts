import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nat, oneof, sample } from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import {
  MAX_BYTES_IN_MEMORY,
  StreamRecord,
} from "../../../../tools/machinery/process/byte-record.ts";
import { makeDirectory } from "../../tool-context.ts";

const never = new AbortController().signal;

async function makeRecord(maxBytes = Number.MAX_SAFE_INTEGER): Promise<StreamRecord> {
  const record = new StreamRecord({ spillPath: join(await makeDirectory(), "spill"), maxBytes });
  onTestFinished(() => record.remove());
  return record;
}

async function readAll(record: StreamRecord, step: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let offset = 0; ;) {
    const slice = await record.read(offset, step);
    expect(slice.offset).toBe(offset);
    pieces.push(slice.bytes);
    offset += slice.bytes.length;
    if (slice.bytes.length === 0) return Buffer.concat(pieces);
  }
}

test("any bytes in pieces of any size are read back as they were, in memory and from the file, while they are being written", async () => {
  const record = await makeRecord();
  const lengths = sample(oneof(nat(100), nat(40_000)), { numRuns: 100, seed: 7 });
  const pieces = lengths.map((length) => randomBytes(length));
  const expected = Buffer.concat(pieces);
  const early: Promise<Buffer>[] = [];
  for (const [index, piece] of pieces.entries()) {
    record.append(Buffer.from(piece));
    if (index % 10 === 0) early.push(readAll(record, 7_777));
    if (index % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  record.end();
  expect(expected.length).toBeGreaterThan(MAX_BYTES_IN_MEMORY);
  for (const read of await Promise.all(early))
    expect(expected.subarray(0, read.length).equals(read)).toBe(true);
  await record.spill();
  expect(record.bytesInFile).toBe(expected.length);
  expect(record.bytesInMemory).toBe(0);
  expect((await readAll(record, 65_536)).equals(expected)).toBe(true);
});

test("a slice that begins in the file and ends in memory is whole", async () => {
  const record = await makeRecord();
  record.append(Buffer.alloc(1_000, "a"));
  await record.spill();
  record.append(Buffer.alloc(1_000, "b"));
  const slice = await record.read(500, 1_000);
  expect(Buffer.from(slice.bytes).toString()).toBe("a".repeat(500) + "b".repeat(500));
});

test("bytes printed one by one do not cost a block each", async () => {
  const record = await makeRecord();
  const heapBefore = process.memoryUsage().heapUsed;
  for (let index = 0; index < 200_000; index++) record.append(Buffer.from([index % 256]));
  const { bytes } = await record.read(0, 200_000);
  expect(bytes.every((byte, index) => byte === index % 256)).toBe(true);
  globalThis.gc?.();
  expect(record.bytesInMemory).toBe(200_000);
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(50_000_000);
});

test("what is past the limit is counted as dropped, and reading there says what is missing", async () => {
  const record = await makeRecord(10);
  record.append(Buffer.from("0123456"));
  record.append(Buffer.from("789abcdef"));
  record.end();
  expect(record).toMatchObject({ totalBytes: 16, droppedBytes: 6, ended: true });
  expect(await record.read(8, 100)).toMatchObject({
    offset: 8,
    bytes: Buffer.from("89"),
    missingBytes: 0,
    ended: false,
  });
  expect(await record.read(10, 100)).toMatchObject({ offset: 16, missingBytes: 6, ended: true });
  expect(await record.read(12, 100)).toMatchObject({ offset: 16, missingBytes: 4, ended: true });
});

test("a disk that refuses costs the output past the memory, never the command", async () => {
  const directory = await makeDirectory();
  await writeFile(join(directory, "file"), "");
  const record = new StreamRecord({ spillPath: join(directory, "file", "spill"), maxBytes: 1e9 });
  record.append(Buffer.alloc(MAX_BYTES_IN_MEMORY + 1));
  await record.spill();
  expect(record.append(Buffer.alloc(1_000))).toBe(true);
  expect(record).toMatchObject({
    totalBytes: MAX_BYTES_IN_MEMORY + 1_001,
    droppedBytes: MAX_BYTES_IN_MEMORY + 1_001,
    bytesInMemory: 0,
  });
});

test("a record that was removed says that everything is missing", async () => {
  const record = await makeRecord();
  record.append(Buffer.alloc(MAX_BYTES_IN_MEMORY * 2));
  record.end();
  await record.remove();
  expect(await record.read(5, 10)).toMatchObject({
    missingBytes: MAX_BYTES_IN_MEMORY * 2 - 5,
    ended: true,
  });
});

test("a wait ends with the next byte, with the end of the stream and with its signal, and not before", async () => {
  const record = await makeRecord();
  const order: string[] = [];
  const first = record.waitPast(0, never).then(() => order.push("first byte"));
  const second = record.waitPast(1, never).then(() => order.push("second byte"));
  const gone = new AbortController();
  const aborted = record.waitPast(100, gone.signal).then(() => order.push("abort"));
  const ended = record.waitPast(100, never).then(() => order.push("end"));
  record.append(Buffer.from("a"));
  await first;
  gone.abort();
  await aborted;
  record.append(Buffer.from("b"));
  await second;
  record.end();
  await ended;
  expect(order).toEqual(["first byte", "abort", "second byte", "end"]);
  await record.waitPast(2, never);
});

test("a reader asks beyond the end and gets nothing, from where the end is", async () => {
  const record = await makeRecord();
  record.append(Buffer.from("abc"));
  expect(await record.read(99, 10)).toMatchObject({ offset: 3, missingBytes: 0, ended: false });
});
