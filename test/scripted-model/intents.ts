// From what a call means to the tool that the asking harness offers for it, so that one script runs through every harness.
import type { Call, Intent, ModelRequest, OfferedTool, PlanStep, ToolCall } from "./script.ts";
import { objectOf } from "./dialects/dialect.ts";

/** A call that has no id yet, or the one that its script wants. */
export type NamelessCall = Omit<ToolCall, "id"> & { readonly id?: string };
type IntentOf<Name extends Intent["intent"]> = Extract<Intent, { intent: Name }>;

/** The offered tools that could carry an intent, best first. */
const TOOL_NAMES = {
  shell: [
    "shell_exec",
    "Bash",
    "bash",
    "exec_command",
    "shell_command",
    "shell",
    "run_shell_command",
  ],
  write: ["fs_write", "Write", "write", "write_file"],
  edit: ["fs_edit", "Edit", "edit", "replace"],
  read: ["fs_read", "Read", "read", "read_file"],
  plan: ["plan_update", "plan", "TodoWrite", "todowrite", "update_plan"],
  answer: ["StructuredOutput", "structured_output", "submit_result"],
} as const;

const PATH = ["path", "file_path", "filePath", "file"];

type Renderers = {
  readonly [Name in Intent["intent"]]: (
    call: IntentOf<Name>,
    request: ModelRequest,
  ) => readonly NamelessCall[] | null;
};

const RENDERERS: Renderers = {
  shell: (call, request) => [shellCall(call.command, request)],
  write: (call, request) => [writeCall(call, request)],
  edit: (call, request) => [editCall(call, request)],
  read: (call, request) => [readCall(call.path, request)],
  plan: (call, request) => planCalls(call.steps, request),
  mcp: (call, request) => [mcpCall(call, request)],
  answer: (call, request) => answerCall(call.json, request),
};

/** What the model would send for a call. Null: the harness has no tool for it, and the script can go on without. */
export function renderCall(call: Call, request: ModelRequest): readonly NamelessCall[] | null {
  if (!("intent" in call)) {
    const { id } = call;
    return [{ ...literalCall(call.tool, call.input, request), ...(id !== undefined && { id }) }];
  }
  return RENDERERS[call.intent](call as never, request);
}

/** Thrown when a script asks for what the harness cannot do; the server answers 400 with it. */
export class NoSuchToolError extends Error {
  constructor(wanted: string, request: ModelRequest) {
    super(
      `The script wants ${wanted}; the request offers: ${request.tools.map((tool) => tool.name).join(", ") || "no tools"}`,
    );
  }
}

function literalCall(name: string, input: unknown, request: ModelRequest): NamelessCall {
  const tool = request.tools.find((each) => each.name === name);
  return tool ? callTo(tool, input) : { name, kind: "function", input };
}

function callTo({ name, namespace, kind }: OfferedTool, input: unknown): NamelessCall {
  return { name, kind, input, ...(namespace !== undefined && { namespace }) };
}

function offered(request: ModelRequest, names: readonly string[]): OfferedTool | undefined {
  return names.flatMap(
    (name) => request.tools.find((tool) => tool.name === name && tool.kind === "function") ?? [],
  )[0];
}

/** Codex's code mode: one tool that takes JavaScript, in which the other tools are functions. */
function codeTool(request: ModelRequest): OfferedTool | undefined {
  return request.tools.find((tool) => tool.name === "exec" && tool.kind === "custom");
}

function codeCall(tool: OfferedTool, name: string, input: unknown): NamelessCall {
  const code = `const answer = await tools.${name}(${JSON.stringify(input)});\ntext(typeof answer === "string" ? answer : JSON.stringify(answer));\n`;
  return callTo(tool, code);
}

