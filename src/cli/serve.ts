// The daemon in the foreground, until a signal, its host's refusal or a bug of its own ends it.
import { readConfig } from "../settings/config.ts";
import { startDaemon } from "../daemon.ts";
import type { Log } from "../log/log.ts";
import { VERSION } from "../wire/version.ts";
import { removeAddress, writeAddress } from "./address.ts";
import { EXIT } from "./exit-status.ts";
import { onStop } from "./stop.ts";

const MS_PER_SECOND = 1000;
/** Added to the grace period before the process ends by force: something hangs that should not. */
const LAST_RESORT_MS = 2000;

export async function serve(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const config = readConfig(flags);
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  let log: Log | undefined;
  // From the beginning: an end that comes while the daemon starts happens once it has.
  onStop((by) => {
    if (by !== "SIGPIPE") end(`received ${by}`);
  });
  onBug((error, origin) => {
    if (log)
      log.error({ err: error, origin }, "a bug: the daemon ends what it has started, and itself");
    else process.stderr.write(`harnessd: ${error.stack ?? error.message}\n`);
    end(`a bug in the daemon: ${error.message}`);
  });
  void ended.then(() =>
    setTimeout(
      () => process.exit(EXIT.failed),
      config.grace * MS_PER_SECOND + LAST_RESORT_MS,
    ).unref(),
  );
  const daemon = await startDaemon(config);
  ({ log } = daemon);
  await writeAddress(config.stateDir, daemon.url);
  void daemon.refused.then((message) => {
    process.exitCode = EXIT.failed;
    end(message);
  });
  process.stdout.write(
    `${JSON.stringify({ type: "listening", url: daemon.url, pid: process.pid, version: VERSION })}\n`,
  );
  const reason = await ended;
  log.info({ reason }, "stopping");
  await removeAddress(config.stateDir);
  await daemon.close(reason);
}

/** What nobody caught, rejected promises included. Nothing after it is to be trusted, so whoever watches the process must start it again. */
function onBug(report: (error: Error, origin: string) => void): void {
  process.on("uncaughtException", (thrown: unknown, origin) => {
    process.exitCode = EXIT.failed;
    report(thrown instanceof Error ? thrown : new Error(String(thrown)), origin);
  });
}
