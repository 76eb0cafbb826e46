import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { tools } from "../../tools/index.ts";
import { schemasOf, type Tool } from "../../tools/tool.ts";

const FOLDERS = ["fs", "git", "shell"];
const catalogue: readonly Tool[] = tools;

async function toolFiles(): Promise<{ name: string; file: URL }[]> {
  const found = FOLDERS.map(async (folder) => {
    const directory = new URL(`../../tools/${folder}/`, import.meta.url);
    const files = (await readdir(directory).catch(() => [])).filter((file) => file.endsWith(".ts"));
    return files.map((file) => ({
      name: `${folder}_${file.slice(0, -3).replaceAll("-", "_")}`,
      file: new URL(file, directory),
    }));
  });
  return (await Promise.all(found)).flat();
}

test("every file in a tool folder declares the one tool of its name, and the catalogue has it", async () => {
  for (const { name, file } of await toolFiles()) {
    const declared = Object.values((await import(file.href)) as Record<string, unknown>);
    expect(declared.map((tool) => (tool as Tool).name)).toEqual([name]);
    expect(catalogue).toContain(declared[0]);
  }
});

test("the catalogue has nothing but these files, each once", async () => {
  const names = (await toolFiles()).map(({ name }) => name);
  expect(catalogue.map(({ name }) => name).sort()).toEqual(names.sort());
});

test.each(catalogue.map((tool) => [tool.name, tool] as const))(
  "%s has a description and schemas that every door can show",
  (_, tool) => {
    expect(tool.description.length).toBeGreaterThan(20);
    const { input, output } = schemasOf(tool);
    expect(input).toMatchObject({ type: "object", additionalProperties: false });
    expect(output).toMatchObject({ type: "object" });
    // A model is given the schema alone: what it says must survive as plain JSON.
    expect(JSON.parse(JSON.stringify(input))).toEqual(input);
  },
);
