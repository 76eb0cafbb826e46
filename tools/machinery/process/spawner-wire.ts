// The frames between the daemon and the spawner; spawner/wire.h declares the same.
const ORDER_BYTES = 12;
const START_BYTES = 16;
export const REPORT_BYTES = 64;

const ORDERS = { start: 1, taken: 2 } as const;
const REPORTS = ["", "started", "failed", "exited", "empty", "lost"] as const;

export interface StartOrder {
  readonly directory: string;
  /** Directory of the control group that the program starts in; empty: none. */
  readonly cgroup: string;
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly hasInput: boolean;
  /** Soft limit of the stack in KiB that leaves room for the arguments; 0: as it is. */
  readonly stackKib: number;
}

export interface Report {
  readonly id: number;
  readonly kind: (typeof REPORTS)[number];
  readonly values: readonly number[];
}

export function encodeStart(id: number, order: StartOrder): Buffer {
  const { directory, cgroup, args, env } = order;
  const texts = Buffer.from([directory, cgroup, ...args, ...env, ""].join("\0"));
  const head = Buffer.alloc(ORDER_BYTES + START_BYTES);
  writeHead(head, START_BYTES + texts.length, ORDERS.start, id);
  head.writeUInt32LE(args.length, ORDER_BYTES);
  head.writeUInt32LE(env.length, ORDER_BYTES + 4);
  head.writeUInt32LE(order.hasInput ? 1 : 0, ORDER_BYTES + 8);
  head.writeUInt32LE(order.stackKib, ORDER_BYTES + 12);
  return Buffer.concat([head, texts]);
}

/** Lets the spawner close these descriptors of its own. */
export function encodeTaken(id: number, descriptors: readonly number[]): Buffer {
  const frame = Buffer.alloc(ORDER_BYTES + 12);
  writeHead(frame, 12, ORDERS.taken, id);
  for (const [at, descriptor] of descriptors.entries())
    frame.writeUInt32LE(descriptor, ORDER_BYTES + 4 * at);
  return frame;
}

export function decodeReport(bytes: Buffer): Report {
  return {
    id: bytes.readUInt32LE(0),
    kind: REPORTS[bytes.readUInt32LE(4)] ?? "",
    values: Array.from({ length: 7 }, (_, at) => Number(bytes.readBigInt64LE(8 + 8 * at))),
  };
}

function writeHead(frame: Buffer, bytes: number, kind: number, id: number): void {
  frame.writeUInt32LE(bytes, 0);
  frame.writeUInt32LE(kind, 4);
  frame.writeUInt32LE(id, 8);
}
