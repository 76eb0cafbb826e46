// Whether output is coloured: only on a terminal that shows colours, unless the environment says otherwise.
import { readEnvironment } from "../settings/config.ts";

/** FORCE_COLOR wins over NO_COLOR, as in Node itself; both over what the stream is. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  { FORCE_COLOR, NO_COLOR, TERM }: Readonly<Record<string, string | undefined>> = readEnvironment(),
): boolean {
  if (FORCE_COLOR !== undefined) return !["0", "false"].includes(FORCE_COLOR);
  if (NO_COLOR) return false;
  return stream.isTTY === true && TERM !== "dumb";
}
