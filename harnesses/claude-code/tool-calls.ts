// Claude Code's tools as events: what kind each is, what its result says, and the plan that some of them keep.
import type { HarnessEvent } from "../events.ts";

type ToolKind = Extract<HarnessEvent, { type: "tool.started" }>["kind"];

const KINDS: Readonly<Record<string, ToolKind>> = {
  Bash: "execute",
  PowerShell: "execute",
  TaskStop: "execute",
  Read: "read",
  ReadMcpResourceTool: "read",
  Write: "write",
  Edit: "write",
  NotebookEdit: "write",
  Glob: "search",
  Grep: "search",
  ToolSearch: "search",
  WebSearch: "search",
  web_search: "search",
  WebFetch: "fetch",
  web_fetch: "fetch",
  TodoWrite: "think",
  TaskCreate: "think",
  TaskUpdate: "think",
  TaskList: "think",
  TaskGet: "think",
};

export function kindOf(name: string): ToolKind {
  return KINDS[name] ?? "other";
}

/** What the model was shown; the bytes of an image are told by their size. */
export function outputOf(content: unknown): unknown {
  return Array.isArray(content) ? content.map(withoutImageBytes) : (content ?? null);
}

function withoutImageBytes(part: unknown): unknown {
  const { type, source } = recordOf(part);
  if (type !== "image") return part;
  const { media_type, data } = recordOf(source);
  return {
    type,
    mediaType: media_type,
    base64Bytes: typeof data === "string" ? data.length : null,
  };
}

/**
 * The exit code of a command. Claude Code gives it in a fixed form when it counts as an error, and none when it does not:
 * then it is 0, except where the program says that it read another code kindly (`grep` without a match).
 */
export function exitCodeOf(
  name: string,
  isError: boolean,
  structured: unknown,
): number | null | undefined {
  if (name !== "Bash") return undefined;
  if (isError) {
    const [, code] =
      /^Error: Exit code (\d+)(?:\n|$)/.exec(typeof structured === "string" ? structured : "") ??
      [];
    return code === undefined ? null : Number(code);
  }
  const { stdout, interrupted, returnCodeInterpretation, backgroundTaskId } = recordOf(structured);
  const ended =
    typeof stdout === "string" && interrupted === false && backgroundTaskId === undefined;
  return ended && returnCodeInterpretation === undefined ? 0 : null;
}

interface Task {
  /** Null for the entries of a whole list, which have none. */
  readonly id: string | null;
  readonly text: string;
  readonly status: "pending" | "in_progress" | "completed" | "cancelled";
}

/** The list that the agent keeps; it lives as long as the session. */
export type Plan = readonly Task[];

/** The plan after a tool's result; the same object when it did not change. */
export function planAfter(plan: Plan, name: string, structured: unknown): Plan {
  const result = recordOf(structured);
  if (name === "TodoWrite")
    return Array.isArray(result["newTodos"])
      ? result["newTodos"].map((todo) => taskOf(todo, "content"))
      : plan;
  if (name === "TaskList")
    return Array.isArray(result["tasks"])
      ? result["tasks"].map((task) => taskOf(task, "subject"))
      : plan;
  if (name === "TaskCreate" && result["task"] !== undefined)
    return [...plan, taskOf(result["task"], "subject")];
  const change = recordOf(result["statusChange"]);
  if (name === "TaskUpdate" && typeof change["to"] === "string") {
    const status = statusOf(change["to"]);
    return plan.map((task) => (task.id === result["taskId"] ? { ...task, status } : task));
  }
  return plan;
}

export function planEvent(plan: Plan): HarnessEvent {
  return { type: "plan.updated", steps: plan.map(({ text, status }) => ({ text, status })) };
}

function taskOf(value: unknown, textField: "content" | "subject"): Task {
  const { id, status, [textField]: text } = recordOf(value);
  return {
    id: typeof id === "string" ? id : null,
    text: typeof text === "string" ? text : "",
    status: statusOf(status),
  };
}

function statusOf(word: unknown): Task["status"] {
  if (word === "in_progress" || word === "completed") return word;
  return word === "deleted" || word === "cancelled" ? "cancelled" : "pending";
}

/** An object's fields; none for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
