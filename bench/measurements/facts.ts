// How fast facts are made durable and told.
import { join } from "node:path";
import { FACT_JSON } from "../fact.ts";
import { FactsStage } from "../facts-host.ts";
import { BareSqlite } from "../limits/sqlite.ts";
import type { Measurement } from "../measurement.ts";
import { inTurns, perSecond } from "../rounds.ts";

const ROUNDS = 3;
const FACTS = 200_000;

/** From one process's journal, committed to disk, over a socket to a host in another that parses each: both cores at work. */
export const facts: Measurement = {
  name: "facts",
  what: "facts appended and delivered",
  unit: "facts/s",
  limitName: "bare SQLite, append only",
  aim: { atLeast: 200_000 },
  async measure() {
    await using stage = await FactsStage.start();
    using sqlite = new BareSqlite(join(stage.directory, "bare.db"));
    const { ours, limit } = await inTurns(ROUNDS, {
      limit: async () => perSecond(FACTS, () => sqlite.append(FACTS, FACT_JSON)),
      ours: () => stage.appendAndDeliver(FACTS),
    });
    return { ours, limit, peer: null };
  },
};
