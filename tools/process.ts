// What a process of the box is: the shapes that tools, harnesses and the daemon share.
import type { Readable, Writable } from "node:stream";

/**
 * How certain it is that nothing of an ended tree is left. `cgroup`: the kernel's own list of the group was empty; `subreaper`: whatever
 * the tree left returned to its supervisor, which had no child any more; `marker`: an environment marker found in /proc; `group`: the
 * process group only.
 */
export type ContainmentLevel = "cgroup" | "subreaper" | "marker" | "group";

/** What ending a tree did. */
export interface ContainmentReport {
  readonly level: ContainmentLevel;
  /** Processes that were sent a signal, the direct child included. */
  readonly signalled: number;
  /** Of these, how many needed SIGKILL. */
  readonly killed: number;
  /** Pids still alive when the sweep gave up; empty when all is clean. */
  readonly survivors: readonly number[];
  readonly durationMs: number;
}

/** What a process, or everything a run started, has cost. Null where it could not be measured. */
export interface ResourceUse {
  readonly cpuMs: number | null;
  readonly peakMemoryBytes: number | null;
}

export interface ProcessExit {
  /** As the kernel gave it, never made up; null when a signal ended the process. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly durationMs: number;
  readonly resources: ResourceUse;
  /** Present when we ended the tree. */
  readonly containment?: ContainmentReport | undefined;
}

export type StreamName = "stdout" | "stderr";

export interface ProcessRequest {
  /** A shell command for `bash -c`, or a program and its arguments. */
  readonly command: string | readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** `open`: the caller writes and closes it; `closed`: the process reads end-of-file; bytes: written, then closed. */
  readonly stdin: "open" | "closed" | Uint8Array;
  /** What it belongs to and ends with: a run's id, a session's for a program kept warm between runs, a harness's name for a shared server. */
  readonly owner?: string | undefined;
  /** Ends the whole tree when it has run that long. */
  readonly timeoutMs?: number | undefined;
  /** Bytes of each stream kept for reading back; more is drained, counted and marked missing. */
  readonly maxRecordBytes?: number | undefined;
  /** Aborting it ends the whole tree. */
  readonly signal?: AbortSignal | undefined;
}

/** A piece of a stream, by absolute byte offset. */
export interface RecordSlice {
  /** Offset of the first byte in `bytes`; greater than asked when what was asked is not kept. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Bytes between the offset asked for and `offset` that are not kept. */
  readonly missingBytes: number;
  /** True when the stream has ended and nothing follows this slice. */
  readonly ended: boolean;
}

/** Every byte that a stream printed, by absolute offset: in memory while short, in a spill file when long. */
export interface ByteRecord {
  /** Bytes printed so far. */
  readonly totalBytes: number;
  readonly ended: boolean;
  /** Bytes that were printed but not kept (past `maxRecordBytes`). */
  readonly droppedBytes: number;
  read(offset: number, maxBytes: number): Promise<RecordSlice>;
  /** Resolves when there is something after `offset`, the stream has ended, or the signal aborts. */
  waitPast(offset: number, signal: AbortSignal): Promise<void>;
}

/** A process whose output is recorded and can be read again at any offset. */
export interface BoxProcess {
  /** `proc_…`, unique in the box's life. */
  readonly id: string;
  readonly pid: number;
  readonly request: ProcessRequest;
  readonly startedAt: Date;
  readonly stdout: ByteRecord;
  readonly stderr: ByteRecord;
  /** Settles once the direct child has exited; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Aborted once it has exited: to wait for that among other things, since a race with `exited` would leave something behind each time. */
  readonly whenExited: AbortSignal;
  /** The exit once it is known. */
  readonly exit: ProcessExit | undefined;
  /** Throws CodedError `stdin_closed`. Resolves when the bytes were taken. */
  write(bytes: Uint8Array): Promise<void>;
  closeStdin(): void;
  /** To the direct child's group only, such as SIGINT; `stop` ends trees. */
  signal(name: NodeJS.Signals): void;
  /** Ends the whole tree: SIGTERM, the grace period, SIGKILL, then a sweep for escapees. */
  stop(graceMs?: number): Promise<ContainmentReport>;
}

/** A contained program with plain pipes, for a harness that speaks a protocol over them. Not recorded. */
export interface PipedProcess {
  readonly id: string;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exited: Promise<ProcessExit>;
  signal(name: NodeJS.Signals): void;
  stop(graceMs?: number): Promise<ContainmentReport>;
}

/** Told of everything that happens to recorded processes; the daemon turns it into events. Must not throw, but for `admit`. */
export interface ProcessObserver {
  /** Asked before anything is started. Throws CodedError to keep it from starting. */
  admit?(): void;
  started?(process: BoxProcess): void;
  /** A live view of the output as text, never split inside a character; large bursts may be skipped, the record has them. */
  output?(process: BoxProcess, stream: StreamName, text: string): void;
  exited?(process: BoxProcess, exit: ProcessExit): void;
}

export interface ProcessTable {
  /** Throws CodedError: `program_not_found`, `directory_not_found`, `too_many_processes`, `spawn_failed`, `too_large`. */
  start(request: ProcessRequest): Promise<BoxProcess>;
  spawn(request: Omit<ProcessRequest, "maxRecordBytes">): Promise<PipedProcess>;
  /** Throws CodedError `process_not_found`. */
  get(processId: string): BoxProcess;
  list(): readonly BoxProcess[];
  /** The environment that marks a command as an owner's: every process started gets it, and what a shared server starts must be given it. */
  markerOf(owner: string): Readonly<Record<string, string>>;
  /** Ends everything that the owner has started, escapees included, except the processes spared (not their children). */
  stopOwner(
    owner: string,
    options?: { graceMs?: number; spare?: readonly number[] },
  ): Promise<ContainmentReport>;
  /** What everything that the owner has started has cost so far. */
  resourcesOf(owner: string): ResourceUse;
  /** Ends everything that this daemon, or its predecessor on the same state directory, has started. */
  stopAll(graceMs?: number): Promise<ContainmentReport>;
}
