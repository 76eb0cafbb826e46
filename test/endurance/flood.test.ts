// Amounts that would fill the memory of a daemon that keeps what it should pass on: a gibibyte of output, 100 MB of file.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Harnessd } from "../../src/client/index.ts";
import type { Cursor } from "../../src/wire/events.ts";
import { DaemonProcess, makeBox } from "./daemon-process.ts";
import { RawHost } from "./raw-host.ts";
import { Chance } from "./seeded.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const MOST_GROWTH_OF_OUTPUT = 64 * MIB;
const MOST_GROWTH_OF_FILES = 32 * MIB;
const FILE_BYTES = 100 * 1000 * 1000;
const WAIT_MS = 60_000;
const LINE_BYTES = 16;

interface Slice {
  readonly offset: number;
  readonly data: string;
  readonly totalBytes: number;
  readonly ended: boolean;
  readonly missingBytes: number;
}
interface Read {
  readonly stdout: Slice;
  readonly exit: { readonly exitCode: number | null } | null;
}

/** Numbered lines of 16 bytes, so that every part of the flood says where it belongs. */
const FIRST_LINE = 100_000_000_000_000;
const FLOOD = `seq ${FIRST_LINE} ${FIRST_LINE + GIB / LINE_BYTES - 1}`;
const floodAt = (offset: number, bytes: number): string => {
  const first = Math.floor(offset / LINE_BYTES);
  const lines = Array.from(
    { length: Math.ceil(bytes / LINE_BYTES) + 1 },
    (_, n) => `${FIRST_LINE + first + n}\n`,
  );
  return lines.join("").slice(offset - first * LINE_BYTES, offset - first * LINE_BYTES + bytes);
};

/** Uses everything once, so that what is measured later is growth and not the first loading of code. */
async function warmUp(host: RawHost, url: string): Promise<void> {
  const { processId } = await host.ask<{ processId: string }>("shell_start", {
    command: "head -c 4M /dev/zero | tr '\\0' x",
  });
  await host.ask("shell_read", { processId, waitMs: WAIT_MS });
  const client = await Harnessd.connect({ url });
  await client.upload("warm", Buffer.alloc(1000));
  for await (const _chunk of (await client.download("warm")).body);
  await client.close();
}

function grown(daemon: DaemonProcess, before: { peak: number }): number {
  return daemon.memory().peak - before.peak;
}

test("a command that prints 1 GiB to a host that reads nothing comes to its end in little memory, and every part of its output can be read", async () => {
  const chance = new Chance("flood");
  const daemon = new DaemonProcess(makeBox());
  const url = await daemon.url;
  const [host, deaf] = await Promise.all([RawHost.connect(url), RawHost.connect(url)]);
  const { cursor } = await host.ask<{ cursor: Cursor }>("daemon_info");
  await warmUp(host, url);
  await deaf.subscribe(cursor);
  deaf.socket.pause();
  const before = daemon.memory();
  const startedAt = performance.now();
  const { processId } = await host.ask<{ processId: string }>("shell_start", { command: FLOOD });
  let read: Read;
  do
    read = await host.ask<Read>("shell_read", {
      processId,
      stdoutOffset: GIB,
      waitMs: WAIT_MS,
      maxBytes: 16,
    });
  while (read.exit === null);
  const seconds = (performance.now() - startedAt) / 1000;
  expect(read.exit.exitCode).toBe(0);
  expect([read.stdout.totalBytes, read.stdout.ended]).toEqual([GIB, true]);
  const growth = grown(daemon, before);
  console.log(
    `1 GiB in ${seconds.toFixed(1)} s; the daemon grew by ${(growth / MIB).toFixed(1)} MiB from ${(before.now / MIB).toFixed(1)} MiB`,
  );
  expect(growth).toBeLessThan(MOST_GROWTH_OF_OUTPUT);
  const offsets = [
    0,
    1,
    GIB - 1,
    GIB - 100,
    ...Array.from({ length: 40 }, () => chance.between(0, GIB - 1)),
  ];
  for (const stdoutOffset of offsets) {
    const { stdout } = await host.ask<Read>("shell_read", {
      processId,
      stdoutOffset,
      maxBytes: 100_000,
    });
    const bytes = Math.min(100_000, GIB - stdoutOffset);
    expect(
      [stdout.offset, stdout.missingBytes, stdout.data === floodAt(stdoutOffset, bytes)],
      `from ${stdoutOffset}`,
    ).toEqual([stdoutOffset, 0, true]);
  }
  expect(grown(daemon, before)).toBeLessThan(MOST_GROWTH_OF_OUTPUT);
  deaf.socket.resume();
  await deaf.until(() =>
    deaf.facts.some((fact) => fact.includes('"type":"process.exited"') && fact.includes(processId)),
  );
  expect(deaf.gaps).toEqual([]);
  expect([(await daemon.stop()).code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
});

test("100 MB go up and come down, each whole, in little memory of the daemon", async () => {
  const box = makeBox();
  const daemon = new DaemonProcess(box);
  const url = await daemon.url;
  await warmUp(await RawHost.connect(url), url);
  const client = await Harnessd.connect({ url });
  const block = Buffer.from(
    Array.from({ length: 1_000_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff),
  );
  const blocks = function* (): Generator<Uint8Array> {
    for (let sent = 0; sent < FILE_BYTES; sent += block.length) {
      block.writeUInt32LE(sent, 0);
      yield Buffer.from(block);
    }
  };
  const expected = createHash("sha256");
  for (const each of blocks()) expected.update(each);
  const digest = expected.digest("hex");
  const before = daemon.memory();
  const startedAt = performance.now();
  await client.upload(
    "big/file.bin",
    (async function* () {
      yield* blocks();
    })(),
  );
  const up = (performance.now() - startedAt) / 1000;
  const onDisk = createHash("sha256");
  for await (const chunk of createReadStream(join(box.workspace, "big/file.bin")))
    onDisk.update(chunk as Buffer);
  expect(onDisk.digest("hex")).toBe(digest);
  const downAt = performance.now();
  const received = createHash("sha256");
  for await (const chunk of (await client.download("big/file.bin")).body) received.update(chunk);
  const down = (performance.now() - downAt) / 1000;
  expect(received.digest("hex")).toBe(digest);
  const growth = grown(daemon, before);
  console.log(
    `100 MB up in ${up.toFixed(2)} s, down in ${down.toFixed(2)} s; the daemon grew by ${(growth / MIB).toFixed(1)} MiB`,
  );
  expect(growth).toBeLessThan(MOST_GROWTH_OF_FILES);
  await client.close();
  expect([(await daemon.stop()).code, daemon.errors, daemon.stray]).toEqual([0, [], []]);
});
