// How fast a host that was away catches up.
import { join } from "node:path";
import { FACT_JSON } from "../fact.ts";
import { FactsStage } from "../facts-host.ts";
import { BareSqlite } from "../limits/sqlite.ts";
import type { Measurement } from "../measurement.ts";
import { inTurns, perSecond } from "../rounds.ts";

const ROUNDS = 3;
const FACTS = 200_000;

export const replay: Measurement = {
  name: "replay",
  what: "facts replayed from disk",
  unit: "facts/s",
  limitName: "bare SQLite, read only",
  aim: null,
  async measure() {
    await using stage = await FactsStage.start();
    using sqlite = new BareSqlite(join(stage.directory, "bare.db"));
    sqlite.append(FACTS, FACT_JSON);
    const head = await stage.append(FACTS);
    const { ours, limit } = await inTurns(ROUNDS, {
      limit: async () => perSecond(FACTS, () => sqlite.read()),
      ours: () => stage.replay(head),
    });
    return { ours, limit, peer: null };
  },
};
