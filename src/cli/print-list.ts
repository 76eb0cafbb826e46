// A list as a person reads it, or as programs do: one entry a line in both.
import type { Flags } from "./options.ts";

/** `--json` prints nothing at all for an empty list; a person is told that it is empty. */
export function printList<Item>(
  items: readonly Item[],
  flags: Flags,
  describe: (item: Item) => string,
  nothing: string,
): void {
  const asJson = flags["json"] === true;
  for (const item of items)
    process.stdout.write(`${asJson ? JSON.stringify(item) : describe(item)}\n`);
  if (items.length === 0 && !asJson) process.stdout.write(`${nothing}\n`);
}
