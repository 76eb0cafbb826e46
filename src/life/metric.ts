// One figure of the daemon.

export interface Metric {
  /** Without the prefix; ends in its unit, `_total` for what only grows. */
  readonly name: string;
  readonly help: string;
  readonly value: number;
}
