// Authentication in the first frame, for clients that cannot set headers: `{"jsonrpc":"2.0","id":1,"method":"auth","params":{"token":"…"}}`.
import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import { closeSocket } from "../../wire/socket/closing.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import { readFrame, type CallId } from "./message.ts";
import type { Method } from "./method.ts";
import { tokenMatches } from "./credentials.ts";
import { wireErrorOf } from "./wire-error.ts";

/** How long a client may take to say who it is. */
export const AUTH_DEADLINE_MS = 10_000;

const Params = z.strictObject({ token: z.string() });

/** Waits for the first frame; calls `admit` in the same turn, so that no later frame is missed, or closes the socket as `unauthorized`. */
export function awaitFirstFrame(
  socket: WebSocket,
  token: string,
  deadlineMs: number,
  admit: () => void,
): void {
  const deadline = setTimeout(
    () => closeSocket(socket, "unauthorized", `No auth frame within ${deadlineMs} ms`),
    deadlineMs,
  );
  socket.once("close", () => clearTimeout(deadline));
  socket.once("message", (data: RawData, isBinary: boolean) => {
    clearTimeout(deadline);
    const id = isBinary ? null : idOfValidAuth((data as Buffer).toString("utf8"), token);
    if (id === null) {
      socket.send(JSON.stringify({ jsonrpc: "2.0", id, error: wireErrorOf(unauthorized()) }));
      closeSocket(socket, "unauthorized", "The first frame held no valid token");
      return;
    }
    socket.send(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"authenticated":true}}`);
    admit();
  });
}

/** `auth` for those who are in already: harmless with the right token, refused with a wrong one. */
export function authMethod(token: string | undefined): Method {
  const method: Method<typeof Params> = {
    params: Params,
    async handle(params) {
      if (token !== undefined && !tokenMatches(params.token, token)) throw unauthorized();
      return { authenticated: true };
    },
  };
  return method;
}

function idOfValidAuth(text: string, token: string): CallId | null {
  const message = readFrame(text);
  if (!("kind" in message) || message.kind !== "call" || message.method !== "auth") return null;
  const { data } = Params.safeParse(message.params);
  return data !== undefined && tokenMatches(data.token, token) ? message.id : null;
}

function unauthorized(): CodedError {
  return new CodedError(
    "unauthorized",
    "A valid token is needed: in the Authorization header of the upgrade, or in a first frame with the method `auth`",
  );
}
