// A state of a directory, as the hidden repository knows it.

/** A state of the directory. */
export interface Snapshot {
  /** A git tree in the shadow repository. */
  readonly tree: string;
  /** Paths that git could not take in, relative to the directory: changes of them are not seen. */
  readonly unseen: readonly string[];
}