/** Gives each value under the first of its names that the tool has as a property. */
function inputFor(
  tool: OfferedTool,
  values: readonly (readonly [readonly string[], unknown])[],
): Record<string, unknown> {
  const known = values.flatMap(([names, value]) => {
    const name = names.find((each) => each in tool.properties);
    return name === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(known);
}

function shellCall(command: string, request: ModelRequest): NamelessCall {
  const tool = offered(request, TOOL_NAMES.shell);
  if (tool) {
    const given = tool.properties["command"]?.type === "array" ? ["bash", "-lc", command] : command;
    return callTo(
      tool,
      inputFor(tool, [
        [["command", "cmd"], given],
        [["description"], "Run a command"],
      ]),
    );
  }
  const code = codeTool(request);
  if (code) return codeCall(code, "exec_command", { cmd: command });
  throw new NoSuchToolError("a shell", request);
}

function writeCall({ path, content }: IntentOf<"write">, request: ModelRequest): NamelessCall {
  const tool = offered(request, TOOL_NAMES.write);
  if (tool)
    return callTo(
      tool,
      inputFor(tool, [
        [PATH, path],
        [["content", "text"], content],
      ]),
    );
  const lines = content.replace(/\n$/, "").split("\n");
  return patchCall([`*** Add File: ${path}`, ...lines.map((line) => `+${line}`)], request);
}

function editCall(
  { path, oldText, newText }: IntentOf<"edit">,
  request: ModelRequest,
): NamelessCall {
  const tool = offered(request, TOOL_NAMES.edit);
  if (tool) {
    const values = [
      [PATH, path],
      [["oldText", "old_string", "oldString"], oldText],
      [["newText", "new_string", "newString"], newText],
      [["edits"], [{ oldText, newText }]],
    ] as const;
    return callTo(tool, inputFor(tool, values));
  }
  const marked = (mark: string, text: string): string[] =>
    text
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => mark + line);
  return patchCall(
    [`*** Update File: ${path}`, "@@", ...marked("-", oldText), ...marked("+", newText)],
    request,
  );
}

/** A patch in Codex's format: as a tool of its own, in code, or as a heredoc in the shell. */
function patchCall(body: readonly string[], request: ModelRequest): NamelessCall {
  const patch = ["*** Begin Patch", ...body, "*** End Patch", ""].join("\n");
  const tool = request.tools.find((each) => each.name === "apply_patch");
  if (tool)
    return callTo(
      tool,
      tool.kind === "custom" ? patch : inputFor(tool, [[["patchText", "patch", "input"], patch]]),
    );
  const code = codeTool(request);
  if (code) return codeCall(code, "apply_patch", patch);
  return shellCall(`apply_patch <<'PATCH'\n${patch}PATCH`, request);
}

function readCall(path: string, request: ModelRequest): NamelessCall {
  const tool = offered(request, TOOL_NAMES.read);
  return tool ? callTo(tool, inputFor(tool, [[PATH, path]])) : shellCall(`cat '${path}'`, request);
}

function planCalls(
  steps: readonly PlanStep[],
  request: ModelRequest,
): readonly NamelessCall[] | null {
  const plan = steps.map(({ text, status }) => ({ step: text, status }));
  const tool = offered(request, TOOL_NAMES.plan);
  if (tool) {
    const todos = steps.map(({ text, status }) => ({
      content: text,
      status,
      activeForm: text,
      priority: "medium",
    }));
    return [
      callTo(
        tool,
        inputFor(tool, [
          [["steps"], steps],
          [["todos"], todos],
          [["plan"], plan],
        ]),
      ),
    ];
  }
  const code = codeTool(request);
  if (code?.description.includes("update_plan")) return [codeCall(code, "update_plan", { plan })];
  if (offered(request, ["TaskCreate"])) return taskCalls(steps, request);
  return searchCall("select:TaskCreate,TaskUpdate", "TaskCreate", request);
}

/** Claude Code's tasks: made once, and then told apart by the numbers that it gives them, from 1 up. */
function taskCalls(steps: readonly PlanStep[], request: ModelRequest): readonly NamelessCall[] {
  const isMade = request.pastCalls.some((call) => call.name === "TaskCreate");
  const create = steps.map(({ text }) =>
    literalCall("TaskCreate", { subject: text, description: text }, request),
  );
  const update = steps.map(({ status }, index) =>
    literalCall("TaskUpdate", { taskId: String(index + 1), status }, request),
  );
  return isMade
    ? update
    : [...create, ...update.filter((_, index) => steps[index]?.status !== "pending")];
}

function mcpCall({ server, tool, input }: IntentOf<"mcp">, request: ModelRequest): NamelessCall {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "");
  const wanted = plain(`${server}${tool}`);
  const found = request.tools.find(
    (each) => plain(`${each.namespace ?? ""}${each.name}`).replace(/^mcp/, "") === wanted,
  );
  if (found) return callTo(found, input);
  const code = codeTool(request);
  if (code) return codeCall(code, `mcp__${server}__${tool}`, input);
  const [search] =
    searchCall(`select:mcp__${server}__${tool}`, `mcp__${server}__${tool}`, request) ?? [];
  if (search) return search;
  throw new NoSuchToolError(`the tool ${tool} of the MCP server ${server}`, request);
}

/** Some harnesses hide tools until they are searched for. Null: there is nothing to search, or it has been done. */
function searchCall(
  query: string,
  name: string,
  request: ModelRequest,
): readonly NamelessCall[] | null {
  const search = request.tools.find((tool) => tool.kind === "search");
  if (!search) return null;
  // Claude Code names its hidden tools in the conversation; Codex leaves them to be guessed.
  const isClaude = search.name === "ToolSearch";
  const input = isClaude
    ? { query, max_results: 5 }
    : { query: name.replaceAll("__", " "), limit: 8 };
  if (
    hasSearched(request, input.query) ||
    (isClaude && !JSON.stringify(request.body["messages"]).includes(name))
  )
    return null;
  return [callTo(search, input)];
}

function hasSearched(request: ModelRequest, query: string): boolean {
  return request.pastCalls.some((call) => objectOf(call.input)["query"] === query);
}

function answerCall(json: unknown, request: ModelRequest): readonly NamelessCall[] | null {
  const tool = offered(request, TOOL_NAMES.answer);
  return tool ? [callTo(tool, json)] : null;
}

/** True when a step has to be asked for again, since its tool had to be found first. */
export function isSearch(calls: readonly NamelessCall[]): boolean {
  return calls.some((call) => call.kind === "search");
}
