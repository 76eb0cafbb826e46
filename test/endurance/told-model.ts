// One scripted model for many runs at once: what it does follows from the prompt's first word and how far the run is.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ScriptedModel, type ModelRequest, type Step } from "../scripted-model/scripted-model.ts";
import { fixTheTest } from "../scripted-model/stories.ts";

const demo = fixTheTest();
const LONG_TEXT = "A long answer that comes in many small pieces, one after the other. ".repeat(12);

/** By the prompt's first word; each answer for the count of tool calls that the run has made. */
const tales: Readonly<Record<string, (calls: number) => Step>> = {
  /** The demo: a failing test is run, read, mended and run again. */
  demo: (calls) => demo.steps[Math.min(calls, demo.steps.length - 1)] as Step,
  /** Nothing but a stream, for about a second. */
  stream: () => ({ text: LONG_TEXT, chunkDelayMs: 15 }),
  /** A stream that stops in its middle and never goes on. */
  stall: () => ({ text: LONG_TEXT, fault: { stallAfterChunks: 5 } }),
  /** A command that leaves a child behind in a session of its own. */
  orphan: (calls) =>
    calls === 0
      ? {
          text: "I start something.",
          calls: [{ intent: "shell", command: "setsid sleep 987 & sleep 0.3; echo done" }],
        }
      : { text: "Started." },
  /** A command and its escaped child, both without an end. */
  forever: (calls) =>
    calls === 0
      ? {
          text: "I wait.",
          calls: [{ intent: "shell", command: "echo begun; setsid sleep 987 & sleep 986" }],
        }
      : { text: "Waited." },
  /** Commits to the repository of the run's directory, each run when the one before is done. */
  git: (calls) =>
    calls === 0
      ? {
          calls: [
            {
              intent: "shell",
              command:
                "exec 9>.turns; flock 9; git init -q . && for n in $(seq 25); do date +%N > file && git add file && git -c user.name=n -c user.email=e@x commit -qm $n || exit 9; done",
            },
          ],
        }
      : { text: "Committed." },
  /** A child that does not listen to SIGTERM. */
  stubborn: (calls) =>
    calls === 0
      ? {
          calls: [
            {
              intent: "shell",
              command: "setsid bash -c 'trap \"\" TERM; sleep 987; sleep 987' & sleep 0.3",
            },
          ],
        }
      : { text: "Left." },
};

export type Tale = "demo" | "stream" | "stall" | "orphan" | "forever" | "git" | "stubborn";

/** The environment for a daemon whose every run is told by this model. */
export async function startToldModel(): Promise<Record<string, string>> {
  const model = await ScriptedModel.start();
  onTestFinished(() => model.close());
  const { anthropicBaseUrl } = model.script("told", [tell]);
  return {
    ANTHROPIC_API_KEY: "sk-the-scripted-model-needs-none",
    ANTHROPIC_BASE_URL: anthropicBaseUrl,
  };
}

function tell({ userTexts, pastCalls }: ModelRequest): Step {
  const word =
    /\b(demo|stream|stall|orphan|forever|git|stubborn)\b/.exec(userTexts.join(" "))?.[1] ?? "demo";
  return { ...tales[word]?.(pastCalls.length), times: Infinity };
}

/** A directory of its own with the demo's project, named for the run; relative to the workspace. */
export function makeProject(workspace: string, name: string): string {
  mkdirSync(join(workspace, name), { recursive: true });
  for (const [path, content] of Object.entries(demo.files))
    writeFileSync(join(workspace, name, path), content);
  return name;
}

export const demoFiles: Readonly<Record<string, string>> = demo.filesAfter;
