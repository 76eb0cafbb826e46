// A session's turns on disk: JSON lines, appended one by one, readable after any crash.
import { CodedError } from "../../../tools/coded-error.ts";
import { copyFile, mkdir, open, readFile, truncate, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { pairAnswers } from "../gate/calls.ts";
import { NO_ANSWER } from "../gate/words.ts";
import { Turn } from "../models/turn.ts";

const TOKEN = /^[0-9a-f-]{36}$/;

export interface TranscriptRequest {
  readonly stateDir: string;
  /** As `session.bound` gave it; absent for a new conversation. */
  readonly token?: string | undefined;
  /** Go on in a copy. */
  readonly fork: boolean;
}

/** One conversation. What `turns` holds is on disk before anybody sees what follows from it. */
export class Transcript {
  /** Finds this conversation again. */
  readonly token: string;
  readonly #file: FileHandle;
  readonly #callIds = new Set<string>();
  #turns: Turn[];

  private constructor(token: string, file: FileHandle, turns: readonly Turn[]) {
    this.token = token;
    this.#file = file;
    this.#turns = turns.reduce<Turn[]>(applyTurn, []);
    turns.forEach((turn) => this.#noteCalls(turn));
  }

  /** Begins, goes on with, or forks a conversation. Throws CodedError `session_not_found` or `session_damaged`. */
  static async open({ stateDir, token, fork }: TranscriptRequest): Promise<Transcript> {
    const directory = join(stateDir, "transcripts");
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if (token !== undefined && !TOKEN.test(token)) throw notFound(token);
    const own = token === undefined || fork ? crypto.randomUUID() : token;
    const path = join(directory, `${own}.jsonl`);
    if (token !== undefined && fork)
      await copyFile(join(directory, `${token}.jsonl`), path).catch(orNotFound(token));
    const turns = token === undefined ? [] : await readTurns(path, token);
    const transcript = new Transcript(own, await open(path, "a", 0o600), turns);
    await transcript.#answerDanglingCalls();
    return transcript;
  }

  /** What the model is to see: a summary stands for what was compacted. */
  get turns(): readonly Turn[] {
    return this.#turns;
  }

  /** Of all calls that were ever made in it: a model may give the same id again. */
  get callIds(): ReadonlySet<string> {
    return this.#callIds;
  }

  async add(turn: Turn): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify(turn)}\n`); // one write: a crash leaves a whole line or a torn last one
    this.#turns = applyTurn(this.#turns, turn);
    this.#noteCalls(turn);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #noteCalls(turn: Turn): void {
    if (turn.role === "model")
      for (const { toolCallId } of turn.calls) this.#callIds.add(toolCallId);
  }

  /** Providers refuse a history in which a call has no answer. Earlier calls of the same id have theirs before the model's last turn. */
  async #answerDanglingCalls(): Promise<void> {
    const last = this.#turns.findLastIndex(({ role }) => role === "model");
    const turn = this.#turns[last];
    if (turn?.role !== "model") return;
    const answers = this.#turns
      .slice(last + 1)
      .flatMap((each) => (each.role === "tool" ? [each.toolCallId] : []));
    const calls = turn.calls.map(({ toolCallId }) => toolCallId);
    const answered = new Set(pairAnswers(calls, answers));
    for (const [index, { toolCallId, name }] of turn.calls.entries())
      if (!answered.has(index))
        await this.add({ role: "tool", toolCallId, name, text: NO_ANSWER, failed: true });
  }
}

function applyTurn(turns: Turn[], turn: Turn): Turn[] {
  if (turn.role !== "summary") return [...turns, turn];
  return [turn, ...(turn.keep === 0 ? [] : turns.slice(-turn.keep))];
}

/** Reads the whole lines, also those that a summary stands for, and cuts a torn last one off, so that the next line does not grow onto it. */
async function readTurns(path: string, token: string): Promise<Turn[]> {
  const bytes = await readFile(path).catch(orNotFound(token));
  const whole = bytes.lastIndexOf(0x0a) + 1;
  if (whole < bytes.length) await truncate(path, whole);
  const lines = bytes.subarray(0, whole).toString("utf8").split("\n").slice(0, -1);
  return lines.map((line, index) => readTurn(line, path, index + 1));
}

function readTurn(line: string, path: string, number: number): Turn {
  try {
    return Turn.parse(JSON.parse(line));
  } catch (cause) {
    throw new CodedError(
      "session_damaged",
      `Line ${number} of ${path} is not a turn; start a new session`,
      { cause },
    );
  }
}

function orNotFound(token: string): (cause: NodeJS.ErrnoException) => never {
  return (cause) => {
    throw cause.code === "ENOENT" ? notFound(token) : cause;
  };
}

function notFound(token: string): CodedError {
  return new CodedError(
    "session_not_found",
    `There is no conversation ${token} to go on with; start a new session`,
  );
}
