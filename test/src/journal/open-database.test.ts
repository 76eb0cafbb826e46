// What a journal finds when it is opened: nothing, an older or newer schema, damage, another daemon.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { Journal } from "../../../src/journal/journal.ts";
import { migrate, MIGRATIONS, SCHEMA_VERSION } from "../../../src/journal/schema.ts";
import {
  appendMessages,
  everything,
  makeDirectory,
  openJournal,
  readAll,
  seqsOf,
} from "./open-journal.ts";

/** A closed journal of `count` facts; its directory and database file. */
async function makeJournal(
  count: number,
): Promise<{ directory: string; path: string; epoch: string }> {
  const directory = makeDirectory();
  const journal = openJournal({ directory });
  appendMessages(journal, count, "run-1", "x".repeat(100));
  await journal.committed();
  journal.close();
  return { directory, path: join(directory, "journal.db"), epoch: journal.epoch };
}

function damagedFiles(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.includes("damaged"));
}

test("a new directory gets a new journal with an epoch of its own", () => {
  const [first, second] = [openJournal(), openJournal()];
  expect([first.opening, second.opening]).toEqual([{ kind: "created" }, { kind: "created" }]);
  expect(first.epoch).not.toBe(second.epoch);
  expect([first.head.seq, first.oldest.seq]).toEqual([0, 0]);
});

test("what an end in the middle of making the first journal leaves behind is no damage, and is made anew", async () => {
  const { directory, path } = await makeJournal(1);
  const half = readFileSync(path).subarray(0, 4096);
  rmSync(path);
  writeFileSync(`${path}.new`, half);
  writeFileSync(`${path}.new-journal`, half);
  const journal = openJournal({ directory });
  expect([journal.opening, journal.previousEnd, journal.problems]).toEqual([
    { kind: "created" },
    "none",
    [],
  ]);
  expect(readdirSync(directory).filter((name) => name.includes(".new"))).toEqual([]);
});

test.each(MIGRATIONS.map((_, index) => index + 1).slice(0, -1))(
  "a journal of schema %i is migrated and keeps its epoch and facts",
  (version) => {
    const directory = makeDirectory();
    const db = new DatabaseSync(join(directory, "journal.db"));
    migrate(db, 0, MIGRATIONS.slice(0, version));
    db.exec(
      `INSERT INTO meta VALUES ('epoch', 'old-epoch'); INSERT INTO pages VALUES (1, 2, 0, 0, 5, '[]', '[]', '{}' || char(10) || '[]')`,
    );
    db.close();
    const journal = openJournal({ directory });
    expect(journal.opening).toEqual({
      kind: "migrated",
      detail: `from schema ${version} to ${SCHEMA_VERSION}`,
    });
    expect([journal.epoch, readAll(journal)]).toEqual(["old-epoch", ["{}", "[]"]]);
    journal.close();
    expect(openJournal({ directory }).opening).toEqual({ kind: "opened" });
  },
);

test("a migration that fails leaves the database as it was", async () => {
  const { path } = await makeJournal(1);
  const db = new DatabaseSync(path);
  onTestFinished(() => db.close());
  expect(() =>
    migrate(db, SCHEMA_VERSION, [...MIGRATIONS, "CREATE TABLE half (x); CREATE TABLE pages (x)"]),
  ).toThrow(/pages already exists/);
  expect(db.prepare("SELECT name FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
  expect(db.prepare("SELECT value FROM meta WHERE key = 'schema'").get()).toEqual({
    value: String(SCHEMA_VERSION),
  });
});

test("a journal of a newer schema is refused with both versions and what to do, and is left as it was", async () => {
  const { directory, path } = await makeJournal(3);
  const db = new DatabaseSync(path);
  db.exec("UPDATE meta SET value = '99' WHERE key = 'schema'");
  db.close();
  const before = readFileSync(path);
  const refusal = {
    code: "schema_too_new",
    message: expect.stringMatching(
      new RegExp(`schema 99.*up to ${SCHEMA_VERSION}.*another state directory`),
    ),
  };
  expect(() => Journal.open({ directory })).toThrow(expect.objectContaining(refusal));
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(damagedFiles(directory)).toEqual([]);
  expect(() => Journal.open({ directory })).toThrow(
    expect.objectContaining({ code: "schema_too_new" }),
  );
});

const damages: Record<string, (path: string) => void> = {
  "that is no database": (path) => writeFileSync(path, "hello ".repeat(1000)),
  "that was emptied": (path) => truncateSync(path, 0),
  "that was cut in the middle": (path) =>
    truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096),
  "with overwritten pages": (path) =>
    writeFileSync(path, Buffer.alloc(40_960, 0xab), { flag: "r+", flush: true }),
  "with garbage in the middle": (path) => {
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xab, 8192, bytes.length - 4096));
  },
  "with one overwritten block": (path) => {
    const bytes = readFileSync(path);
    const block = Math.floor(bytes.length / 8192) * 4096;
    writeFileSync(path, bytes.fill(0xab, block, block + 4096));
  },
  "with a torn page of facts": (path) => {
    const db = new DatabaseSync(path);
    db.exec("UPDATE pages SET body = substr(body, 1, length(body) / 2)");
    db.close();
  },
  "that holds something else": (path) => {
    const db = new DatabaseSync(path);
    db.exec("DROP TABLE meta");
    db.close();
  },
};
test.each(Object.keys(damages))(
  "a journal file %s is set aside whole, reported, and a new epoch begins",
  async (name) => {
    const { directory, path, epoch } = await makeJournal(2000);
    damages[name]?.(path);
    const damaged = readFileSync(path);
    const journal = openJournal({ directory });
    expect(journal.opening.kind).toBe("set_aside");
    expect(journal.problems).toMatchObject([
      { code: "set_aside", message: journal.opening.detail },
    ]);
    const [aside = ""] = damagedFiles(directory);
    expect(aside).toMatch(/^journal\.damaged-\d{4}-\d\d-\d\dT.*\.db$/);
    expect(journal.opening.detail).toContain(aside);
    expect(readFileSync(join(directory, aside)).equals(damaged)).toBe(true);
    expect([journal.epoch === epoch, journal.head.seq]).toEqual([false, 0]);
    expect(
      journal.read({ after: { epoch, seq: 5 }, filter: everything, limit: 1 }).gap?.reason,
    ).toBe("epoch_changed");
    appendMessages(journal, 5);
    await journal.committed();
    journal.close();
    expect(openJournal({ directory }).head.seq).toBe(5);
  },
);

