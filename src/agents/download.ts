// Fetches one package with npm, telling how far it has come.
import { lstat, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ProgramPackage } from "../../harnesses/agent-programs.ts";
import type { Npm } from "./npm.ts";

const PROGRESS_INTERVAL_MS = 500;

export type DownloadProgress =
  | { readonly stage: "resolving" }
  /** `bytes` unpacked so far, of `totalBytes`; null when the registry does not say how many they will be. */
  | { readonly stage: "downloading"; readonly bytes: number; readonly totalBytes: number | null };

/** Puts the package and nothing else below `directory`. Throws CodedError `npm_failed`. */
export async function download(
  wanted: ProgramPackage,
  npm: Npm,
  directory: string,
  signal: AbortSignal,
  report: (progress: DownloadProgress) => void,
): Promise<void> {
  report({ stage: "resolving" });
  await writeFile(join(directory, "package.json"), '{"private":true}\n');
  const totalBytes = await unpackedSize(wanted, npm, directory, signal);
  report({ stage: "downloading", bytes: 0, totalBytes });
  // The user's npm settings say from where and how; only what would change the layout or run code is set.
  const flags = [
    "--global=false",
    "--ignore-scripts",
    "--no-save",
    "--no-package-lock",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const args = ["install", `${wanted.name}@${wanted.spec}`, "--prefix", directory, ...flags];
  const done = new AbortController();
  const watching = reportSize(directory, done.signal, (bytes) =>
    report({ stage: "downloading", bytes, totalBytes }),
  );
  try {
    await npm.run(args, directory, signal);
  } finally {
    done.abort();
    await watching;
  }
}

async function unpackedSize(
  { name, spec }: ProgramPackage,
  npm: Npm,
  directory: string,
  signal: AbortSignal,
): Promise<number | null> {
  const full = spec.startsWith("npm:") ? spec.slice("npm:".length) : `${name}@${spec}`;
  const answer = (
    await npm.run(
      ["view", full, "dist.unpackedSize", "--json", "--loglevel=error"],
      directory,
      signal,
    )
  ).trim();
  const size = /^\d+$/.test(answer) ? Number(answer) : Number.NaN;
  return Number.isSafeInteger(size) ? size : null;
}

async function reportSize(
  directory: string,
  done: AbortSignal,
  report: (bytes: number) => void,
): Promise<void> {
  while (!done.aborted) {
    await delay(PROGRESS_INTERVAL_MS, undefined, { signal: done }).catch(() => {});
    report(await sizeOf(directory));
  }
}

/** Bytes of all files below; what vanishes meanwhile counts nothing. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  const sizes = entries.map(async (entry) => {
    const found = entry.isFile()
      ? await lstat(join(entry.parentPath, entry.name)).catch(() => null)
      : null;
    return found?.size ?? 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
