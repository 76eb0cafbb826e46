// A command with nothing around it: started, its output read, its end awaited.
import { spawn } from "node:child_process";
import { once } from "node:events";

/** How many bytes it printed. */
export async function bareSpawn(command: string): Promise<number> {
  const child = spawn("bash", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
  let bytes = 0;
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (bytes += chunk.length));
  await once(child, "close");
  return bytes;
}
