// A real daemon as a process of its own, whose model is scripted: what samples, documents and other people's clients are held against.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { ScriptedModel, type ScriptStep } from "../scripted-model/scripted-model.ts";

export const PROGRAM = resolve(import.meta.dirname, "../../src/bin.ts");

export interface RealBox {
  /** `ws://…` */
  readonly url: string;
  readonly token: string;
  readonly workspace: string;
  /** What the daemon was started with, keys of the scripted model included. */
  readonly env: Readonly<Record<string, string>>;
}

export async function realBox(steps: readonly ScriptStep[]): Promise<RealBox> {
  const base = mkdtempSync(join(tmpdir(), "harnessd-house-"));
  const workspace = join(base, "workspace");
  mkdirSync(workspace);
  const model = await ScriptedModel.start();
  const { anthropicBaseUrl } = model.script("house", steps);
  const token = "token-of-the-house";
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: base,
    HARNESSD_TOKEN: token,
    HARNESSD_STATE_DIR: join(base, "state"),
    ANTHROPIC_API_KEY: "sk-for-tests-only",
    ANTHROPIC_BASE_URL: anthropicBaseUrl,
  };
  const args = [PROGRAM, "serve", "--port", "0", "--workspace", workspace, "--log-level", "error"];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(async () => {
    await ended(child);
    await model.close();
    rmSync(base, { recursive: true, force: true, maxRetries: 5 });
  });
  return { url: await addressOf(child), token, workspace, env };
}

async function addressOf(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<string> {
  for await (const line of createInterface({ input: child.stdout }))
    return (JSON.parse(line) as { url: string }).url;
  throw new Error("The daemon ended before it said where it listens");
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await exited;
}
