// The catalogue: every harness of the box. To add one is one file and one line here.
import { claudeCode } from "./claude-code.ts";
import { codex } from "./codex.ts";
import type { Harness } from "./harness.ts";
import { native } from "./native.ts";
import { opencode } from "./opencode.ts";

export const harnesses: readonly Harness[] = [native, claudeCode, codex, opencode];
