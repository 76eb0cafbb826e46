// The client as strangers get it: packed, put into an empty project, compiled strictly and run against a real door.
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { openBox } from "./box-door.ts";
import { openTools } from "./tool-box.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const PROGRAM = `
import { CallError, Harnessd, type Envelope } from "harnessd-client";

const box = await Harnessd.connect({ url: process.argv[2] ?? "" });
const { stdout, exitCode } = await box.exec("echo packed; exit 3", { onStdout: (bytes) => process.stdout.write(bytes) });
const code: number | null = exitCode;
const told: Envelope[] = [];
const refusal = await box.call("run_get", { runId: "run_none" }).catch((error: unknown) => error);
console.log(JSON.stringify({ stdout, code, told, isRefusal: refusal instanceof CallError }));
await box.close();
`;
let project = "";

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "harnessd-packed-"));
  const packed = execFileSync(
    "npm",
    ["pack", "--json", "--pack-destination", project, join(ROOT, "dist/client-package")],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const home = join(project, "node_modules/harnessd-client");
  mkdirSync(home, { recursive: true });
  execFileSync("tar", ["-xzf", join(project, filename), "-C", home, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  for (const name of [...Object.keys(dependencies), "@types/node", "undici-types"]) {
    const link = join(project, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", name), link);
  }
  return () => rmSync(project, { recursive: true, force: true });
});

test("it needs the socket and types alone, and brings the documents of the wire", () => {
  const home = join(project, "node_modules/harnessd-client");
  const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as object;
  expect(manifest).toMatchObject({ engines: { node: ">=20" } });
  expect(Object.keys((manifest as { dependencies: object }).dependencies)).toEqual([
    "ws",
    "@types/ws",
    "zod",
  ]);
  expect(readdirSync(join(home, "docs"))).toEqual(["errors.md", "openapi.json", "openrpc.json"]);
});

test("a program in strict TypeScript compiles against it and runs", async () => {
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "program.ts"), PROGRAM);
  const strict = [
    "--strict",
    "--skipLibCheck",
    "false",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--types",
    "node",
  ];
  execFileSync(
    process.execPath,
    [join(ROOT, "node_modules/typescript/bin/tsc"), ...strict, "program.ts"],
    {
      cwd: project,
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
  const { door } = await openBox({ extra: openTools().table });
  onTestFinished(() => door.close());
  const { execa } = await import("execa");
  const { stdout } = await execa(process.execPath, ["program.js", door.url], { cwd: project });
  expect(stdout.split("\n")).toEqual([
    "packed",
    JSON.stringify({ stdout: "", code: 3, told: [], isRefusal: false }),
  ]);
});
