// Holds the house to its plan: three floors, one direction, one name per thing.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import { harnesses } from "../../harnesses/index.ts";
import { VERSION } from "../../src/wire/version.ts";

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

test("no file imports itself by a detour, not for a type either", () => {
  expect(circlesIn(new Map(sources.map(({ path, imports }) => [path, imports])))).toEqual([]);
});

test("no room imports itself by a detour", () => {
  const graph = new Map<string, string[]>();
  for (const { path, imports } of sources) {
    const room = roomOf(path);
    const others = imports.map(roomOf).filter((other) => other !== room);
    graph.set(room, [...(graph.get(room) ?? []), ...others]);
  }
  expect(circlesIn(graph)).toEqual([]);
});

test("only src/settings/config.ts reads the environment", () => {
  const code = (text: string): string =>
    text.replace(/\/\/.*|\/\*[\s\S]*?\*\/|'[^'\n]*'|"[^"\n]*"/g, "");
  expect(
    sources.filter(({ text }) => /\bprocess\.env\b/.test(code(text))).map(({ path }) => path),
  ).toEqual(["src/settings/config.ts"]);
});

test("no harness's name is asked for outside of that harness", () => {
  const wrong = harnesses.flatMap(({ name }) => {
    const asked = new RegExp(`(===|!==|case|includes\\()\\s*"${name}"`);
    const own = [`harnesses/${name}.ts`, `harnesses/${name}/`];
    return sources
      .filter(({ path, text }) => !own.some((each) => path.startsWith(each)) && asked.test(text))
      .map(({ path }) => `${path} asks for ${name}`);
  });
  expect(wrong).toEqual([]);
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

/** Folders of src/, and below doors/, runs/, tools/machinery/ and harnesses/native/; what stands in the root of src/ is a room each. */
function roomOf(path: string): string {
  const [floor = "", first = "", second = "", third] = path.split("/");
  if (floor === "harnesses") {
    const isNative = first === "native" && third !== undefined;
    return isNative ? `harnesses/native/${second}` : isSingle(path) ? path : `harnesses/${first}`;
  }
  if (isSingle(path)) return path;
  const isParted = ["doors", "runs", "machinery"].includes(first) && third !== undefined;
  return isParted ? `${floor}/${first}/${second}` : `${floor}/${first}`;
}

/** A file in the root of a floor, or of a room that is parted. */
function isSingle(path: string): boolean {
  return /^(src|tools|harnesses)\/[^/]+$|^src\/(runs|doors)\/[^/]+$|^harnesses\/native\/[^/]+$/.test(
    path,
  );
}

/** Every node that is reached from itself. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  return [...graph.keys()].filter((start) => {
    const seen = new Set<string>();
    const reach = (node: string): boolean =>
      (graph.get(node) ?? []).some(
        (next) => next === start || (!seen.has(next) && (seen.add(next), reach(next))),
      );
    return reach(start);
  });
}
