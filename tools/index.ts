// The catalogue: every tool of the box. To add one is one file and one line here.
import type { Tool } from "./tool.ts";

export const tools = [] as const satisfies readonly Tool[];
