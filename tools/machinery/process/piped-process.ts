// A contained child with its plain pipes, for who speaks a protocol over them.
import type { ContainedChild } from "./contained-child.ts";
import type { LaunchedChild } from "./launch.ts";
import type { PipedProcess, ProcessRequest } from "../../process.ts";

export async function pipedProcess(
  contained: ContainedChild,
  { stdin, stdout, stderr }: LaunchedChild,
  input: ProcessRequest["stdin"],
): Promise<PipedProcess> {
  for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
  if (input instanceof Uint8Array) stdin?.end(input);
  return {
    id: contained.id,
    pid: contained.pid,
    stdin: stdin ?? (await closedInput()),
    stdout,
    stderr,
    exited: contained.exit(),
    signal: (name) => contained.signal(name),
    stop: (graceMs) => contained.stop(graceMs),
  };
}

/** A stream that takes nothing, for a program without an input. */
async function closedInput(): Promise<PipedProcess["stdin"]> {
  const { Writable } = await import("node:stream");
  return new Writable().end();
}
