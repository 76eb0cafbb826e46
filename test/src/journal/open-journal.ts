// Journals in directories of their own, closed and removed when the test ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { EventFilter } from "../../../src/wire/event-filter.ts";
import type { Cursor, Envelope } from "../../../src/wire/events.ts";
import type { Problem } from "../../../src/journal/problem.ts";
import { type Batch, Journal, type JournalOptions } from "../../../src/journal/journal.ts";

export const everything: EventFilter = { deltas: true };

export function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-journal-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Problems are collected, since a test that expects none says so. */
export function openJournal(
  options: Partial<JournalOptions> = {},
): Journal & { problems: Problem[] } {
  const problems: Problem[] = [];
  const journal = Journal.open({
    directory: options.directory ?? makeDirectory(),
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  onTestFinished(() => journal.close());
  return Object.assign(journal, { problems });
}

/** Appends `count` small facts of a run. */
export function appendMessages(
  journal: Journal,
  count: number,
  runId = "run-1",
  text = "hello",
): void {
  for (let n = 0; n < count; n++)
    journal.append({ type: "message", messageId: `${n}`, text }, { source: "harness", runId });
}

export function readAll(
  journal: Journal,
  filter = everything,
  after: Cursor | null = null,
): string[] {
  const events: string[] = [];
  for (let cursor = after; ;) {
    const answer = journal.read({ after: cursor, filter, limit: 1000 });
    events.push(...answer.events);
    if (answer.atEnd) return events;
    cursor = answer.cursor;
  }
}

export function parse(events: readonly string[]): Envelope[] {
  return events.map((json) => JSON.parse(json) as Envelope);
}

export function seqsOf(events: readonly string[]): (number | undefined)[] {
  return parse(events).map((event) => event.seq);
}

/** Reads until `enough` events are there. */
export async function collect(
  batches: AsyncGenerator<Batch, void>,
  enough: number,
): Promise<string[]> {
  const events: string[] = [];
  while (events.length < enough) {
    const { value, done } = await batches.next();
    if (done) throw new Error(`The batches ended after ${events.length} of ${enough} events`);
    if (value.kind === "gap") throw new Error(`Unexpected gap: ${JSON.stringify(value.gap)}`);
    events.push(...value.events);
  }
  return events;
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
