// A journal behind a real socket, in a process of its own: `append` writes facts as fast as the journal takes them, and lets it deliver in between.
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { listen } from "../src/doors/socket/listen.ts";
import { Journal } from "../src/journal/journal.ts";
import { createLog } from "../src/log/log.ts";
import type { Method } from "../src/doors/socket/method.ts";
import { methods } from "../src/wire/methods.ts";
import { eventHandlers } from "../src/doors/socket/subscriptions.ts";
import { Secrets } from "../src/log/secrets.ts";
import { FACT_TEXT } from "./fact.ts";

const FACTS_A_TURN = 1000;

const [directory = ""] = process.argv.slice(2);
const journal = Journal.open({ directory });
const log = createLog("warn", new Secrets());

const append: Method<z.ZodObject<{ count: z.ZodNumber }>> = {
  params: z.object({ count: z.number() }),
  async handle({ count }) {
    for (let appended = 0; appended < count; appended++) {
      journal.append(
        { type: "message", messageId: "m1", text: FACT_TEXT },
        { source: "harness", runId: "run_1" },
      );
      if (appended % FACTS_A_TURN === 0) await setImmediate();
    }
    await journal.committed();
    return journal.head;
  },
};
const { events_subscribe: handle } = eventHandlers(journal, log);
const table = new Map<string, Method>([
  ["append", append],
  ["events_subscribe", { params: methods.events_subscribe.params, handle }],
]);
const door = await listen({ host: "127.0.0.1", port: 0, methods: table, routes: [], log });
console.log(door.url);
