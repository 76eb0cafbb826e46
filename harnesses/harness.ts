// What a harness is: an agent that the runtime can drive. Native, vendors' programs and bring-your-own are all this one object.
import type { z } from "zod";
import type { ContainmentReport, PipedProcess, ProcessRequest } from "../tools/process.ts";
import type { Tool, ToolOutcome } from "../tools/tool.ts";
import type { Prompt } from "./content.ts";
import type { HarnessEvent } from "./events.ts";
import type { InputQueue } from "./input-queue.ts";
import type { ModelAccess, ModelDialect } from "./providers.ts";
import type { WarmPool } from "./warm-pool.ts";

/** What a harness can do by itself. What it cannot, the daemon does, or refuses by name before starting. */
export interface HarnessCapabilities {
  /** Input can be given to it while it works. */
  readonly steer: boolean;
  /** A later run can go on from an earlier one's session. */
  readonly resume: boolean;
  /** A session can be continued twice, each its own way. */
  readonly fork: boolean;
  readonly images: boolean;
  /** It hands a JSON Schema to the model itself; the daemon validates in any case. */
  readonly schema: boolean;
  readonly effort: boolean;
  readonly mcpServers: boolean;
  /** It asks before using a tool, so that `ask` permissions hold; false means such a policy is refused. */
  readonly permissions: boolean;
  /** It can be told which of its tools to offer. */
  readonly toolSelection: boolean;
  /** Command output reaches us while the command runs. */
  readonly liveOutput: boolean;
}

export interface ToolCall {
  readonly toolCallId: string;
  readonly name: string;
  readonly input: unknown;
}

export interface PermissionQuestion {
  readonly toolCallId: string;
  /** The tool as the harness calls it. */
  readonly name: string;
  readonly input: unknown;
}

export type PermissionDecision =
  | { readonly decision: "allow"; readonly input?: unknown }
  | { readonly decision: "deny"; readonly reason: string };

/** An MCP server that a run brings along. */
export type McpServer =
  | {
      readonly type: "stdio";
      readonly name: string;
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    }
  | {
      readonly type: "http";
      readonly name: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    };

export interface RunLimits {
  readonly maxTurns?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly maxCostUsd?: number | undefined;
}

