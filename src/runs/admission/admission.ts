// What is checked before a run is taken: everything that can be known to be wrong is said now, by name, and nothing starts.
import { stat } from "node:fs/promises";
import { z } from "zod";
import type { Prompt } from "../../../harnesses/content.ts";
import type { Harness, HarnessCapabilities } from "../../../harnesses/harness.ts";
import { findPrice } from "../../../harnesses/prices.ts";
import { type ModelAccess, splitModelName } from "../../../harnesses/providers.ts";
import { compileSchema } from "../../../harnesses/schema-check.ts";
import type { PathPolicy } from "../../../tools/path-policy.ts";
import { resolvePath } from "../../../tools/paths.ts";
import type { Tool } from "../../../tools/tool.ts";
import type { RunRequest } from "../../wire/methods.ts";
import type { ModelWish } from "../../models/model-access.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import { allowsEverything } from "./policy.ts";
import type { SessionRecord } from "../record/run-store.ts";
import { promptOf } from "./prompt.ts";
import { refuseUnknownTools } from "./tool-names.ts";

export interface AdmissionSurroundings {
  readonly harnesses: readonly Harness[];
  readonly tools: readonly Tool[];
  readonly workspace: string;
  readonly agentsDir: string;
  readonly paths: PathPolicy;
  readonly session: (sessionId: string) => SessionRecord | undefined;
  readonly resolveModel: (wish: ModelWish, request: RunRequest) => ModelAccess;
}

/** A request that can be executed as far as can be known. */
export interface Admission {
  readonly request: RunRequest;
  /** The request's prompt as parts. */
  readonly prompt: Prompt;
  readonly harness: Harness;
  readonly model: string | null;
  readonly cwd: string;
  /** The session to go on from. */
  readonly session: SessionRecord | undefined;
  /** The run's options for its harness, parsed. */
  readonly options: unknown;
}

/** Throws a CodedError with a code of its own for each thing that is wrong. */
export async function admit(
  request: RunRequest,
  around: AdmissionSurroundings,
): Promise<Admission> {
  const prompt = promptOf(request);
  const harness = findHarness(request.harness, around.harnesses);
  const session = findSession(request, harness, around);
  refuseUnsupported(request, prompt, harness);
  refuseUnknownTools(request, around.tools, harness);
  const options = parseOptions(request, harness);
  if (request.schema) await checkSchema(request.schema);
  const model = chooseModel(request, harness, around);
  refuseUnknownPrice(request, harness, model);
  const cwd = await findDirectory(request.cwd ?? session?.cwd ?? around.workspace, around);
  await refuseUnready(harness, around.agentsDir);
  return { request, prompt, harness, model, cwd, session, options };
}

function findHarness(name: string, harnesses: readonly Harness[]): Harness {
  const harness = harnesses.find((each) => each.name === name);
  if (harness) return harness;
  const known = harnesses.map((each) => each.name);
  throw new CodedError(
    "unknown_harness",
    `There is no harness "${name}"; known: ${known.join(", ")}`,
    { data: { known } },
  );
}

function findSession(
  request: RunRequest,
  harness: Harness,
  { session: find }: AdmissionSurroundings,
): SessionRecord | undefined {
  if (request.sessionId === undefined) {
    if (!request.fork) return undefined;
    throw new CodedError(
      "session_required",
      "fork needs the sessionId of the session to go on from",
    );
  }
  const session = find(request.sessionId);
  if (!session)
    throw new CodedError("session_not_found", `There is no session ${request.sessionId}`);
  if (session.harness !== harness.name) {
    const message = `Session ${session.sessionId} belongs to the harness ${session.harness}, not to ${harness.name}`;
    throw new CodedError("session_of_other_harness", message, {
      data: { harness: session.harness },
    });
  }
  return session;
}

