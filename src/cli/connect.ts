// Finds the daemon that a command talks to: the one at --url, the one that serves this state directory, or one of its own.
import { ConnectError, Harnessd } from "../client/index.ts";
import { CodedError } from "../../tools/coded-error.ts";
import { readConfig, readVariable, type Config } from "../settings/config.ts";
import { readAddress } from "./address.ts";
import { UsageError } from "./usage-error.ts";

export interface Target {
  readonly box: Harnessd;
  /** What a user can name it by. */
  readonly url: string;
  /** True when others use the daemon too, so that what is left with it goes on. */
  readonly isShared: boolean;
  /** Closes the line, and the daemon where it is our own. */
  close(): Promise<void>;
}

export interface TargetOptions {
  readonly url?: string | undefined;
}

/** Does `work` on a daemon that must be there already, and closes the line after it. */
export async function withDaemon<Answer>(
  flags: TargetOptions & Readonly<Record<string, unknown>>,
  work: (box: Harnessd, target: Target) => Promise<Answer>,
): Promise<Answer> {
  const target = await connectToDaemon(flags, readConfig(flags));
  try {
    return await work(target.box, target);
  } finally {
    await target.close();
  }
}

/** A daemon must be there already: at --url, in HARNESSD_URL, or serving the state directory. */
export async function connectToDaemon({ url }: TargetOptions, config: Config): Promise<Target> {
  const address = url ?? readVariable("HARNESSD_URL") ?? (await readAddress(config.stateDir));
  if (address === undefined) {
    throw new ConnectError(
      "unreachable",
      `No daemon serves ${config.stateDir}: start one with \`harnessd serve\`, or name one with --url`,
    );
  }
  if (!/^wss?:\/\//.test(address))
    throw new UsageError(`--url (HARNESSD_URL): wanted ws://… or wss://…; found ${address}`);
  const line = new LineReporter(address);
  const box = await Harnessd.connect({
    url: address,
    token: config.token,
    onLine: (state) => line.report(state),
  }).catch((error: unknown) => {
    throw explained(error, address, config.token);
  });
  line.start();
  const close = (): Promise<void> => {
    line.stop();
    return box.close();
  };
  return { box, url: address, isShared: true, close };
}

/** As `connectToDaemon`, or else starts a daemon in this very process. */
export async function connectOrStart(options: TargetOptions, config: Config): Promise<Target> {
  if (options.url ?? readVariable("HARNESSD_URL")) return connectToDaemon(options, config);
  try {
    const { startDaemon } = await import("../daemon.ts");
    const daemon = await startDaemon({ ...config, host: "127.0.0.1", port: 0, logLevel: "error" });
    const box = await Harnessd.connect({ url: daemon.url, token: config.token });
    const close = async (): Promise<void> => {
      await box.close();
      await daemon.close("the command has ended");
    };
    return { box, url: daemon.url, isShared: false, close };
  } catch (error) {
    if (!(error instanceof CodedError && error.code === "locked")) throw error;
    if ((await readAddress(config.stateDir)) !== undefined) return connectToDaemon(options, config);
    const advice =
      "A command that runs a daemon of its own shares it with nobody; `harnessd serve` serves any number of commands.";
    throw new ConnectError("unreachable", `${error.message} ${advice}`, { cause: error });
  }
}

/** Says of a refused token how to give one. */
function explained(error: unknown, address: string, token: string | undefined): unknown {
  if (!(error instanceof ConnectError && error.code === "unauthorized")) return error;
  const how = "in HARNESSD_TOKEN, with --token-file or with --token";
  const message =
    token === undefined
      ? `The daemon at ${address} wants a token: give it ${how}`
      : `The daemon at ${address} does not accept the token; give the right one ${how}`;
  return new ConnectError("unauthorized", message, { cause: error });
}

/** Silence would look like work: a person hears when the line breaks, and when it is back. */
class LineReporter {
  readonly #url: string;
  #wasDown = false;
  #isAtWork = false;

  constructor(url: string) {
    this.#url = url;
  }

  report(state: "up" | "down"): void {
    if (!this.#isAtWork) return;
    if (state === "down")
      process.stderr.write(`harnessd: the connection to ${this.#url} was lost; trying again\n`);
    else if (this.#wasDown) process.stderr.write(`harnessd: connected to ${this.#url} again\n`);
    this.#wasDown = state === "down";
  }

  /** The first connection stands; until then its failure is all that there is to say. */
  start(): void {
    this.#isAtWork = true;
  }

  /** The line is closed on purpose. */
  stop(): void {
    this.#isAtWork = false;
  }
}
