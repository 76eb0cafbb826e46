// Contenders measured in turn, so that a noisy moment of the machine hits all of them alike.

type Contender = () => Promise<number>;
type Medians<Contenders> = {
  [Name in keyof Contenders]: null extends Contenders[Name] ? number | null : number;
};

/** One unmeasured round, then `rounds` of A B A B; the median of each. A contender that is null is left out, and stays null. */
export async function inTurns<const Contenders extends Readonly<Record<string, Contender | null>>>(
  rounds: number,
  contenders: Contenders,
): Promise<Medians<Contenders>> {
  const present = Object.entries(contenders).filter(
    (each): each is [string, Contender] => each[1] !== null,
  );
  const seen = new Map(present.map(([name]) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const [name, measure] of present) {
      const value = await measure();
      if (round > 0) seen.get(name)?.push(value);
    }
  }
  const medians = Object.keys(contenders).map((name) => [
    name,
    seen.has(name) ? median(seen.get(name) ?? []) : null,
  ]);
  return Object.fromEntries(medians) as Medians<Contenders>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = (sorted.length - 1) / 2;
  return (
    ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2
  );
}

export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The median time of one call among `count`, one after the other. */
export async function medianTimeMs(count: number, call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let made = 0; made < count; made++) times.push(await timeMs(call));
  return median(times);
}

/** For work that does not wait. */
export function perSecond(count: number, work: () => unknown): number {
  const started = performance.now();
  work();
  return (count * 1000) / (performance.now() - started);
}
