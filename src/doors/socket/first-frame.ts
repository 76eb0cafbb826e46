// Authentication in the first frame, for clients that cannot set headers: `{"jsonrpc":"2.0","id":1,"method":"auth","params":{"token":"…"}}`.
import type { RawData, WebSocket } from "ws";
import { CodedError } from "../../../tools/coded-error.ts";
import { auth } from "../../wire/methods/auth.ts";
import { closeSocket } from "../../wire/socket/closing.ts";
import { readFrame, type CallId } from "./message.ts";
import type { Method } from "./method.ts";
import { tokenMatches } from "./credentials.ts";
import { wireErrorOf } from "./wire-error.ts";

const WANTED = '{"jsonrpc":"2.0","id":1,"method":"auth","params":{"token":"…"}}';

export interface FirstFrameOptions {
  readonly token: string;
  readonly deadlineMs: number;
  readonly onAdmitted: () => void;
  readonly onRefused: (refusal: CodedError) => void;
}

/** Waits for the first frame; admits in the same turn, so that no later frame is missed, or closes the socket as `unauthorized`. */
export function awaitFirstFrame(socket: WebSocket, options: FirstFrameOptions): void {
  const { token, deadlineMs, onAdmitted, onRefused } = options;
  const refuse = (id: CallId | null, message: string): void => {
    const refusal = new CodedError("unauthorized", message);
    onRefused(refusal);
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, error: wireErrorOf(refusal) }));
    closeSocket(socket, "unauthorized", message);
  };
  const deadline = setTimeout(
    () => refuse(null, `No auth frame came within ${deadlineMs} ms`),
    deadlineMs,
  );
  socket.once("close", () => clearTimeout(deadline));
  socket.once("message", (data: RawData, isBinary: boolean) => {
    clearTimeout(deadline);
    const { id, problem } = isBinary
      ? { id: null, problem: `The first frame is binary; send ${WANTED}` }
      : check((data as Buffer).toString("utf8"), token);
    if (problem !== undefined) return refuse(id, problem);
    socket.send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"authenticated":true}}`);
    onAdmitted();
  });
}

/** `auth` for those who are in already: harmless with the right token, refused with a wrong one. */
export function authMethod(token: string | undefined): Method {
  const method: Method<typeof auth.params> = {
    params: auth.params,
    async handle(params) {
      if (token === undefined || tokenMatches(params.token, token)) return { authenticated: true };
      throw new CodedError("unauthorized", "The token is not this daemon's");
    },
  };
  return method;
}

/** What is wrong with the first frame, which is not always the token. */
function check(text: string, token: string): { id: CallId | null; problem?: string } {
  const message = readFrame(text);
  if (!("kind" in message))
    return { id: null, problem: `The first frame is a batch; send ${WANTED}` };
  if (message.kind === "invalid")
    return { id: message.id, problem: `${message.error.message}; send ${WANTED}` };
  const id = message.kind === "call" ? message.id : null;
  if (message.kind === "answer" || message.method !== "auth")
    return { id, problem: `A token is needed first; send ${WANTED}` };
  if (id === null) return { id, problem: `The auth frame has no \`id\`; send ${WANTED}` };
  const { data } = auth.params.safeParse(message.params);
  if (data === undefined)
    return {
      id,
      problem: `\`params\` must hold the token as text and nothing else; send ${WANTED}`,
    };
  return tokenMatches(data.token, token)
    ? { id }
    : { id, problem: "The token is not this daemon's" };
}
