// That a host which reads nothing costs neither the command its end nor the daemon its memory.
import { BuiltDaemon } from "../daemon.ts";
import type { Measurement } from "../measurement.ts";
import { frameOf, RawHost } from "../raw-host.ts";

const BYTES = 1024 ** 3;
/** Sixteen bytes, so that what stands at any place is known. */
const LINE = "harnessd-bench.\n";
const SLICE_BYTES = 64 * 1024;
const WAIT_MS = 60_000;

interface Read {
  readonly stdout: { readonly data: string; readonly totalBytes: number };
  readonly exit: { readonly exitCode: number | null } | null;
}

/** A host that follows everything and reads nothing, while a command prints 1 GiB; then the end, the beginning and the middle are read. */
export const silentHost: Measurement = {
  name: "silent-host",
  what: "memory grown by 1 GiB of output to a host that reads nothing",
  unit: "MB",
  limitName: null,
  aim: { atMost: 64 },
  async measure() {
    await using daemon = await BuiltDaemon.start();
    using silent = await RawHost.connect(daemon.url);
    using host = await RawHost.connect(daemon.url);
    await silent.call("events_subscribe", { after: null });
    const before = daemon.child.residentMb();
    const command = `yes ${LINE.trim()} | head -c ${BYTES}`;
    const { processId } = await host.call<{ processId: string }>("shell_start", { command });
    // It asks for all of the output besides, and never looks at the answers.
    for (const stdoutOffset of [0, BYTES / 2])
      silent.socket.send(
        frameOf("shell_read", {
          processId,
          stdoutOffset,
          maxBytes: 4 * 1024 * 1024,
          waitMs: WAIT_MS,
        }),
      );
    silent.socket.pause();
    await ended(host, processId);
    const grown = daemon.child.peakMb() - before;
    for (const offset of [BYTES - SLICE_BYTES, 0, BYTES / 2])
      await assertReadable(host, processId, offset);
    return { ours: grown, limit: null, peer: null };
  },
};

async function ended(host: RawHost, processId: string): Promise<void> {
  for (;;) {
    const read = await host.call<Read>("shell_read", {
      processId,
      stdoutOffset: BYTES,
      waitMs: WAIT_MS,
    });
    if (read.exit === null) continue;
    if (read.exit.exitCode === 0 && read.stdout.totalBytes === BYTES) return;
    throw new Error(
      `The command ended with ${read.exit.exitCode}, and ${read.stdout.totalBytes} bytes of its ${BYTES} are there`,
    );
  }
}

async function assertReadable(
  host: RawHost,
  processId: string,
  stdoutOffset: number,
): Promise<void> {
  const { stdout } = await host.call<Read>("shell_read", {
    processId,
    stdoutOffset,
    maxBytes: SLICE_BYTES,
  });
  if (stdout.data !== LINE.repeat(SLICE_BYTES / LINE.length))
    throw new Error(`What is read at byte ${stdoutOffset} is not what was printed there`);
}
