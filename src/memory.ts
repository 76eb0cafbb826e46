// Keeping the daemon's memory small while bytes stream through it.
import { setFlagsFromString } from "node:v8";

/**
 * V8 looks for dead buffers only when new ones make up about four times its young space, which by default means 64 MiB of dead
 * network buffers for each upload. Measured on 100 MiB up and down: +56 MiB by default, +12 MiB with this, at the same speed.
 */
const MAX_YOUNG_MIB = 4;

/**
 * For the whole process; called once, when the daemon has started. The young space then keeps the size that starting gave
 * it, some 8 MiB: in a flood it would otherwise grow to 64 MiB and fill the old space with what has died on the way there.
 * Measured on 512 MiB of output with a subscriber: +120 MiB by default, +30 to +60 MiB with this, at the same speed.
 */
export function limitYoungMemory(): void {
  setFlagsFromString(`--scavenger-max-new-space-capacity-mb=${MAX_YOUNG_MIB}`);
  setFlagsFromString("--semi-space-growth-factor=1");
}
