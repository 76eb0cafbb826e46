// The methods about runs and their sessions.
import { z } from "zod";
import { TextDelta } from "../../../harnesses/events.ts";
import { Prompt } from "../prompt.ts";
import { defineMethod } from "../method-record.ts";
import { pageParams, RunOutcome } from "../query.ts";
import { Run, Session } from "../run.ts";
import { RunRequest } from "../run-request.ts";

const runId = z.string();
const aRun = () => z.object({ run: Run });

export const runMethods = {
  run_start: defineMethod({
    description:
      "Starts a run, or finds the one that its key stands for; answered once the run is in the journal.",
    params: () => RunRequest,
    result: () =>
      z.object({
        run: Run,
        replayed: z.boolean().describe("True when the key named a run that was there already."),
      }),
    outlivesConnection: true,
    resend: "with_key",
    errors: [
      "unknown_harness",
      "harness_not_ready",
      "unknown_provider",
      "dialect_not_served",
      "missing_credential",
      "unsupported_option",
      "invalid_options",
      "unknown_tool",
      "invalid_schema",
      "directory_not_found",
      "path_not_allowed",
      "session_not_found",
      "session_of_other_harness",
      "session_required",
      "key_conflict",
      "queue_full",
      "too_much_pending",
    ],
  }),
  run_get: defineMethod({
    description: "A run as it stands.",
    params: () => z.strictObject({ runId }),
    result: () =>
      z.object({
        run: Run,
        soFar: z
          .array(TextDelta)
          .describe(
            "Texts and outputs that the run streams and no fact has closed, each as one delta from its beginning. A live delta says by its `offset` which part of it is new.",
          ),
      }),
    outlivesConnection: false,
    resend: "always",
    errors: ["run_not_found"],
  }),
  run_list: defineMethod({
    description: "Runs, newest first, page by page.",
    params: () =>
      z.strictObject({
        state: z.enum(["queued", "running", "ended"]).optional(),
        outcome: RunOutcome.optional(),
        harness: z.string().optional(),
        sessionId: z.string().optional(),
        ...pageParams(),
      }),
    result: () =>
      z.object({
        runs: z.array(Run).describe("Newest first."),
        nextPageToken: z.string().nullable(),
      }),
    outlivesConnection: false,
    resend: "always",
    errors: ["invalid_page_token"],
  }),
  run_wait: defineMethod({
    description: "Waits for the run's end, at most `waitMs`; the run as it then stands.",
    params: () =>
      z.strictObject({ runId, waitMs: z.number().int().min(0).max(600_000).default(60_000) }),
    result: aRun,
    outlivesConnection: false,
    resend: "always",
    errors: ["run_not_found"],
  }),
  run_cancel: defineMethod({
    description:
      "Ends a run and everything it started; answers when it has ended. Harmless on an ended run.",
    params: () =>
      z.strictObject({ runId, reason: z.string().max(1000).default("cancelled by the host") }),
    result: aRun,
    outlivesConnection: true,
    resend: "always",
    errors: ["run_not_found"],
  }),
  run_steer: defineMethod({
    description: "Gives input to a running run (`steered`), or refuses with a code that says why.",
    params: () => z.strictObject({ runId, prompt: Prompt }),
    result: () => z.object({ delivery: z.literal("steered") }),
    outlivesConnection: true,
    resend: "never",
    errors: ["run_not_found", "run_not_running", "run_ending", "steering_unsupported"],
  }),
  session_list: defineMethod({
    description: "Sessions, last used first, page by page; a later run can go on in each.",
    params: () => z.strictObject(pageParams()),
    result: () => z.object({ sessions: z.array(Session), nextPageToken: z.string().nullable() }),
    outlivesConnection: false,
    resend: "always",
    errors: ["invalid_page_token"],
  }),
} as const;
