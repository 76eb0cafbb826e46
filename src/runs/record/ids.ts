// Names for new things: a prefix that says what it is, then time and chance, so that they sort by age and never meet.
import { randomUUID } from "node:crypto";

/** Of a random UUID's last part. */
const RANDOM_DIGITS = 12;

/** `run_mhx3k2a1_9f0c…`: URL-safe, unique over restarts. */
export function newId(prefix: "run" | "session" | "permission"): string {
  return `${prefix}_${Date.now().toString(36)}${randomUUID().slice(-RANDOM_DIGITS)}`;
}
