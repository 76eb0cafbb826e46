// `harnessd serve`: the daemon in the foreground, until a signal ends it.
import { readConfig } from "../config.ts";
import { startDaemon } from "../daemon.ts";
import { VERSION } from "../version.ts";
import { removeAddress, writeAddress } from "./address.ts";

/** Added to the grace period before the process ends by force: something hangs that should not. */
const LAST_RESORT_MS = 2000;

export async function serve(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const config = readConfig(flags);
  const daemon = await startDaemon(config);
  await writeAddress(config.stateDir, daemon.url);
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    // Never `once`: libraries that clean up after their children end this process when nobody else listens any more.
    process.on(signal, () => end(`received ${signal}`));
  }
  void daemon.refused.then((message) => {
    process.exitCode = 1;
    end(message);
  });
  process.stdout.write(`${JSON.stringify({ type: "listening", url: daemon.url, pid: process.pid, version: VERSION })}\n`);
  const reason = await ended;
  daemon.log.info({ reason }, "stopping");
  setTimeout(() => process.exit(1), config.grace * 1000 + LAST_RESORT_MS).unref();
  await removeAddress(config.stateDir);
  await daemon.close(reason);
}
