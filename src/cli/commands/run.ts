// `harnessd run`: one prompt, shown as it is carried out; the exit status says how it ended.
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { RunHandle } from "../client/index.ts";
import { ConfigError, readConfig } from "../settings/config.ts";
import type { RunRequestInput } from "../wire/methods.ts";
import { connectOrStart } from "./connect.ts";
import { EXIT, exitStatusOf } from "./exit-status.ts";
import { Renderer } from "./render.ts";
import { onStop } from "./stop.ts";

const MS_PER_SECOND = 1000;

export async function run(prompt: string, flags: Readonly<Record<string, unknown>>): Promise<void> {
  const target = await connectOrStart(flags, readConfig(flags));
  try {
    const handle = await target.box.run(await requestOf(prompt, flags));
    process.exitCode = await show(handle, flags["json"] === true);
  } finally {
    await target.close();
  }
}

/**
 * Shows a run to its end and answers the exit status. The first Ctrl-C cancels the run; a second, any other signal and a reader that
 * has left only end the showing: the run goes on where its daemon does.
 */
export async function show(handle: RunHandle, asJson: boolean): Promise<number> {
  const stopShowing = new AbortController();
  let isCancelled = false;
  const listenNoMore = onStop((by) => {
    if (by !== "SIGINT" || isCancelled) return stopShowing.abort();
    isCancelled = true;
    handle.cancel("interrupted at the terminal").catch(() => stopShowing.abort());
  });
  const renderer = new Renderer((text) => process.stdout.write(text), process.stdout.isTTY);
  try {
    for await (const event of handle.events({ signal: stopShowing.signal })) {
      if (asJson) process.stdout.write(`${JSON.stringify(event)}\n`);
      else renderer.show(event);
      if (event.type === "run.ended") return exitStatusOf(event);
    }
    return EXIT.unknown;
  } finally {
    listenNoMore();
  }
}

async function requestOf(
  prompt: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<RunRequestInput> {
  const {
    harness,
    model,
    session,
    fork,
    cwd,
    schema,
    system,
    effort,
    timeout,
    maxTurns,
    maxTokens,
    maxCost,
    key,
  } = flags as Record<string, string | undefined>;
  const request = {
    prompt,
    harness,
    model,
    sessionId: session,
    fork: fork === undefined ? undefined : true,
    cwd: cwd && resolve(cwd),
    schema: schema === undefined ? undefined : await readSchema(schema),
    systemPrompt: system,
    effort,
    timeoutMs: timeout && Number(timeout) * MS_PER_SECOND,
    maxTurns,
    maxTokens,
    maxCostUsd: maxCost,
    key,
  };
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as unknown as RunRequestInput;
}

async function readSchema(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  } catch (error) {
    throw new ConfigError(
      `--schema: ${file} is not a readable JSON file: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
