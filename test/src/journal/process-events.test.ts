import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createLog } from "../../../src/log/log.ts";
import { processEvents } from "../../../src/journal/process-events.ts";
import { Secrets } from "../../../src/log/secrets.ts";
import { BoxProcesses } from "../../../tools/machinery/process/process-table.ts";
import { makeDirectory, openJournal, parse, readAll } from "./open-journal.ts";

const REQUEST = {
  command: "echo hi",
  cwd: "/",
  env: { PATH: process.env["PATH"] ?? "" },
  stdin: "closed",
} as const;

function openBox(maxPendingBytes?: number) {
  const directory = makeDirectory();
  mkdirSync(join(directory, "processes"));
  const journal = openJournal({
    directory: join(directory, "journal"),
    ...(maxPendingBytes !== undefined && { maxPendingBytes }),
  });
  const logged: string[] = [];
  const log = createLog("info", new Secrets(), (line) => logged.push(line));
  const processes = new BoxProcesses({
    directory: join(directory, "processes"),
    boxId: directory.replaceAll("/", "-"),
    observer: processEvents(journal, log),
  });
  onTestFinished(async () => void (await processes.close()));
  return { journal, logged, processes };
}

test("the start and the end of a process are facts, and nothing is left open behind them", async () => {
  const { journal, processes } = openBox();
  await (
    await processes.start(REQUEST)
  ).exited;
  await journal.committed();
  expect(parse(readAll(journal))).toMatchObject([
    { type: "process.started" },
    { type: "process.exited", exitCode: 0, stdoutBytes: 3 },
  ]);
  expect(journal.database.prepare("SELECT count(*) AS open FROM open_processes").get()).toEqual({
    open: 0,
  });
});

test("nothing is started while the journal has no room for it, and the refusal says why", async () => {
  const { journal, processes } = openBox(1000);
  journal.append({ type: "notice", code: "x", message: "x".repeat(600) }, { source: "daemon" });
  await expect(processes.start(REQUEST)).rejects.toMatchObject({
    name: "CodedError",
    code: "too_much_pending",
  });
  await journal.committed();
  expect(parse(readAll(journal)).map(({ type }) => type)).toEqual(["notice"]);
});

test("the end of a process after the journal's own end is logged, and harms nobody", async () => {
  const { journal, logged, processes } = openBox();
  const process = await processes.start({ ...REQUEST, command: "cat", stdin: "open" });
  journal.close();
  process.closeStdin();
  expect(await process.exited).toMatchObject({ exitCode: 0 });
  expect(logged.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    "process.exited",
  ]);
});
