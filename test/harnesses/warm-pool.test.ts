import { expect, test } from "vitest";
import { type Warm, WarmPool } from "../../harnesses/warm-pool.ts";

class Kept implements Warm {
  alive = true;
  closed = 0;
  async close(): Promise<void> {
    this.alive = false;
    this.closed++;
  }
}

const make = async (): Promise<Kept> => new Kept();
const limits = { idleMs: 60_000, maxKept: 2 };

test("what is kept is leased again, and what has died is replaced", async () => {
  const pool = new WarmPool(limits);
  const first = await pool.lease("a", make);
  first.release();
  const again = await pool.lease("a", make);
  expect([again.value === first.value, again.fresh]).toEqual([true, false]);
  again.release();
  first.value.alive = false;
  const replaced = await pool.lease("a", make);
  expect([replaced.value === first.value, replaced.fresh, first.value.closed]).toEqual([
    false,
    true,
    1,
  ]);
});

test("two who want the same at once share one, and it is kept until both have given it back", async () => {
  const pool = new WarmPool({ ...limits, maxKept: 0 });
  const [one, other] = await Promise.all([pool.lease("a", make), pool.lease("a", make)]);
  expect(one.value).toBe(other.value);
  one.release();
  expect(one.value.closed).toBe(0);
  other.release();
  await expect.poll(() => one.value.closed).toBe(1);
});

test("beyond the limit the longest idle is closed, and one in use never", async () => {
  const pool = new WarmPool(limits);
  const used = await pool.lease("used", make);
  const leases = [
    await pool.lease("a", make),
    await pool.lease("b", make),
    await pool.lease("c", make),
  ];
  for (const lease of leases) lease.release();
  await expect.poll(() => leases.map(({ value }) => value.closed)).toEqual([1, 1, 0]);
  expect(used.value.closed).toBe(0);
});

test("what idles for too long is closed", async () => {
  const pool = new WarmPool({ ...limits, idleMs: 5 });
  const lease = await pool.lease("a", make);
  lease.release();
  await expect.poll(() => lease.value.closed).toBe(1);
});

test("what cannot be made is not kept, and what cannot be closed harms nobody", async () => {
  const pool = new WarmPool(limits);
  await expect(pool.lease("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const stuck = { alive: true, close: () => Promise.reject(new Error("stuck")) };
  (await pool.lease("a", async () => stuck)).release();
  await pool.closeAll();
  expect((await pool.lease("a", make)).fresh).toBe(true);
});
