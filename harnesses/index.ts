// The catalogue: every harness of the box. To add one is one file and one line here.
import { codex } from "./codex.ts";
import type { Harness } from "./harness.ts";
import { native } from "./native.ts";

export const harnesses: readonly Harness[] = [native, codex];
