// SQLite with nothing around it: a row a fact, a thousand rows a commit.
import { DatabaseSync } from "node:sqlite";

const ROWS_A_COMMIT = 1000;

export class BareSqlite implements Disposable {
  readonly #db: DatabaseSync;
  #last = 0;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE facts (seq INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    );
  }

  append(count: number, body: string): void {
    const insert = this.#db.prepare("INSERT INTO facts VALUES (?, ?)");
    for (let left = count; left > 0; left -= ROWS_A_COMMIT) {
      this.#db.exec("BEGIN");
      for (let row = Math.min(left, ROWS_A_COMMIT); row > 0; row--) insert.run(++this.#last, body);
      this.#db.exec("COMMIT");
    }
  }

  /** Reads all rows from the first on; how many there were. */
  read(): number {
    let rows = 0;
    for (const _ of this.#db.prepare("SELECT body FROM facts ORDER BY seq").iterate()) rows++;
    return rows;
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
