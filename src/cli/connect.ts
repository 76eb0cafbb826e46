// Finds the daemon that a command talks to: the one at --url, the one that serves this state directory, or one of its own.
import { ConnectError, Harnessd } from "../client/index.ts";
import { readVariable, type Config } from "../settings/config.ts";
import { JournalError } from "../journal/journal-error.ts";
import { readAddress } from "./address.ts";

export interface Target {
  readonly box: Harnessd;
  /** Closes the line, and the daemon where it is our own. */
  close(): Promise<void>;
}

export interface TargetOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

/** A daemon must be there already: at --url, in HARNESSD_URL, or serving the state directory. */
export async function connectToDaemon(
  { url, token }: TargetOptions,
  config: Config,
): Promise<Target> {
  const address = url ?? readVariable("HARNESSD_URL") ?? (await readAddress(config.stateDir));
  if (address === undefined) {
    throw new ConnectError(
      "unreachable",
      `No daemon serves ${config.stateDir}: start one with \`harnessd serve\`, or name one with --url`,
    );
  }
  const line = new LineTeller(address);
  const box = await Harnessd.connect({
    url: address,
    token: token ?? config.token,
    onLine: (state) => line.tell(state),
  });
  const close = (): Promise<void> => {
    line.stop();
    return box.close();
  };
  return { box, close };
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
    return { box, close };
  } catch (error) {
    if (!(error instanceof JournalError && error.code === "locked")) throw error;
    if ((await readAddress(config.stateDir)) !== undefined) return connectToDaemon(options, config);
    const advice =
      "A command that runs a daemon of its own shares it with nobody; `harnessd serve` serves any number of commands.";
    throw new ConnectError("unreachable", `${error.message} ${advice}`, { cause: error });
  }
}

/** Silence would look like work: a person is told when the line breaks, and when it is back. */
class LineTeller {
  readonly #url: string;
  #wasDown = false;
  #isStopped = false;

  constructor(url: string) {
    this.#url = url;
  }

  tell(state: "up" | "down"): void {
    if (this.#isStopped) return;
    if (state === "down")
      process.stderr.write(`harnessd: the connection to ${this.#url} was lost; trying again\n`);
    else if (this.#wasDown) process.stderr.write(`harnessd: connected to ${this.#url} again\n`);
    this.#wasDown = state === "down";
  }

  /** The line is closed on purpose. */
  stop(): void {
    this.#isStopped = true;
  }
}
