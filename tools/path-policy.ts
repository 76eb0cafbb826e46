// Which paths may be touched, as whoever calls a tool says.

export interface PathPolicy {
  /** Absolute directories outside of which nothing is touched; `["/"]` allows the whole box. */
  readonly roots: readonly string[];
}
