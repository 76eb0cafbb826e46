// Why a run takes no input.
import { CodedError } from "../../../tools/coded-error.ts";
import type { Run } from "../../wire/methods.ts";

export function notRunning({ runId, state }: Run): CodedError {
  const message = `Run ${runId} is ${state}; only a running run takes input`;
  return new CodedError("run_not_running", message);
}

export function steeringUnsupported(harnessTitle: string): CodedError {
  const message = `${harnessTitle} takes no input while it works; start a further run in its session`;
  return new CodedError("steering_unsupported", message);
}

export function runEnding(runId: string): CodedError {
  const message = `Run ${runId} is about to end and takes no more input; start a further run in its session`;
  return new CodedError("run_ending", message);
}