test("what a killed daemon left in the write-ahead log is there after opening", async () => {
  const from = makeDirectory();
  const journal = openJournal({ directory: from });
  appendMessages(journal, 300);
  await journal.committed();
  const directory = makeDirectory();
  for (const name of ["journal.db", "journal.db-wal"])
    copyFileSync(join(from, name), join(directory, name));
  const copy = openJournal({ directory });
  expect(copy.opening).toEqual({ kind: "opened" });
  expect(readAll(copy)).toEqual(readAll(journal));
});

test("a write-ahead log cut in the middle costs its end and nothing else", async () => {
  const from = makeDirectory();
  const journal = openJournal({ directory: from });
  for (let n = 0; n < 100; n++) {
    appendMessages(journal, 10);
    await journal.committed();
  }
  const directory = makeDirectory();
  for (const name of ["journal.db", "journal.db-wal"])
    copyFileSync(join(from, name), join(directory, name));
  const wal = join(directory, "journal.db-wal");
  truncateSync(wal, statSync(wal).size / 2 + 100);
  const copy = openJournal({ directory });
  const facts = readAll(copy);
  expect(facts.length).toBeGreaterThan(100);
  expect(facts).toEqual(readAll(journal).slice(0, facts.length));
});

test("a second journal on the directory is refused and told which process has it, in this process and in another", async () => {
  const directory = makeDirectory();
  const journal = openJournal({ directory });
  const refusal = { code: "locked", message: expect.stringContaining(`process ${process.pid}`) };
  expect(() => Journal.open({ directory })).toThrow(expect.objectContaining(refusal));
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "fixtures/append-forever.ts"), directory],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await once(child, "close");
  expect(stderr).toContain(`process ${process.pid}`);
  appendMessages(journal, 1);
  await journal.committed();
  journal.close();
  expect(seqsOf(readAll(openJournal({ directory })))).toEqual([1]);
});

test("a state directory that cannot be made is refused by code, with the reason", () => {
  const file = join(makeDirectory(), "file");
  writeFileSync(file, "");
  const refusal = {
    code: "cannot_open",
    message: expect.stringMatching(/cannot be used \(.*EEXIST|ENOTDIR/),
  };
  expect(() => Journal.open({ directory: file })).toThrow(expect.objectContaining(refusal));
});

test("a journal knows whether its last owner closed it", async () => {
  const from = makeDirectory();
  const journal = openJournal({ directory: from });
  const directory = makeDirectory();
  for (const name of ["journal.db", "journal.db-wal"])
    copyFileSync(join(from, name), join(directory, name));
  journal.close();
  expect([
    journal.previousEnd,
    openJournal({ directory: from }).previousEnd,
    openJournal({ directory }).previousEnd,
  ]).toEqual(["none", "clean", "crashed"]);
});

test("a refused journal lets go of what it had taken", async () => {
  const { directory, path } = await makeJournal(1);
  const db = new DatabaseSync(path);
  db.exec("UPDATE meta SET value = '99' WHERE key = 'schema'");
  expect(() => Journal.open({ directory })).toThrow(/schema 99/);
  db.exec(`UPDATE meta SET value = '${SCHEMA_VERSION}' WHERE key = 'schema'`);
  db.close();
  expect(openJournal({ directory }).head.seq).toBe(1);
  expect(existsSync(path)).toBe(true);
});
