// The samples of README and docs, as they stand there.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface Sample {
  /** File and line. */
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

function samplesOf(file: string): Sample[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^```(\w+)\n(.*?)^```/gms)].map((match) => ({
    place: `${file}:${text.slice(0, match.index).split("\n").length}`,
    language: match[1] ?? "",
    text: match[2] ?? "",
  }));
}

const files = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export function samplesIn(language: string): Sample[] {
  return files.flatMap(samplesOf).filter((sample) => sample.language === language);
}

/** Code between backticks in running text. */
export function inlineCode(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8").replace(/^```.*?^```/gms, "");
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
}
