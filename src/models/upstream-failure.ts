// What went wrong between the gateway and a model, in the words that harnesses use for it.
import { codeOfRefusal } from "../../harnesses/model-refusals.ts";
import type { RunError } from "../wire/events.ts";

/** The server answered, but not with what was asked for. */
export function refusedBy(host: string, status: number, reason: string | null): RunError {
  const message = `The model's server at ${host} answered ${status}${reason === null ? "" : `: ${reason}`}`;
  return { code: codeOfRefusal(status, reason ?? ""), message, data: { status } };
}

/** The server was never reached. */
export function unreachable(host: string, error: unknown): RunError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code ?? message;
  return {
    code: "connection_failed",
    message: `The model's server at ${host} could not be reached: ${reason}`,
    data: { reason },
  };
}

/** The answer began well and went wrong on its way. `reason` is the server's own, where it gave one. */
export function brokenOff(host: string, reason: string | null): RunError {
  if (reason === null)
    return {
      code: "stream_cut",
      message: `The model's server at ${host} broke off in the middle of its answer`,
    };
  return {
    code: "server_error",
    message: `The model's server at ${host} ended its answer with an error: ${reason}`,
  };
}

/** The server did as it should, and the model would not answer. */
export function refusedByModel(words: string): RunError {
  return {
    code: "model_refused",
    message: `The model refused to answer${words === "" ? "" : `: ${words}`}`,
  };
}
