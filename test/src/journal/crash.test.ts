// kill -9 at random moments: what anyone saw is there afterwards, and nothing else has crept in.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readMeta } from "../../../src/journal/schema.ts";
import { makeDirectory, openJournal, range, readAll, seqsOf } from "./open-journal.ts";

const ROUNDS = 6;

/** Lets the program append until it has printed about `bytes`, kills it, and gives the whole lines it printed. */
async function appendAndKill(directory: string, bytes: number): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "fixtures/append-forever.ts"), directory],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const chunks: Buffer[] = [];
  let received = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    received += chunk.length;
    if (received >= bytes) child.kill("SIGKILL");
  });
  await once(child, "close");
  return Buffer.concat(chunks).toString("utf8").split("\n").slice(0, -1);
}

test(
  `after each of ${ROUNDS} kills, every fact that was shown or said to be durable is there, byte for byte, and the order is dense`,
  { timeout: 60_000 },
  async () => {
    const directory = makeDirectory();
    const shown: string[] = [];
    let durable = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const lines = await appendAndKill(directory, Math.random() * 400_000);
      for (const line of lines) {
        if (line.startsWith("durable ")) durable = Number(line.slice(8));
        else shown.push(line);
      }
      const journal = openJournal({ directory });
      const kept = readAll(journal);
      expect(journal.opening.kind).toBe("opened");
      expect(seqsOf(kept)).toEqual(range(1, kept.length));
      expect(kept.length).toBeGreaterThanOrEqual(durable);
      expect(readMeta(journal.database, "written")).toBe(String(kept.length));
      const keptLines = new Set(kept);
      expect(shown.filter((fact) => !keptLines.has(fact))).toEqual([]);
      expect(journal.problems).toEqual([]);
      journal.close();
    }
    expect(shown.length).toBeGreaterThan(ROUNDS);
    expect(new Set(shown).size).toBe(shown.length);
  },
);
