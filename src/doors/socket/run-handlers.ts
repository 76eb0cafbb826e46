// The methods about runs, sessions and permissions.
import type { Handlers } from "./method-table.ts";
import type { PermissionBroker } from "../../runs/execution/permissions.ts";
import { promptOf } from "../../runs/admission/prompt.ts";
import type { RunStore } from "../../runs/record/run-store.ts";
import type { Runs } from "../../runs/runs.ts";

type RunHandlers = Pick<
  Handlers,
  Extract<keyof Handlers, `run_${string}` | `session_${string}` | `permission_${string}`>
>;

export function runHandlers(
  runs: Runs,
  store: RunStore,
  permissions: PermissionBroker,
): RunHandlers {
  return {
    run_start: (request) => runs.start(request),
    run_get: async ({ runId }) => ({ run: runs.get(runId), soFar: runs.soFar(runId) }),
    async run_list({ limit, pageToken, ...filter }) {
      const { items, nextPageToken } = store.list(filter, limit, pageToken);
      return { runs: items, nextPageToken };
    },
    run_wait: async ({ runId, waitMs }, { signal }) => ({
      run: await runs.wait(runId, waitMs, signal),
    }),
    run_cancel: async ({ runId, reason }) => ({ run: await runs.cancel(runId, reason) }),
    async run_steer({ runId, prompt }) {
      runs.steer(runId, promptOf({ prompt }));
      return { delivery: "steered" };
    },
    async session_list({ limit, pageToken }) {
      const { items, nextPageToken } = store.listSessions(limit, pageToken);
      return { sessions: items, nextPageToken };
    },
    permission_list: async ({ runId }) => ({ permissions: permissions.list(runId) }),
    async permission_answer(answer) {
      permissions.answer(answer);
      return { accepted: true };
    },
  };
}
