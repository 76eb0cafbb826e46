// Why a run takes no input.
import { RpcError } from "../../wire/errors.ts";
import type { Run } from "../../wire/methods.ts";

export function notRunning({ runId, state }: Run): RpcError {
  const message = `Run ${runId} is ${state}; only a running run takes input`;
  return new RpcError("refused", message, { code: "run_not_running" });
}

export function steeringUnsupported(harnessTitle: string): RpcError {
  const message = `${harnessTitle} takes no input while it works; start a further run in its session`;
  return new RpcError("refused", message, { code: "steering_unsupported" });
}

export function runEnding(runId: string): RpcError {
  const message = `Run ${runId} is about to end and takes no more input; start a further run in its session`;
  return new RpcError("refused", message, { code: "run_ending" });
}
