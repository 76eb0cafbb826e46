// One host on one socket, whichever side connected: reads its frames, runs its calls side by side, writes the answers.
import { randomBytes } from "node:crypto";
import type { RawData, WebSocket } from "ws";
import type { Log } from "../../log/log.ts";
import { WIRE_LIMITS } from "../../wire/limits.ts";
import type { CloseReason } from "../../wire/socket/close-codes.ts";
import { closeSocket } from "../../wire/socket/closing.ts";
import { CodedError } from "../../../tools/coded-error.ts";
import { answerableError } from "../failure.ts";
import { invalidParams, methodNotFound, wireErrorOf } from "./wire-error.ts";
import { isCallId, readFrame, type CallId, type Message } from "./message.ts";
import { RawJson, type Method, type MethodTable } from "./method.ts";

/** Unsent bytes above which `notify` waits. */
const HIGH_WATER_BYTES = 1024 * 1024;
/** Unsent bytes above which nothing more is read from a host that does not read its answers. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;

export interface ConnectionOptions {
  readonly methods: MethodTable;
  readonly log: Log;
  readonly maxCallsInFlight?: number | undefined;
}

interface CallUnderWay {
  readonly controller: AbortController;
  readonly outlivesConnection: boolean;
}

/** What goes back for one message; `tasks` run once it was given to the socket. */
interface Reply {
  readonly text: string;
  readonly tasks: readonly (() => void)[];
}

export class Connection {
  /** For the log, and to tell connections apart. */
  readonly id = `conn_${randomBytes(6).toString("hex")}`;
  readonly #socket: WebSocket;
  readonly #methods: MethodTable;
  readonly #log: Log;
  readonly #maxCallsInFlight: number;
  readonly #calls = new Map<CallId, CallUnderWay>();
  readonly #closed = new AbortController();

  /** Takes over an open socket; it may be paused. */
  constructor(
    socket: WebSocket,
    { methods, log, maxCallsInFlight = WIRE_LIMITS.callsInFlight }: ConnectionOptions,
  ) {
    this.#socket = socket;
    this.#methods = methods;
    this.#log = log.child({ connection: this.id });
    this.#maxCallsInFlight = maxCallsInFlight;
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("error", (err) => this.#log.debug({ err }, "The socket failed"));
    socket.once("close", (code) => this.#end(code));
    socket.resume();
  }

  /** Aborted once the socket is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Tells the host something; `params` is JSON text. Resolves when there is room for more, false when the connection is closed. Never rejects. */
  async notify(method: string, params: string): Promise<boolean> {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    const frame = `{"jsonrpc":"2.0","method":"${method}","params":${params}}`;
    return new Promise((resolve) => {
      this.#socket.send(frame, (error) => resolve(error === undefined || error === null));
      if (this.#socket.bufferedAmount < HIGH_WATER_BYTES) resolve(true);
    });
  }

  close(reason: CloseReason, text: string): void {
    closeSocket(this.#socket, reason, text);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (isBinary) {
      this.#send(
        failed(
          null,
          new CodedError(
            "invalid_request",
            "Frames must be text; bytes go over HTTP beside this socket",
          ),
        ),
      );
      return;
    }
    const read = readFrame((data as Buffer).toString("utf8"));
    if (!("kind" in read)) void this.#replyToBatch(read);
    else if (read.kind === "call") void this.#replyToCall(read);
    else this.#send(this.#replyAtOnce(read));
  }

  async #replyToCall(call: Message & { kind: "call" }): Promise<void> {
    this.#send(await this.#run(call));
  }

  async #replyToBatch(messages: readonly Message[]): Promise<void> {
    const running = messages.map(async (each) =>
      each.kind === "call" ? this.#run(each) : this.#replyAtOnce(each),
    );
    const replies = (await Promise.all(running)).filter((each) => each !== undefined);
    if (replies.length === 0) return;
    this.#send({
      text: `[${replies.map((each) => each.text).join(",")}]`,
      tasks: replies.flatMap((each) => each.tasks),
    });
  }

  /** What needs no waiting; a notification has no answer, not even a bad one. */
  #replyAtOnce(message: Exclude<Message, { kind: "call" }>): Reply | undefined {
    if (message.kind === "invalid") return failed(message.id, message.error);
    if (message.kind === "notification" && message.method === "$/cancelRequest")
      this.#cancel(message.params);
    return undefined;
  }

  #cancel(params: unknown): void {
    const id = (params as { readonly id?: unknown } | null | undefined)?.id;
    if (isCallId(id))
      this.#calls
        .get(id)
        ?.controller.abort(new CodedError("cancelled", "The host cancelled the call"));
  }

  /** Never rejects: whatever happens becomes the answer. */
  async #run({ id, method: name, params }: Message & { kind: "call" }): Promise<Reply> {
    const method = this.#methods.get(name);
    if (method === undefined) return failed(id, methodNotFound(name, this.#methods.keys()));
    if (this.#calls.has(id))
      return failed(
        null,
        new CodedError(
          "invalid_request",
          `A call with the id ${JSON.stringify(id)} is still under way`,
        ),
      );
    if (this.#calls.size >= this.#maxCallsInFlight) {
      return failed(
        id,
        new CodedError(
          "overloaded",
          `${this.#maxCallsInFlight} calls are under way on this connection; wait for one to end`,
        ),
      );
    }
    const controller = new AbortController();
    this.#calls.set(id, { controller, outlivesConnection: method.outlivesConnection ?? false });
    try {
      return await this.#handle(id, name, method, params, controller.signal);
    } catch (error) {
      if (controller.signal.aborted)
        return failed(id, new CodedError("cancelled", "The call was cancelled before it finished"));
      return failed(id, answerableError(error, name, this.#log));
    } finally {
      this.#calls.delete(id);
    }
  }

  async #handle(
    id: CallId,
    name: string,
    method: Method,
    params: unknown,
    signal: AbortSignal,
  ): Promise<Reply> {
    const parsed = method.params.safeParse(params ?? {});
    if (!parsed.success) return failed(id, invalidParams(name, parsed.error));
    const tasks: (() => void)[] = [];
    const afterAnswer = (task: () => void): void => void tasks.push(task);
    const result = await method.handle(parsed.data, { signal, connection: this, afterAnswer });
    const json = result instanceof RawJson ? result.text : (JSON.stringify(result) ?? "null");
    if (json.length > WIRE_LIMITS.answerCharacters) {
      throw new CodedError(
        "answer_too_large",
        `The answer has ${json.length} characters, more than the ${WIRE_LIMITS.answerCharacters} that fit; ask for less`,
      );
    }
    return { text: `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}`, tasks };
  }

  #send(reply: Reply | undefined): void {
    if (reply === undefined || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(reply.text, () => this.#readAgain());
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#socket.pause();
    for (const task of reply.tasks) task();
  }

  #readAgain(): void {
    if (this.#socket.isPaused && this.#socket.bufferedAmount <= MAX_UNREAD_BYTES)
      this.#socket.resume();
  }

  #end(code: number): void {
    this.#log.debug({ code }, "Connection closed");
    this.#closed.abort(new Error(`The connection was closed with code ${code}`));
    for (const call of this.#calls.values()) {
      if (!call.outlivesConnection) call.controller.abort(this.#closed.signal.reason);
    }
  }
}

function failed(id: CallId | null, error: CodedError): Reply {
  return {
    text: JSON.stringify({ jsonrpc: "2.0", id, error: wireErrorOf(error) }),
    tasks: [],
  };
}
