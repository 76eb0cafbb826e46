// Every shell sample of README and docs is executed against a real daemon with a scripted model, or it is said here why not.
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../src/cli/exit-status.ts";
import { Harnessd } from "../../src/client/index.ts";
import { PROGRAM, realBox, type RealBox } from "../house/real-box.ts";
import { ROOT, samplesIn } from "./samples.ts";

/** Not executed here, each for its reason. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [/^docker /, "needs a container engine; test/container has the entry"],
  [
    /^npm /,
    "the scripts of this checkout: .ci/run executes them; that they exist is checked below",
  ],
  [/ agents install /, "downloads a program; test/src/agents installs from a registry of its own"],
  [/^harnessd serve /, "has a test of its own below"],
];
/** What a fresh box has to refuse. */
const REFUSED: readonly RegExp[] = [
  / steer run_/,
  / permissions answer /,
  / --harness claude-code /,
];

/** Single commands, without their comments. */
const commands = samplesIn("sh").flatMap(({ place, text }) =>
  text
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .flatMap((line) => line.split(/;\s+|\s+&&\s+/))
    .filter((command) => command !== "")
    .map((command) => ({ place, command })),
);
const executed = commands.filter(({ command }) => !ELSEWHERE.some(([kind]) => kind.test(command)));

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

/** A directory as the samples have it, with `harnessd` on the path. */
function desk({ env, workspace }: RealBox): { cwd: string; env: Record<string, string> } {
  const base = dirname(workspace);
  const cwd = join(base, "desk");
  const files: Record<string, string | Buffer> = {
    "bin/harnessd": `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`,
    "desk/review.md": "Review what is there",
    "desk/report.csv": "a,b\n1,2\n",
    "desk/shot.png": Buffer.from(PNG, "base64"),
    "desk/answer.schema.json": JSON.stringify({
      type: "object",
      properties: { ok: { type: "boolean" } },
      required: ["ok"],
    }),
    "workspace/package.json": '{"scripts":{"test":"echo three passed"}}',
    "workspace/src/app.ts": "export const app = 1;\n",
    "workspace/dist/app.js": "export const app = 1;\n",
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), content);
  }
  chmodSync(join(base, "bin/harnessd"), 0o755);
  return {
    cwd,
    env: {
      ...env,
      PATH: `${join(base, "bin")}:${env["PATH"] ?? ""}`,
      // Each command is a program started from its sources.
      NODE_COMPILE_CACHE: join(base, "compiled"),
    },
  };
}

test("every command of the shell samples does what it says, or is refused by name where a fresh box must refuse it", async () => {
  expect(executed.length).toBeGreaterThan(12);
  const box = await realBox([
    { text: "Done." },
    { text: "Done." },
    { text: "Reviewed." },
    { calls: [{ intent: "answer", json: { ok: true } }] },
  ]);
  const { cwd, env } = desk(box);
  await using host = await Harnessd.connect(box);
  const first = await host.run({ prompt: "Say done", model: "anthropic/claude-sonnet-5-5" });
  await first.result();
  const execute = async (those: typeof executed): Promise<void> => {
    for (const { place, command } of those) {
      const line = command
        .replaceAll("run_…", first.id)
        .replaceAll("perm_…", "perm_none")
        .replaceAll("…", "go on");
      const { code, text } = await bash(line, cwd, env);
      const wanted = REFUSED.some((kind) => kind.test(command)) ? EXIT.refused : EXIT.completed;
      expect({ place, line, code, text }).toMatchObject({ place, line, code: wanted });
    }
  };
  // Runs in the order in which the model's script has their answers, and beside them what starts none.
  const startsRun = ({ command }: { command: string }): boolean =>
    command.startsWith("harnessd run ");
  await Promise.all([
    execute(executed.filter(startsRun)),
    execute(executed.filter((each) => !startsRun(each))),
  ]);
}, 120_000);

test("the README's `serve` says the line that stands below it, and ends with 0", async () => {
  const sample = samplesIn("sh").find(({ text }) => text.startsWith("harnessd serve"))?.text ?? "";
  const [command = "", shown = ""] = sample.split("\n");
  const box = await realBox([]);
  const { env } = desk(box);
  const [, ...args] = command
    .replace("8420", "0")
    .replace("/workspace", box.workspace)
    .replace("/var/lib/harnessd", join(dirname(box.workspace), "second"))
    .split(" ");
  const child = spawn("harnessd", args, { env, stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise<number | null>((done) => child.once("exit", done));
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as object;
    expect(Object.keys(said)).toEqual(Object.keys(JSON.parse(shown.slice(2)) as object));
    child.kill("SIGTERM");
  }
  expect(await exited).toBe(0);
}, 60_000);

test("every npm script that a sample names exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const named = commands.flatMap(({ command }) => {
    const [, name] = /^npm (?:run )?(\S+)/.exec(command) ?? [];
    return name === undefined || name === "install" ? [] : [name];
  });
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

async function bash(
  command: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number; text: string }> {
  try {
    const child = promisify(execFile)("bash", ["-c", command], { cwd, env });
    child.child.stdin?.end();
    const { stdout, stderr } = await child;
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}
