// That a file's size is not the daemon's.
import { join } from "node:path";
import { BuiltDaemon } from "../daemon.ts";
import type { Measurement } from "../measurement.ts";
import { fileUrl, receive, send } from "./files.ts";

export const transferMemory: Measurement = {
  name: "transfer-memory",
  what: "memory grown by 100 MB up and down",
  unit: "MB",
  limitName: null,
  aim: { atMost: 32 },
  async measure() {
    await using daemon = await BuiltDaemon.start();
    const url = fileUrl(daemon.url.replace(/^ws/, "http"), join(daemon.workspace, "hundred.bin"));
    const before = daemon.child.residentMb();
    await send(url);
    await receive(url);
    return { ours: daemon.child.peakMb() - before, limit: null, peer: null };
  },
};
