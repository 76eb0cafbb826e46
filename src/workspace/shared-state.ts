// What is known of each directory between looks, for as long as the daemon lives.
import type { Snapshot } from "./snapshot.ts";

/** Directories that are remembered beside those in which runs are under way. */
const MAX_SHARED = 200;

/** What all who look at one directory share, for as long as the daemon lives. */
export interface SharedState {
  users: number;
  /** How often git has been asked. */
  uses: number;
  /** The last state that was seen to stand still, and the census that tells it. */
  known: { readonly census: string; readonly snapshot: Snapshot } | null;
}

const shared = new Map<string, SharedState>();

/** Counts the caller as a user. */
export function shareState(gitDir: string): SharedState {
  const state = shared.get(gitDir) ?? { users: 0, uses: 0, known: null };
  state.users++;
  shared.delete(gitDir);
  shared.set(gitDir, state);
  for (const [oldest, { users }] of shared) {
    if (shared.size <= MAX_SHARED) break;
    if (users === 0) shared.delete(oldest);
  }
  return state;
}
