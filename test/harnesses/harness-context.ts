// A HarnessContext made by hand, for the tests of adapters: real tools, real processes, directories of its own, every event collected.
import { CodedError } from "../../tools/coded-error.ts";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Prompt } from "../../harnesses/content.ts";
import { HarnessEvent } from "../../harnesses/events.ts";
import type { Harness, HarnessContext, PermissionQuestion } from "../../harnesses/harness.ts";
import { InputQueue } from "../../harnesses/input-queue.ts";
import type { ModelAccess, ModelDialect } from "../../harnesses/providers.ts";
import { WarmPool } from "../../harnesses/warm-pool.ts";
import { exceptLoopback } from "../../src/runs/execution/loopback.ts";
import { tools as catalogue } from "../../tools/index.ts";
import { EVERYWHERE } from "../../tools/paths.ts";
import { BoxProcesses } from "../../tools/machinery/process/process-table.ts";
import { callTool, type Tool } from "../../tools/tool.ts";

/** What a test may want otherwise. A string prompt is one text part. */
export interface RunWishes extends Partial<Omit<HarnessContext, "prompt" | "session">> {
  readonly prompt?: string | Prompt;
  readonly session?: Partial<HarnessContext["session"]>;
}

/** A run as it was seen from outside. */
export interface SeenRun {
  readonly events: readonly HarnessEvent[];
  /** What the harness threw; undefined when it returned. */
  readonly error: unknown;
}

/** A box for harness tests: make one per test, close it at its end. Its directories outlive runs, so that sessions can be resumed. */
export class TestBox {
  readonly directory: string;
  readonly cwd: string;
  readonly stateDir: string;
  readonly warm = new WarmPool({ idleMs: 60_000, maxKept: 8 });
  readonly processes: BoxProcesses;
  /** What harnesses asked leave for, and what they called. */
  readonly questions: PermissionQuestion[] = [];
  #runs = 0;

  private constructor(directory: string) {
    this.directory = directory;
    this.cwd = join(directory, "work");
    this.stateDir = join(directory, "state");
    this.processes = new BoxProcesses({
      directory: join(directory, "spill"),
      boxId: `test-${crypto.randomUUID()}`,
    });
  }

  static async make(): Promise<TestBox> {
    const box = new TestBox(await mkdtemp(join(tmpdir(), "harness-")));
    await Promise.all([mkdir(box.cwd), mkdir(box.stateDir)]);
    return box;
  }

  /** Ends what was started and removes the directories. */
  async close(): Promise<void> {
    await this.warm.closeAll();
    await this.processes.stopAll(100);
    await rm(this.directory, { recursive: true, force: true });
  }

  /** The context of one more run, with the test's wishes in it. `modelAccess` must be among them for a harness that asks a model. */
  context(wishes: RunWishes = {}): HarnessContext {
    const runId = wishes.runId ?? `run_${++this.#runs}`;
    const signal = wishes.signal ?? new AbortController().signal;
    const env = exceptLoopback({
      PATH: process.env["PATH"] ?? "",
      HOME: this.directory,
      ...wishes.env,
    });
    const marker = this.processes.markerOf(runId);
    const tools: readonly Tool[] = wishes.tools ?? catalogue;
    const toolContext = {
      cwd: this.cwd,
      env,
      signal,
      emit: () => Promise.resolve(),
      paths: EVERYWHERE,
      processes: this.processes,
      owner: runId,
    };
    const defaults = {
      cwd: this.cwd,
      limits: {},
      stateDir: this.stateDir,
      agentsDir: join(this.directory, "agents"),
      warm: this.warm,
      steering: new InputQueue(),
      deniedTools: [],
      mustAsk: false,
      mcpServers: [],
      marker,
      options: undefined,
      askPermission: (question: PermissionQuestion) => {
        this.questions.push(question);
        return Promise.resolve({ decision: "allow" as const });
      },
      modelAccess: () => {
        throw new Error("This test gave no modelAccess");
      },
      call: ({ name, input }: { name: string; input: unknown }) => {
        const tool = tools.find((each) => each.name === name);
        if (tool === undefined)
          throw new Error(`The harness called ${name}, which it was not given`);
        return callTool(tool, input, toolContext);
      },
      spawn: (request: Parameters<HarnessContext["spawn"]>[0]) =>
        this.processes.spawn({ owner: runId, signal, ...request }),
      sweep: (owner: string, spare: readonly number[]) =>
        this.processes.stopOwner(owner, { spare }),
    } satisfies Partial<HarnessContext>;
    const prompt = wishes.prompt ?? "Do it.";
    const session = { id: "session_1", fork: false, ...wishes.session };
    const parts: Prompt = typeof prompt === "string" ? [{ type: "text", text: prompt }] : prompt;
    return { ...defaults, ...wishes, runId, signal, env, tools, session, prompt: parts };
  }

  /** Runs a harness to its end; `onEvent` sees each event as it comes, for tests that act in the middle. */
  async run(
    harness: Harness,
    wishes: RunWishes = {},
    onEvent: (event: HarnessEvent) => unknown = () => undefined,
  ): Promise<SeenRun> {
    const events: HarnessEvent[] = [];
    try {
      for await (const event of harness.run(this.context(wishes))) {
        events.push(HarnessEvent.parse(event));
        await onEvent(event);
      }
      return { events, error: undefined };
    } catch (error) {
      return { events, error };
    }
  }
}

/** Access to a scripted model, whatever name the run gives it; any prefix is the provider's. */
export function accessTo(
  script: { anthropicBaseUrl: string; openaiBaseUrl: string },
  dialect: ModelDialect,
): HarnessContext["modelAccess"] {
  return (name, wanted = dialect): ModelAccess => {
    if (wanted !== dialect)
      throw new CodedError(
        "dialect_not_served",
        `${name} is served in ${dialect}, and ${wanted} is wanted`,
      );
    const [provider = "", ...model] = name.split("/");
    const baseUrl =
      dialect === "anthropic-messages" ? script.anthropicBaseUrl : script.openaiBaseUrl;
    return { provider, dialect, model: model.join("/"), baseUrl, apiKey: "test-key" };
  };
}

/** The events of one type, narrowed. */
export function eventsOf<Type extends HarnessEvent["type"]>(
  events: readonly HarnessEvent[],
  type: Type,
): Extract<HarnessEvent, { type: Type }>[] {
  return events.filter(
    (event): event is Extract<HarnessEvent, { type: Type }> => event.type === type,
  );
}
