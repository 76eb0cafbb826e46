// What the journal holds on disk, read from its file beside the daemon's back.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Envelope, EventType, Fact } from "../../src/wire/events.ts";
import type { Box } from "./daemon-process.ts";

/** Every fact as its text, in order. The daemon must have ended. */
export function readJournal({ stateDir }: Box): string[] {
  const db = new DatabaseSync(join(stateDir, "journal", "journal.db"), { readOnly: true });
  try {
    const pages = db.prepare("SELECT body FROM pages ORDER BY first_seq").all();
    return pages.flatMap((page) => String(page["body"]).split("\n"));
  } finally {
    db.close();
  }
}

/** Journals that were set aside as damaged. */
export function damagedJournals({ stateDir }: Box): string[] {
  return readdirSync(join(stateDir, "journal")).filter((name) => name.includes("damaged"));
}

export function parseFacts(texts: readonly string[]): Fact[] {
  return texts.map((text) => JSON.parse(text) as Fact);
}

export function factsOfType<Type extends EventType>(
  facts: readonly Fact[],
  type: Type,
): (Envelope<Type> & Fact)[] {
  return facts.filter((fact): fact is Envelope<Type> & Fact => fact.type === type);
}
