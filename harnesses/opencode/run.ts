// One run of OpenCode: a hold on the server, a session of its own, and the conversation in it.
import { CodedError } from "../../tools/coded-error.ts";
import { mkdir } from "node:fs/promises";
import { z } from "zod";
import type { HarnessContext } from "../harness.ts";
import { Conversation } from "./conversation.ts";
import { ASKING_AGENT, hiddenFromCommands, requestBaseUrl } from "./installation.ts";
import type { McpHold } from "./mcp-servers.ts";
import { systemPromptFor } from "./prompt.ts";
import type { OpenCodeServer } from "./server.ts";
import { OpenCodeServers } from "./servers.ts";
import { selectTools } from "./tool-selection.ts";
import type { ToolSelection } from "./tool-selection.ts";
import type { ModelAccess } from "../providers.ts";
import type { HarnessEvent } from "../events.ts";
import { OpenCodeOptions } from "./options.ts";

/** How often the model may answer outside of the schema before the daemon's own repair. */
const SCHEMA_RETRIES = 1;

interface OpenCodeRun {
  readonly name: string;
  readonly context: HarnessContext;
  readonly modelName: string;
}

export async function* runOpenCode({
  name,
  context,
  modelName,
}: OpenCodeRun): AsyncGenerator<HarnessEvent, void> {
  const { agent, maxRetries } = OpenCodeOptions.parse(context.options ?? {});
  const access = context.modelAccess(modelName);
  await mkdir(context.stateDir, { recursive: true });
  const lease = await context.warm.lease(name, () => OpenCodeServers.open(context.stateDir));
  let conversation: Conversation | undefined;
  try {
    const { server, release } = await lease.value.hold(context, access);
    let mcp: McpHold | undefined;
    // Opens while the session does.
    const stream = new AbortController();
    const events = server.subscribe(context.cwd, stream.signal);
    events.catch(() => {}); // the conversation tells
    try {
      const sessionId = await openSession(server, context);
      yield { type: "session.bound", token: sessionId };
      const hidden = hiddenFromCommands(server.installation, context.env);
      const env = { ...hidden, ...context.env, ...context.marker };
      const baseUrl = requestBaseUrl(access);
      await server.grant(sessionId, { baseUrl, apiKey: access.apiKey, env });
      mcp = await server.mcp.hold(server, context.cwd, context.mcpServers, env);
      yield* mcp.failures.map(mcpServerFailed);
      const tools = selectTools(context, mcp);
      const settings = await settingsOf(context, access, tools, agent);
      conversation = new Conversation(context, {
        server,
        sessionId,
        events,
        stream,
        settings,
        tools,
        model: modelName,
        maxRetries,
      });
      yield* conversation.run();
    } finally {
      stream.abort();
      await mcp?.release();
      await release(conversation?.isSound ?? !context.signal.aborted);
    }
  } finally {
    lease.release();
  }
}

function mcpServerFailed({ name, reason }: McpHold["failures"][number]): HarnessEvent {
  const message = `The MCP server ${name} cannot be used: ${reason}`;
  return { type: "notice", code: "mcp_server_failed", message, data: { server: name } };
}

/** Throws CodedError `session_not_found` where the conversation to go on with is gone. */
async function openSession(
  server: OpenCodeServer,
  { session, cwd, signal }: HarnessContext,
): Promise<string> {
  const { token } = session;
  // A session with a title does not ask the model for one.
  if (token === undefined)
    return idOf(
      await server.call("POST", "/session", {
        directory: cwd,
        body: { title: session.id },
        signal,
      }),
    );
  try {
    if (session.fork)
      return idOf(
        await server.call("POST", `/session/${encodeURIComponent(token)}/fork`, {
          directory: cwd,
          body: {},
          signal,
        }),
      );
    return idOf(
      await server.call("GET", `/session/${encodeURIComponent(token)}`, { directory: cwd, signal }),
    );
  } catch (error) {
    if (!(error instanceof CodedError) || ![400, 404].includes(error.data?.["status"] as number))
      throw error;
    throw new CodedError(
      "session_not_found",
      `OpenCode has no session ${token} any more: start a new one`,
      { cause: error },
    );
  }
}

function idOf(session: unknown): string {
  return z.looseObject({ id: z.string() }).parse(session).id;
}

async function settingsOf(
  { cwd, systemPrompt, effort, schema, mustAsk }: HarnessContext,
  { provider, model }: ModelAccess,
  { switches }: ToolSelection,
  agent: string | undefined,
): Promise<Record<string, unknown>> {
  if (mustAsk && agent !== undefined)
    throw new CodedError(
      "invalid_options",
      `The agent ${agent} would not ask before it uses a tool`,
    );
  return {
    model: { providerID: provider, modelID: model },
    agent: mustAsk ? ASKING_AGENT : agent,
    system: await systemPromptFor(cwd, systemPrompt),
    variant: effort,
    tools: switches,
    format: schema && { type: "json_schema", schema, retryCount: SCHEMA_RETRIES },
  };
}
