// Holds the house to its plan: three floors, one direction, one name per thing.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { VERSION } from "../../src/version.ts";

const root = resolve(import.meta.dirname, "../..");
const FLOORS = ["tools", "harnesses", "src"] as const;
const MAX_LINES = 250;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourcesOf(floor: string): Source[] {
  const files = readdirSync(join(root, floor), { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts"),
  );
  return files.map((file) => {
    const path = join(floor, file);
    const text = readFileSync(join(root, path), "utf8");
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(
      (match) => match[1] ?? "",
    );
    return {
      path,
      text,
      imports: specifiers.map((each) => relative(root, resolve(root, path, "..", each))),
    };
  });
}

const sources = FLOORS.flatMap(sourcesOf);

test.each(FLOORS)("%s/ imports nothing of a floor above it", (floor) => {
  const above = FLOORS.slice(FLOORS.indexOf(floor) + 1);
  const wrong = sources
    .filter(({ path }) => path.startsWith(`${floor}/`))
    .flatMap(({ path, imports }) => {
      return imports
        .filter((each) => above.some((upper) => each.startsWith(`${upper}/`)))
        .map((each) => `${path} -> ${each}`);
    });
  expect(wrong).toEqual([]);
});

test("no file imports itself by a detour", () => {
  const graph = new Map(sources.map(({ path, text }) => [path, runtimeImports(path, text)]));
  const circles: string[] = [];
  for (const start of graph.keys()) {
    const seen = new Set<string>();
    const reach = (path: string): boolean =>
      (graph.get(path) ?? []).some(
        (next) => next === start || (!seen.has(next) && (seen.add(next), reach(next))),
      );
    if (reach(start)) circles.push(start);
  }
  expect(circles).toEqual([]);
});

test("only src/settings/config.ts reads the environment", () => {
  const code = (text: string): string =>
    text.replace(/\/\/.*|\/\*[\s\S]*?\*\/|'[^'\n]*'|"[^"\n]*"/g, "");
  expect(
    sources.filter(({ text }) => /\bprocess\.env\b/.test(code(text))).map(({ path }) => path),
  ).toEqual(["src/settings/config.ts"]);
});

test("no harness's name is asked for outside of that harness", () => {
  const names = /(===|case)\s*"(claude-code|codex|opencode|native)"/;
  expect(
    sources
      .filter(({ path, text }) => !path.startsWith("harnesses/") && names.test(text))
      .map(({ path }) => path),
  ).toEqual([]);
});

test("every file says in its first line what it is for, and none is long", () => {
  const written = sources.filter(({ path }) => !path.includes("/generated/"));
  expect(
    written.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text)).map(({ path }) => path),
  ).toEqual([]);
  expect(
    written.filter(({ text }) => text.split("\n").length > MAX_LINES + 1).map(({ path }) => path),
  ).toEqual([]);
});

test("no file is named for a drawer", () => {
  const drawers = /(^|\/)(utils?|helpers?|common|core|misc|types|manager|service)\.ts$/;
  expect(sources.map(({ path }) => path).filter((path) => drawers.test(path))).toEqual([]);
});

test("the version that the daemon says is the package's", () => {
  expect(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))).toMatchObject({
    version: VERSION,
  });
});

/** A type's import vanishes at run time, and cannot make a circle. */
function runtimeImports(path: string, text: string): string[] {
  const statements = [
    ...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+"(\.[^"]+)"/gm),
  ].map((match) => match[1] ?? "");
  return statements.map((each) => relative(root, resolve(root, path, "..", each)));
}
