// The client as a package of its own, in dist/client-package: for hosts, which need nothing of the daemon.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";

const ROOT = resolve(import.meta.dirname, "..");
const OUTPUT = join(ROOT, "dist/client-package");
const TYPES = join(ROOT, "dist/types");
const ENTRY = "src/client/index";
const DOCUMENTS = ["openrpc.json", "openapi.json", "errors.md"];
/** All that it needs beside Node: the socket, and for TypeScript the types of the socket and of the schemas. */
const NEEDED = ["ws", "@types/ws", "zod"];

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(join(OUTPUT, "docs"), { recursive: true });
await bundle();
for (const file of typesFrom(join(TYPES, `${ENTRY}.d.ts`))) copy(file, relative(TYPES, file));
for (const name of DOCUMENTS) copy(join(ROOT, "docs", name), join("docs", name));
copy(join(ROOT, "docs/client.md"), "README.md");
copy(join(ROOT, "LICENSE"), "LICENSE");
writeFileSync(join(OUTPUT, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);

async function bundle(): Promise<void> {
  await using build = await rolldown({
    input: { client: join(ROOT, `${ENTRY}.ts`) },
    platform: "node",
    external: ["ws"],
  });
  const { output } = await build.write({ dir: OUTPUT, format: "esm", comments: false });
  const wanted = new Set(output.flatMap((each) => (each.type === "chunk" ? each.imports : [])));
  const surplus = [...wanted].filter((name) => name !== "ws" && !name.startsWith("node:"));
  if (surplus.length > 0) throw new Error(`The client needs ${surplus.join(", ")}`);
}

/** The declarations that the entry reaches, itself included. */
function typesFrom(entry: string): Set<string> {
  const found = new Set([entry]);
  for (const file of found)
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(
      /(?:from|import\()\s*"(\.[^"]+)"/g,
    ))
      found.add(resolve(dirname(file), name.replace(/\.(ts|js)$/, ".d.ts")));
  return found;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(join(OUTPUT, to)), { recursive: true });
  copyFileSync(from, join(OUTPUT, to));
}

function manifest() {
  const own = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
  const all = { ...own.devDependencies, ...own.dependencies };
  return {
    name: "harnessd-client",
    version: own.version,
    description:
      "Drives a harnessd box from Node: runs, commands, files and an event stream that loses nothing.",
    license: own.license,
    type: "module",
    engines: { node: ">=20" },
    exports: {
      ".": { types: `./${ENTRY}.d.ts`, default: "./client.js" },
      "./docs/*": "./docs/*",
    },
    dependencies: Object.fromEntries(NEEDED.map((name) => [name, all[name]])),
  };
}
