import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { expect, onTestFinished, test } from "vitest";
import { makeDirectory } from "../../../tools/tool-context.ts";

const MIB = 1024 * 1024;
const PIECES = 100;
const piece = randomBytes(MIB);

/** The transfer routes in a process of their own, whose memory is theirs alone. */
async function serveApart() {
  const directory = await makeDirectory();
  const child = spawn(
    process.execPath,
    [new URL("./serve-transfers.ts", import.meta.url).pathname],
    { cwd: directory },
  );
  onTestFinished(() => void child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const base = `http://127.0.0.1:${(await lines.next()).value}`;
  const memory = async () => {
    child.stdin.write("\n");
    return JSON.parse((await lines.next()).value as string) as {
      residentKib: number;
      peakKib: number;
    };
  };
  return { directory, base, memory };
}

const put = (url: string, body: NonNullable<RequestInit["body"]>) =>
  fetch(url, { method: "PUT", body, duplex: "half" });
const upload = (url: string, pieces: number) => put(url, Readable.from(piecesOf(pieces)));

function* piecesOf(count: number): Generator<Uint8Array> {
  for (let sent = 0; sent < count; sent++) yield piece;
}

async function digest(response: Response): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
    hash.update(chunk);
  return hash.digest("hex");
}

test("100 MiB up and down, as a file and as a folder, cost the server less than 32 MiB of memory", async () => {
  const { directory, base, memory } = await serveApart();
  await (await upload(`${base}/files?path=warm`, 1)).json();
  await digest(await fetch(`${base}/files?path=warm`));
  await mkdir(join(directory, "folder"));
  await writeFile(join(directory, "folder/warm"), piece);
  const tarred = Buffer.from(await (await fetch(`${base}/archive?path=folder`)).arrayBuffer());
  await fetch(`${base}/archive?path=again`, { method: "PUT", body: tarred });
  const before = await memory();

  const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const start = performance.now();
    await work();
    rates.push(`${what} ${Math.round((PIECES * MIB) / 1000 / (performance.now() - start))} MB/s`);
  };
  const rates: string[] = [];
  await timed("file up", async () =>
    (await upload(`${base}/files?path=folder/big`, PIECES)).json(),
  );
  await timed("file down", async () => {
    const wanted = createHash("sha256");
    for (const bytes of piecesOf(PIECES)) wanted.update(bytes);
    expect(await digest(await fetch(`${base}/files?path=folder/big`))).toBe(wanted.digest("hex"));
  });
  await timed("folder down and up", async () => {
    const { body } = await fetch(`${base}/archive?path=folder`);
    await (await put(`${base}/archive?path=again`, body!)).json();
  });
  expect((await stat(join(directory, "again/big"))).size).toBe(PIECES * MIB);

  const grownMib = Math.round(((await memory()).peakKib - before.residentKib) / 1024);
  console.log(`${rates.join(", ")}; peak memory grew by ${grownMib} MiB`);
  expect(grownMib).toBeLessThan(32);
});
