// Reads a journal's tables without being its owner: no lock is taken and nothing is written.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CodedError } from "../../tools/coded-error.ts";
import { FILE_NAME } from "./open-database.ts";
import { readSchemaVersion, SCHEMA_VERSION } from "./schema.ts";

/** Undefined where the directory holds none. Throws CodedError for one of another schema, or one that cannot be read. */
export function readJournalDatabase<Answer>(
  directory: string,
  read: (db: DatabaseSync) => Answer,
): Answer | undefined {
  const path = join(directory, FILE_NAME);
  if (!existsSync(path)) return undefined;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true });
    if (readSchemaVersion(db) !== SCHEMA_VERSION)
      throw new CodedError(
        "cannot_open",
        `The journal ${path} is of another version of harnessd; start \`harnessd serve\` to bring it up to date`,
      );
    return read(db);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CodedError("cannot_open", `The journal ${path} cannot be read: ${reason}`, {
      cause: error,
    });
  } finally {
    db?.close();
  }
}
