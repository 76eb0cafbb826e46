// The options of `harnessd run`, and the request that they make.
import { readFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import type { RunRequestInput } from "../wire/methods.ts";
import { mcpServersOf } from "./mcp-server.ts";
import {
  CWD_HELP,
  environmentEntry,
  type Flags,
  positive,
  repeated,
  wholePositive,
} from "./options.ts";
import { permissionsOf, PERMISSION_HELP } from "./permission-rule.ts";
import { FILE_HELP, readPrompt } from "./prompt.ts";
import { UsageError } from "./usage-error.ts";

const MS_PER_SECOND = 1000;

interface RunFlags {
  readonly promptFile?: string;
  readonly file?: readonly string[];
  readonly harness?: string;
  readonly model?: string;
  readonly session?: string;
  readonly fork?: true;
  readonly cwd?: string;
  readonly schema?: string;
  readonly system?: string;
  readonly effort?: "low" | "medium" | "high";
  readonly timeout?: number;
  readonly maxTurns?: number;
  readonly maxTokens?: number;
  readonly maxCost?: number;
  readonly allowUnknownPrice?: true;
  readonly key?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly mcp?: readonly string[];
  readonly permission?: readonly string[];
}

export function addRunOptions(run: Command): Command {
  return run
    .option("--prompt-file <file>", "read the prompt from this file")
    .option("--file <file>", FILE_HELP, repeated)
    .option("--harness <name>", "which agent does it; `harnessd status` lists them", "native")
    .option("--model <name>", "with its provider: anthropic/…, openai/…, openrouter/…, vercel/…")
    .option("--session <id>", "go on with this session")
    .option("--fork", "go on from the session, but leave it as it is")
    .option("--cwd <dir>", CWD_HELP)
    .option("--schema <file>", "JSON Schema that the result must satisfy")
    .option("--system <text>", "text appended to the agent's system prompt")
    .addOption(
      new Option("--effort <level>", "how much it thinks").choices(["low", "medium", "high"]),
    )
    .option("--timeout <seconds>", "end the run when it takes longer", positive)
    .option("--max-turns <count>", "end the run after so many answers of the model", wholePositive)
    .option("--max-tokens <count>", "end the run when it has used more", wholePositive)
    .option("--max-cost <dollars>", "end the run when it has cost more", positive)
    .option("--allow-unknown-price", "take --max-cost for a model without a known price too")
    .option(
      "--env <name=value>",
      "variable for the agent's commands; NAME alone hands on the caller's; may be repeated",
      environmentEntry,
    )
    .option(
      "--mcp <server>",
      "MCP server: NAME=URL, NAME=COMMAND ARGS, or a JSON file with `mcpServers`; may be repeated",
      repeated,
    )
    .option("--permission <rule>", PERMISSION_HELP, repeated)
    .option("--key <key>", "idempotency key: the same key is the same run");
}

/** Throws UsageError for what can be seen to be wrong here. */
export async function requestOf(words: readonly string[], flags: Flags): Promise<RunRequestInput> {
  const given = flags as RunFlags;
  const request = {
    prompt: await readPrompt({ words, promptFile: given.promptFile, files: given.file }),
    harness: given.harness,
    model: given.model,
    sessionId: given.session,
    fork: given.fork,
    cwd: given.cwd,
    schema: given.schema === undefined ? undefined : await readSchema(given.schema),
    systemPrompt: given.system,
    effort: given.effort,
    timeoutMs: given.timeout === undefined ? undefined : Math.ceil(given.timeout * MS_PER_SECOND),
    maxTurns: given.maxTurns,
    maxTokens: given.maxTokens,
    maxCostUsd: given.maxCost,
    allowUnknownPrice: given.allowUnknownPrice,
    env: given.env,
    mcpServers: given.mcp && (await mcpServersOf(given.mcp)),
    permissions: given.permission && permissionsOf(given.permission),
    key: given.key,
  };
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as unknown as RunRequestInput;
}

async function readSchema(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  } catch (error) {
    throw new UsageError(
      `--schema: ${file} is not a readable JSON file: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
