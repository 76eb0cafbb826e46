// `npm run bench [-- --only NAME] [--json]`: what the built daemon costs, each figure beside what the same work costs without it.
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measureRow, type Measurement, type Row } from "./measurement.ts";
import { exec } from "./measurements/exec.ts";
import { facts } from "./measurements/facts.ts";
import { download, upload } from "./measurements/files.ts";
import { idleMemory } from "./measurements/idle-memory.ts";
import { output } from "./measurements/output.ts";
import { replay } from "./measurements/replay.ts";
import { rpc } from "./measurements/rpc.ts";
import { silentHost } from "./measurements/silent-host.ts";
import { start } from "./measurements/start.ts";
import { transferMemory } from "./measurements/transfer-memory.ts";
import { HOW_TO_INSTALL, locateSandboxAgent } from "./sandbox-agent.ts";
import { tableOf } from "./table.ts";

const all: readonly Measurement[] = [
  rpc,
  exec,
  facts,
  replay,
  output,
  upload,
  download,
  start,
  idleMemory,
  silentHost,
  transferMemory,
];

const { values } = parseArgs({
  options: { only: { type: "string", multiple: true }, json: { type: "boolean", default: false } },
});
const names = all.map(({ name }) => name);
for (const name of values.only ?? []) {
  if (!names.includes(name))
    throw new Error(`There is no measurement ${name}; there are ${names.join(", ")}`);
}
const rows: Row[] = [];
for (const measurement of all.filter(({ name }) => values.only?.includes(name) ?? true)) {
  process.stderr.write(`${measurement.what} …\n`);
  rows.push(await measureRow(measurement));
}
const machine = {
  node: process.version,
  cores: availableParallelism(),
  load: loadavg()[0] ?? Number.NaN,
};
console.log(values.json ? JSON.stringify({ machine, rows }, null, 2) : `\n${tableOf(rows)}\n`);
if (!values.json) {
  console.log(
    `Medians; Node ${machine.node}, ${machine.cores} cores, load ${machine.load.toFixed(1)} at the end. A limit is measured in turn with us.`,
  );
  if (locateSandboxAgent() === null) console.log(HOW_TO_INSTALL);
}
