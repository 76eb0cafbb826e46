// Random trees and random changes, told by the watch as a plain walk before and after tells them.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { assert, asyncProperty, constantFrom, nat, oneof, record, array } from "fast-check";
import { expect, test } from "vitest";
import { ChangeWatch } from "../../../src/workspace/change-watch.ts";

/** Cases with a real git each; HARNESSD_CASES sets another number for a run by hand. */
const CASES = Number(process.env["HARNESSD_CASES"] ?? 25);
const NAMES = [
  "a",
  "b c",
  "ü",
  "-x",
  'q"uote',
  "new\nline",
  "tab\t",
  "back\\slash",
  "dir/in",
  "dir/deep/er",
  "git~1",
];

const name = constantFrom(...NAMES);
const step = oneof(
  record({ kind: constantFrom("write" as const), name, value: nat(3) }),
  record({ kind: constantFrom("large" as const), name, value: nat(3) }),
  record({ kind: constantFrom("remove" as const), name, value: nat(0) }),
  record({ kind: constantFrom("link" as const), name, value: nat(3) }),
  record({ kind: constantFrom("mode" as const), name, value: nat(1) }),
  record({ kind: constantFrom("rename" as const), name, value: nat(NAMES.length - 1) }),
  record({
    kind: constantFrom("repository" as const),
    name: constantFrom("dir", "dir/deep"),
    value: nat(0),
  }),
);
type Step = { kind: string; name: string; value: number };

function apply(cwd: string, { kind, name, value }: Step): void {
  const path = join(cwd, name);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (kind === "repository") {
    mkdirSync(path, { recursive: true });
    execFileSync("git", ["init", "--quiet", path]);
    return;
  }
  if (found?.isDirectory()) return;
  mkdirSync(dirname(path), { recursive: true });
  if (kind === "mode" && found?.isFile()) return chmodSync(path, value === 0 ? 0o644 : 0o755);
  if (kind === "rename" && found) {
    const to = join(cwd, NAMES[value] ?? "a");
    if (lstatSync(to, { throwIfNoEntry: false })?.isDirectory()) return;
    mkdirSync(dirname(to), { recursive: true });
    return renameSync(path, to);
  }
  if (kind === "mode" || kind === "rename") return;
  rmSync(path, { force: true });
  if (kind === "write") writeFileSync(path, `content ${value}\n`);
  if (kind === "large") writeFileSync(path, `${value}`.repeat(100_000));
  if (kind === "link") symlinkSync(`target ${value}`, path);
}

function walk(top: string, directory = top): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.name === ".git") continue;
    if (entry.isDirectory()) for (const [key, value] of walk(top, path)) found.set(key, value);
    else {
      const isLink = entry.isSymbolicLink();
      const content = isLink ? readlinkSync(path) : readFileSync(path, "utf8");
      const mode = isLink ? "link" : String((lstatSync(path).mode & 0o100) !== 0);
      found.set(relative(top, path), `${mode} ${content}`);
    }
  }
  return found;
}

function difference(before: Map<string, string>, after: Map<string, string>): string[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => {
      if (!before.has(path)) return `created ${path}`;
      return after.has(path) ? `modified ${path}` : `deleted ${path}`;
    })
    .sort();
}

test(
  "whatever changes in whatever tree is told as a walk tells it",
  { timeout: 120_000 },
  async () => {
    await assert(
      asyncProperty(
        array(step, { maxLength: 8 }),
        array(step, { maxLength: 8 }),
        async (first, then) => {
          const base = mkdtempSync(join(tmpdir(), "harnessd-tree-"));
          const cwd = join(base, "work");
          mkdirSync(cwd);
          try {
            for (const each of first) apply(cwd, each);
            const told: string[] = [];
            const changes = new ChangeWatch({
              runId: "run_1",
              cwd,
              stateDir: join(base, "state"),
              processes: { markerOf: () => ({}) },
              onEvent: (event) =>
                told.push(
                  event.type === "notice" ? event.message : `${event.change} ${event.path}`,
                ),
            });
            await changes.ready();
            const before = walk(cwd);
            for (const each of then) apply(cwd, each);
            await changes.look();
            await changes.close();
            expect(told.sort()).toEqual(difference(before, walk(cwd)));
          } finally {
            rmSync(base, { recursive: true, force: true });
          }
        },
      ),
      { numRuns: CASES, seed: 11 },
    );
  },
);
