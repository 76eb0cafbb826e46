// `harnessd complete -- WORDS`: what may stand in the place of the last word; asked by the completion scripts.
import { Command } from "commander";
import { readRunStore } from "../../runs/record/read-run-store.ts";
import { readConfig } from "../../settings/config.ts";
import { FILES } from "../completion-scripts.ts";
import { candidatesFor, type Candidate } from "../candidates.ts";

const MOST_IDS = 50;

export function command(): Command {
  return new Command("complete")
    .argument("[words...]")
    .action((words: string[], _, self: Command) => {
      const { candidates, mayBeFile } = candidatesFor(self.parent ?? self, words, { run, session });
      for (const { value, note } of candidates) process.stdout.write(`${value}\t${note}\n`);
      if (candidates.length === 0 && mayBeFile) process.stdout.write(`${FILES}\n`);
    });
}

/** From the journal of this machine: a shell cannot wait for a daemon elsewhere. */
function run(): Candidate[] {
  const { stateDir } = readConfig({});
  const runs = readRunStore(stateDir, (store) => store.list({}, MOST_IDS, undefined).items) ?? [];
  return runs.map(({ runId, outcome, state, harness, createdAt }) => ({
    value: runId,
    note: `${outcome ?? state} · ${harness} · ${createdAt}`,
  }));
}

function session(): Candidate[] {
  const { stateDir } = readConfig({});
  const sessions = readRunStore(stateDir, (store) => store.listSessions(MOST_IDS, undefined).items);
  return (sessions ?? []).map(({ sessionId, harness, cwd }) => ({
    value: sessionId,
    note: `${harness} · ${cwd}`,
  }));
}
