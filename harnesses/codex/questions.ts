// What the server asks us, answered by the run's permissions.
import { isDeepStrictEqual } from "node:util";
import type { HarnessContext, PermissionQuestion } from "../harness.ts";
import { mcpToolName } from "./items.ts";
import { requests } from "./protocol.ts";
import type { ThreadMessage } from "./protocol.ts";
import type { ToolSelection } from "./tool-selection.ts";
import type { OpenTool } from "./translate.ts";

export interface Asking {
  readonly askPermission: HarnessContext["askPermission"];
  readonly tools: ToolSelection;
  /** The calls in progress, as they have been told of. */
  readonly openTools: ReadonlyMap<string, OpenTool>;
}

/** How each kind of question is read, and how yes and no are said to it. */
interface Kind {
  question(params: unknown, openTools: Asking["openTools"]): PermissionQuestion | null;
  readonly yes: unknown;
  readonly no: unknown;
}

const approval = { yes: { decision: "accept" }, no: { decision: "decline" } };

const kinds: Readonly<Record<string, Kind>> = {
  "item/commandExecution/requestApproval": {
    ...approval,
    question(params, openTools) {
      const { itemId, kind, command, cwd } =
        requests["item/commandExecution/requestApproval"].parse(params);
      if (kind !== undefined && kind !== null && kind !== "command")
        return { toolCallId: itemId, name: "write_stdin", input: { kind, command } };
      return about(
        itemId,
        openTools.get(itemId) ?? { name: "exec_command", input: { command, cwd } },
      );
    },
  },
  "item/fileChange/requestApproval": {
    ...approval,
    question(params, openTools) {
      const { itemId, reason } = requests["item/fileChange/requestApproval"].parse(params);
      return about(itemId, openTools.get(itemId) ?? { name: "apply_patch", input: { reason } });
    },
  },
  "mcpServer/elicitation/request": {
    yes: { action: "accept", content: {} },
    no: { action: "decline", content: null },
    question(params, openTools) {
      const { serverName, _meta } = requests["mcpServer/elicitation/request"].parse(params);
      if (_meta?.codex_approval_kind !== "mcp_tool_call") return null; // a form for a person, who is not there
      const name = mcpToolName(serverName, _meta.tool_name ?? "");
      const input = _meta.tool_params ?? {};
      // The question does not say which call it is about: the one in progress with this name and input.
      const open = [...openTools].find(
        ([, tool]) => tool.name === name && isDeepStrictEqual(tool.input, input),
      );
      return { toolCallId: open?.[0] ?? name, name, input };
    },
  },
  "item/tool/requestUserInput": { question: () => null, yes: null, no: { answers: {} } },
  "item/permissions/requestApproval": {
    question: () => null,
    yes: null,
    no: { permissions: {}, scope: "turn" },
  },
};

/** The answer to send; null for a question that we do not know. Rejects only as `askPermission` does. */
export async function answerTo(
  { method, params }: ThreadMessage,
  asking: Asking,
): Promise<unknown> {
  const kind = kinds[method];
  if (!kind) return null;
  const question = kind.question(params, asking.openTools);
  return question && (await isAllowed(question, asking)) ? kind.yes : kind.no;
}

/** No to every question of a kind that we know. */
export function refusalOf(method: string): unknown {
  return kinds[method]?.no ?? null;
}

function about(
  toolCallId: string,
  { name, input }: Pick<OpenTool, "name" | "input">,
): PermissionQuestion {
  return { toolCallId, name, input };
}

async function isAllowed(
  { toolCallId, name, input }: PermissionQuestion,
  { tools, askPermission }: Asking,
): Promise<boolean> {
  if (tools.declines(name)) return false;
  const decision = await askPermission({ toolCallId, name, input });
  // Codex runs what it has asked about or nothing: an input that was rewritten cannot be honoured.
  return (
    decision.decision === "allow" &&
    (decision.input === undefined || isDeepStrictEqual(decision.input, input))
  );
}
