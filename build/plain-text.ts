// The bundle in letters that take one byte each: with a single other one in it, V8 keeps the whole file at two bytes a letter.
import type { Plugin } from "rolldown";

/** In strings, templates and patterns an escape means the same; the code has other letters nowhere else. */
export function plainText(): Plugin {
  return {
    name: "plain-text",
    generateBundle(_, bundle) {
      for (const output of Object.values(bundle)) {
        if (output.type === "chunk")
          output.code = output.code.replaceAll(/[^\0-\x7f]/g, escapeLetter);
      }
    },
  };
}

function escapeLetter(letter: string): string {
  return `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
