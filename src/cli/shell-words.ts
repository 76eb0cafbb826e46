// Words of a command line: put together for a shell, and taken apart as one would.

/** For `bash -c`: the argument stays one word. */
export function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Splits at blanks outside of quotes; variables and patterns are left as they are. */
export function splitWords(line: string): string[] {
  const words = line.match(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/gs) ?? [];
  return words.map((word) =>
    word.replaceAll(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/gs, (_, escaped, double, single) =>
      String(escaped ?? single ?? (double as string).replaceAll(/\\(["\\$`])/g, "$1")),
    ),
  );
}
