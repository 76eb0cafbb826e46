// What docs/errors.md says of each code.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { ERROR_CODES, httpStatusOf, rpcNumberOf } from "../../../src/wire/error-codes.ts";

const text = readFileSync(resolve(import.meta.dirname, "../../../docs/errors.md"), "utf8");
const meanings = new Map(
  [...text.matchAll(/^\| `([a-z_]+)`\s*\| (.*?)\s*\| (.*?)\s*\|$/gm)].map(
    ([, code = "", meaning = "", todo = ""]) => [
      code,
      todo === "–" ? meaning : `${meaning}. What to do: ${todo}`,
    ],
  ),
);

export interface DocumentedError {
  readonly code: string;
  readonly number: number;
  readonly status: number;
  readonly message: string;
}

export const documentedErrors: readonly DocumentedError[] = Object.keys(ERROR_CODES).map(
  (code) => ({
    code,
    number: rpcNumberOf(code),
    status: httpStatusOf(code),
    message: (meanings.get(code) ?? code).replaceAll("\\|", "|"),
  }),
);
