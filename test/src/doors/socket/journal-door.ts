// A real journal in a temporary directory, and the small table with the events_* methods on it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Journal } from "../../../../src/journal/journal.ts";
import { methods } from "../../../../src/wire/methods.ts";
import type { Method } from "../../../../src/doors/socket/method.ts";
import { eventHandlers } from "../../../../src/doors/socket/subscriptions.ts";
import { silentLog, smallTable } from "./small-door.ts";

export function openJournal(): Journal {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-wire-"));
  const journal = Journal.open({ directory });
  onTestFinished(() => {
    journal.close();
    rmSync(directory, { recursive: true });
  });
  return journal;
}

export function tableWith(journal: Journal): Map<string, Method> {
  const table = smallTable();
  for (const [name, handle] of Object.entries(eventHandlers(journal, silentLog))) {
    table.set(name, { params: methods[name as keyof typeof methods].params, handle });
  }
  return table;
}
