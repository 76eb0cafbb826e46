// What a row of the table is, before and after it was measured.

/** A ratio is to the limit; the others are in the row's own unit. */
export type Aim =
  | { readonly ratioAtMost: number }
  | { readonly atMost: number }
  | { readonly atLeast: number };

export interface Figures {
  readonly ours: number;
  /** What the same work costs with nothing of ours around it; null where there is no such thing. */
  readonly limit: number | null;
  /** The same of sandbox-agent, or what it says to it; null where it is not installed or has no such thing. */
  readonly peer: number | string | null;
}

export interface Measurement {
  /** For `--only`. */
  readonly name: string;
  readonly what: string;
  readonly unit: "ms" | "MB" | "MB/s" | "facts/s";
  readonly limitName: string | null;
  readonly aim: Aim | null;
  measure(): Promise<Figures>;
}

export interface Row extends Figures, Omit<Measurement, "measure"> {
  /** Ours to the limit. */
  readonly ratio: number | null;
  /** Null without an aim. */
  readonly met: boolean | null;
}

export async function measureRow(measurement: Measurement): Promise<Row> {
  const { name, what, unit, limitName, aim } = measurement;
  const figures = await measurement.measure();
  const ratio = figures.limit === null ? null : figures.ours / figures.limit;
  return {
    name,
    what,
    unit,
    limitName,
    aim,
    ...figures,
    ratio,
    met: aim && isMet(aim, figures.ours, ratio),
  };
}

function isMet(aim: Aim, ours: number, ratio: number | null): boolean {
  if ("atMost" in aim) return ours <= aim.atMost;
  if ("atLeast" in aim) return ours >= aim.atLeast;
  return ratio !== null && ratio <= aim.ratioAtMost;
}
