// The licences of what the bundle contains, in one file beside it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "rolldown";

export function licences(fileName: string): Plugin {
  return {
    name: "licences",
    generateBundle(_, bundle) {
      const modules = Object.values(bundle).flatMap((output) =>
        output.type === "chunk" ? output.moduleIds : [],
      );
      const packages = new Set(modules.map(packageOf).filter((each) => each !== undefined));
      const texts = [...packages].map(licenceOf).sort();
      this.emitFile({ type: "asset", fileName, source: texts.join(`\n${"-".repeat(80)}\n\n`) });
    },
  };
}

/** The directory of the package that a module belongs to; undefined for our own. */
function packageOf(module: string): string | undefined {
  if (!module.includes("/node_modules/")) return undefined;
  let directory = dirname(module);
  while (!isPackage(directory)) directory = dirname(directory);
  return directory;
}

/** Some packages mark a folder of theirs as ES modules with a manifest that names nothing. */
function isPackage(directory: string): boolean {
  const manifest = join(directory, "package.json");
  return existsSync(manifest) && readManifest(directory).version !== undefined;
}

function readManifest(directory: string): { name?: string; version?: string; license?: string } {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
    name?: string;
    version?: string;
    license?: string;
  };
}

function licenceOf(directory: string): string {
  const { name, version, license } = readManifest(directory);
  const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each));
  const text =
    file === undefined ? "" : `\n${readFileSync(join(directory, file), "utf8").trim()}\n`;
  return `${name} ${version} (${license})\n${text}`;
}
