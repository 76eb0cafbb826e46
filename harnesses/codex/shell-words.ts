// Reads a command line that a program has quoted for a POSIX shell, to show the command inside of its shell's wrapping.

const WORD = /'([^']*)'|"((?:[^"\\]|\\[^])*)"|\\([^])|([^\s'"\\]+)/gy;
const SPACE = /\s+/y;

/** The words, unquoted; null when the line is not well quoted, or holds what only a shell can expand. */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let word = "";
  let at = 0;
  while (at < line.length) {
    SPACE.lastIndex = at;
    WORD.lastIndex = at;
    if (SPACE.test(line)) {
      words.push(word);
      word = "";
      at = SPACE.lastIndex;
      continue;
    }
    const [piece, single, double, escaped, plain] = WORD.exec(line) ?? [];
    if (piece === undefined) return null;
    word += single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? escaped ?? plain ?? "";
    at += piece.length;
  }
  return [...words, word];
}

/** `ls` for `/bin/bash -lc ls`; the line as it is when no shell wraps it. */
export function unwrapShell(line: string): string {
  const words = splitWords(line);
  const [shell = "", flag = "", script] = words ?? [];
  const isWrapped =
    words?.length === 3 && /(^|\/)(ba|z|da|k)?sh$/.test(shell) && /^-l?c$/.test(flag);
  return isWrapped && script !== undefined ? script : line;
}
