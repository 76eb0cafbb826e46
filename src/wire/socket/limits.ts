// What one connection may hold.

/** Calls that may be under way at once; more are answered `overloaded`, so that clients keep them back. */
export const MAX_CALLS_IN_FLIGHT = 256;
