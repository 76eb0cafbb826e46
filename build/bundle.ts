// Builds what rolldown.config.ts says. Rolldown's own command would print every file that it writes.
import { rolldown } from "rolldown";
import configurations from "../rolldown.config.ts";

for (const { output = [], ...input } of configurations) {
  await using bundle = await rolldown(input);
  for (const each of [output].flat()) await bundle.write(each);
}
