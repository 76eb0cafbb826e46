// How a path in the box is told from one of this machine: `box:src/app.ts`, as `scp` names another host's.

const PREFIX = "box:";

/** The path in the box; undefined for one of this machine. `box:` alone is the workspace. */
export function boxPathOf(text: string): string | undefined {
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) || "." : undefined;
}
