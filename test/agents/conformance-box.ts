// A daemon with one harness, a host that is connected to it, and a scripted model behind it: what every case of the conformance suite runs in.
import { deepEqual } from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { splitModelName } from "../../harnesses/providers.ts";
import {
  Harnessd,
  type Envelope,
  type EventType,
  type Run,
  type RunHandle,
} from "../../src/client/index.ts";
import { readConfig } from "../../src/settings/config.ts";
import { startDaemon, type Daemon } from "../../src/daemon.ts";
import type { RunUsage } from "../../src/wire/events.ts";
import type { RunRequestInput } from "../../src/wire/methods.ts";
import type { Settings } from "../../src/settings/settings.ts";
import {
  ScriptedModel,
  type PlayedScript,
  type ScriptStep,
} from "../scripted-model/scripted-model.ts";

/** Nothing that the agent's shell can read, and no event, may hold it. */
export const KEY = "sk-conformance-1f6a9c";

export interface AgentBoxOptions {
  readonly harness: string;
  /** With its provider. */
  readonly model: string;
  /** Under the harness's own name: what makes it give up soon. */
  readonly options: Readonly<Record<string, unknown>>;
}

export type DaemonFlags = Partial<Record<keyof Settings, unknown>>;

/** What a case wants of its run beside what every run has. */
export interface Wishes extends Omit<RunRequestInput, "prompt" | "providers"> {
  readonly prompt?: RunRequestInput["prompt"];
  /** Of an earlier run, when its model should go on. */
  readonly script?: PlayedScript;
  /** In place of the scripted model's. */
  readonly baseUrl?: string;
  /** By path relative to the run's directory, which is then its own. */
  readonly files?: Readonly<Record<string, string>>;
  /** Sees each event as it comes; awaited. */
  readonly onEvent?: (event: Envelope, run: RunHandle) => unknown;
}

/** A run as the host saw it. */
export interface Told {
  readonly run: Run;
  readonly events: readonly Envelope[];
  readonly script: PlayedScript;
  readonly cwd: string;
}

export class AgentBox {
  readonly directory: string;
  readonly model: ScriptedModel;
  /** Of the last run that was told; what a table shows of a case that failed. */
  lastRun: Run | undefined;
  readonly #options: AgentBoxOptions;
  #daemon: Daemon | undefined;
  #host: Harnessd | undefined;
  #scripts = 0;

  private constructor(options: AgentBoxOptions, directory: string, model: ScriptedModel) {
    this.#options = options;
    this.directory = directory;
    this.model = model;
  }

  static async open(options: AgentBoxOptions): Promise<AgentBox> {
    const box = new AgentBox(
      options,
      await mkdtemp(join(tmpdir(), "conformance-")),
      await ScriptedModel.start(),
    );
    await mkdir(box.workspace);
    await box.start();
    return box;
  }

  get workspace(): string {
    return join(this.directory, "workspace");
  }

  get host(): Harnessd {
    if (!this.#host) throw new Error("The daemon is not running");
    return this.#host;
  }

  get url(): string {
    return this.#daemon?.url ?? "";
  }

  /** A daemon on the box's state directory, and a host connected to it. */
  async start(flags: DaemonFlags = {}): Promise<void> {
    const settings = {
      port: 0,
      stateDir: join(this.directory, "state"),
      workspace: this.workspace,
      logLevel: "silent",
      ...flags,
    };
    const { PATH, HARNESSD_AGENTS_DIR } = process.env;
    this.#daemon = await startDaemon(
      readConfig(settings, { PATH, HARNESSD_AGENTS_DIR, HOME: this.directory, LANG: "C.UTF-8" }),
    );
    this.#host = await Harnessd.connect({ url: this.#daemon.url });
  }

  async stop(): Promise<void> {
    await this.#host?.close();
    await this.#daemon?.close("the case wants it");
    this.#host = this.#daemon = undefined;
  }

  /** Ends the daemon with all its agents, and starts another on the same state. */
  async restart(flags: DaemonFlags = {}): Promise<void> {
    await this.stop();
    await this.start(flags);
  }

  async close(): Promise<void> {
    await this.stop();
    await this.model.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** One for all runs that bring no files: some agents take seconds to get to know a directory. */
  directoryFor(files: Wishes["files"]): string {
    return files ? join(this.workspace, `run-${crypto.randomUUID().slice(0, 8)}`) : this.workspace;
  }

  script(steps: readonly ScriptStep[]): PlayedScript {
    return this.model.script(`script-${++this.#scripts}`, steps);
  }

  /** Starts a run that plays the steps, in a directory of its own. */
  async begin(
    steps: readonly ScriptStep[],
    { script: given, baseUrl, files, ...wishes }: Omit<Wishes, "onEvent"> = {},
  ) {
    const script = given ?? this.script([]);
    script.add(...steps);
    const { harness, model: standard, options } = this.#options;
    const model = wishes.model ?? standard;
    const cwd = wishes.cwd ?? this.directoryFor(files);
    await mkdir(cwd, { recursive: true });
    for (const [path, text] of Object.entries(files ?? {})) {
      await mkdir(dirname(join(cwd, path)), { recursive: true });
      await writeFile(join(cwd, path), text);
    }
    const providers = accessTo(script, model, baseUrl);
    const run = await this.host.run({
      prompt: "Do it.",
      harness,
      options: { [harness]: options },
      ...wishes,
      model,
      cwd,
      providers,
    });
    return { run, script, cwd };
  }

  /** Runs the steps to the run's end, and gives back all that was told of it. */
  async tell(steps: readonly ScriptStep[], wishes: Wishes = {}): Promise<Told> {
    const { onEvent, ...rest } = wishes;
    const { run, script, cwd } = await this.begin(steps, rest);
    const events: Envelope[] = [];
    for await (const event of run) {
      events.push(event);
      await onEvent?.(event, run);
    }
    this.lastRun = await run.result();
    const told = { run: this.lastRun, events, script, cwd };
    if (told.run.usage) assertFactsAddUp(told, told.run.usage);
    return told;
  }
}

function accessTo(
  script: PlayedScript,
  model: string,
  baseUrl: string | undefined,
): NonNullable<RunRequestInput["providers"]> {
  const provider = splitModelName(model)?.provider;
  if (!provider) throw new Error(`${model} names no provider`);
  const own =
    provider.dialects[0] === "anthropic-messages" ? script.anthropicBaseUrl : script.openaiBaseUrl;
  return { [provider.name]: { apiKey: KEY, baseUrl: baseUrl ?? own } };
}

/** However a run ended, what it is charged with is what its facts of use say. */
function assertFactsAddUp(told: Told, { inputTokens, outputTokens }: RunUsage): void {
  const facts = eventsOf(told, "usage");
  const sumOf = (field: "inputTokens" | "outputTokens"): number =>
    facts.reduce((sum, each) => sum + each[field], 0);
  deepEqual(
    { inputTokens, outputTokens },
    { inputTokens: sumOf("inputTokens"), outputTokens: sumOf("outputTokens") },
  );
}

/** The events of one type, narrowed. */
export function eventsOf<Type extends EventType>(
  told: Pick<Told, "events">,
  type: Type,
): Envelope<Type>[] {
  return told.events.filter((event): event is Envelope<Type> => event.type === type);
}