/** All that a harness gets. Nothing comes in by another way. */
export interface HarnessContext {
  readonly runId: string;
  readonly prompt: Prompt;
  /** Absolute and existing. */
  readonly cwd: string;
  /** The environment for the agent's own commands; holds no provider key, and no proxy that would stand before loopback. */
  readonly env: Readonly<Record<string, string>>;
  /** Aborted on cancel, timeout and exhausted budget. The harness stops what it drives and returns or throws; the daemon sweeps after it. */
  readonly signal: AbortSignal;
  /** With its provider: `anthropic/claude-…`; absent for the harness's default. */
  readonly model?: string | undefined;
  readonly effort?: "low" | "medium" | "high" | undefined;
  /** Appended to the harness's own system prompt. */
  readonly systemPrompt?: string | undefined;
  /** A JSON Schema that the result must satisfy. */
  readonly schema?: Readonly<Record<string, unknown>> | undefined;
  readonly limits: RunLimits;
  /** The conversation that this run begins or goes on with. */
  readonly session: {
    readonly id: string;
    /** The token of the last `session.bound`, when there was an earlier run. */
    readonly token?: string | undefined;
    /** Go on from `token`, but leave the earlier session as it is. */
    readonly fork: boolean;
  };
  /** This harness's own directory under the daemon's state directory; kept over restarts, shared by its sessions. */
  readonly stateDir: string;
  /** Where `harnessd agents install` puts programs. */
  readonly agentsDir: string;
  /** What outlives a run: a warm program, a shared server. */
  readonly warm: WarmPool;
  /** Input that the host sends while the run works. */
  readonly steering: InputQueue;
  /** The runtime's tools that the run may use, for a harness that runs its own loop. */
  readonly tools: readonly Tool[];
  /** Runs one of `tools` under the run's permissions. Output is emitted as `tool.output` by the daemon. Never rejects for what a model can act on. */
  readonly call: (call: ToolCall) => Promise<ToolOutcome>;
  /** Names of the harness's own tools to offer or withhold; withheld wins. */
  readonly allowedTools?: readonly string[] | undefined;
  readonly deniedTools: readonly string[];
  /** True when some tool calls must be asked for; then `askPermission` must be called before each use of a tool that `call` does not run. */
  readonly mustAsk: boolean;
  readonly askPermission: (question: PermissionQuestion) => Promise<PermissionDecision>;
  readonly mcpServers: readonly McpServer[];
  /**
   * Where to reach a model, and with what, in this dialect; absent: in the first of the provider's that the harness speaks.
   * Throws CodedError `unknown_provider`, `dialect_not_served` or `missing_credential`, naming what to set.
   */
  readonly modelAccess: (model: string, dialect?: ModelDialect) => ModelAccess;
  /**
   * Starts the agent's program, contained: it ends with its owner, whatever it does.
   * The owner is the run unless another is named (`session.id` for a program kept warm, the harness's name for a shared server).
   */
  readonly spawn: (
    request: Pick<ProcessRequest, "command" | "cwd" | "env" | "stdin" | "owner">,
  ) => Promise<PipedProcess>;
  /** Ends what an owner has started, except the processes spared: what a warm program's own children need after a cancel. */
  readonly sweep: (owner: string, spare: readonly number[]) => Promise<ContainmentReport>;
  /** Environment that marks commands as this run's; a shared server must give it to the commands it runs for us. */
  readonly marker: Readonly<Record<string, string>>;
  /** The run's options under this harness's name, parsed by `Harness.options`. */
  readonly options: unknown;
}

export type Readiness =
  | { readonly ready: true; readonly version: string | null }
  | { readonly ready: false; readonly reason: string; readonly fix: string };

/** What `check` may look at, before there is a run. */
export interface HarnessSurroundings {
  /** Absolute directory that `harnessd agents install` installs into. */
  readonly agentsDir: string;
}

export interface Harness {
  /** The only name, on the wire and in the catalogue. */
  readonly name: string;
  readonly title: string;
  readonly capabilities: HarnessCapabilities;
  /** True when it works with the runtime's own tools, so that their names can be checked before a run. */
  readonly usesRuntimeTools?: boolean;
  /** Its own tools, beside the runtime's where it uses those. A name that is neither is refused before a run; with neither of the two fields any is taken. */
  readonly ownTools?: readonly string[];
  /** Those that it uses without asking, whatever a run's permissions say. */
  readonly unaskedTools?: readonly string[];
  /** A tool may be named with a pattern in parentheses, as in `Bash(git *)`. */
  readonly takesToolPatterns?: boolean;
  /** What the names of an MCP server's tools begin with. Absent: `mcp__<server>__`, and `mcp__<server>` stands for all of them. */
  readonly mcpToolPrefix?: (server: string) => string;
  /** Used when a run names no model. Null: the run must name one. */
  readonly defaultModel: string | null;
  /** Taken in this order where there is no key for the default's provider. */
  readonly otherDefaultModels?: readonly string[];
  /** What it can speak to a model's server; a provider that serves none of these is refused before a run. Absent: everything. */
  readonly dialects?: readonly ModelDialect[];
  /** Options of its own, under its own key in a run's `options`. */
  readonly options?: z.ZodType;
  /** Whether it could start now: program there, version right. Absent: always ready. */
  check?(surroundings: HarnessSurroundings): Promise<Readiness>;
  /** Ends by returning (the agent says it is done) or by throwing (it failed). Cleans up in `finally`. */
  run(context: HarnessContext): AsyncIterable<HarnessEvent>;
}