function refuseUnsupported(request: RunRequest, prompt: Prompt, harness: Harness): void {
  const hasImages = prompt.some((part) => part.type === "image");
  const wanted: readonly [keyof HarnessCapabilities, boolean, string][] = [
    ["resume", request.sessionId !== undefined, "sessionId"],
    ["fork", request.fork, "fork"],
    ["images", hasImages, "images in the prompt"],
    ["effort", request.effort !== undefined, "effort"],
    ["mcpServers", request.mcpServers.length > 0, "mcpServers"],
    ["permissions", !allowsEverything(request.permissions), "permissions other than allow"],
    [
      "toolSelection",
      request.allowedTools !== undefined || request.deniedTools.length > 0,
      "allowedTools and deniedTools",
    ],
  ];
  const missing = wanted.filter(
    ([capability, isWanted]) => isWanted && !harness.capabilities[capability],
  );
  if (missing.length === 0) return;
  const names = missing.map(([, , name]) => name);
  throw new CodedError("unsupported_option", `${harness.title} cannot do: ${names.join(", ")}`, {
    data: { options: names },
  });
}

function parseOptions(request: RunRequest, harness: Harness): unknown {
  const foreign = Object.keys(request.options).filter((name) => name !== harness.name);
  if (foreign.length > 0) {
    const message = `options holds ${foreign.join(", ")}, but this run's harness is ${harness.name}`;
    throw new CodedError("unsupported_option", message, { data: { options: foreign } });
  }
  const given = request.options[harness.name];
  if (!harness.options) {
    if (given === undefined) return undefined;
    throw new CodedError("unsupported_option", `${harness.title} has no options of its own`, {
      data: { options: [harness.name] },
    });
  }
  const parsed = harness.options.safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const message = `options.${harness.name}: ${z.prettifyError(parsed.error)}`;
  throw new CodedError("invalid_options", message, { data: { issues: parsed.error.issues } });
}

async function checkSchema(schema: Readonly<Record<string, unknown>>): Promise<void> {
  try {
    await compileSchema(schema);
  } catch (error) {
    throw new CodedError(
      "invalid_schema",
      `schema is not a JSON Schema that can be used: ${(error as Error).message}`,
    );
  }
}

/** The model that was asked for, or the harness's first default that there is a key for. */
function chooseModel(
  request: RunRequest,
  harness: Harness,
  { resolveModel }: AdmissionSurroundings,
): string | null {
  const asked = request.model ?? harness.defaultModel;
  if (asked === null) return null;
  const others = request.model === undefined ? (harness.otherDefaultModels ?? []) : [];
  const problems = new Map(
    [asked, ...others].map((model) => [
      model,
      problemWith(() => resolveModel({ model, dialects: harness.dialects }, request)),
    ]),
  );
  const [usable] = [...problems].find(([, problem]) => problem === null) ?? [];
  const problem = problems.get(asked);
  if (usable !== undefined || !problem) return usable ?? asked;
  throw problem;
}

/** A limit that cannot be held is no limit. */
function refuseUnknownPrice(
  { maxCostUsd, allowUnknownPrice }: RunRequest,
  harness: Harness,
  model: string | null,
): void {
  if (maxCostUsd === undefined || allowUnknownPrice) return;
  if (model !== null && (findPrice(model) !== null || reportsCost(model))) return;
  const named = model ?? `the model that ${harness.title} chooses`;
  const message = `maxCostUsd cannot be held: no price is known for ${named}. Limit the run by maxTokens, or set allowUnknownPrice`;
  throw new CodedError("price_unknown", message, { data: { model, maxCostUsd } });
}

function reportsCost(model: string): boolean {
  return splitModelName(model)?.provider.reportsCost === true;
}

function problemWith(resolve: () => unknown): CodedError | null {
  try {
    resolve();
    return null;
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}

async function findDirectory(
  path: string,
  { workspace, paths }: AdmissionSurroundings,
): Promise<string> {
  try {
    const cwd = await resolvePath(path, workspace, paths);
    if ((await stat(cwd)).isDirectory()) return cwd;
  } catch (error) {
    if (error instanceof CodedError) throw error;
  }
  throw new CodedError("directory_not_found", `cwd ${path} is not a directory in the box`);
}

async function refuseUnready(harness: Harness, agentsDir: string): Promise<void> {
  const readiness = await harness.check?.({ agentsDir });
  if (!readiness || readiness.ready) return;
  throw new CodedError(
    "harness_not_ready",
    `${harness.title} is not ready: ${readiness.reason}. ${readiness.fix}`,
    { data: { fix: readiness.fix } },
  );
}
