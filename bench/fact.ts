// The fact that is appended, delivered and replayed: of about the usual size.

/** A sentence of an agent's; 250 bytes with its envelope. */
export const FACT_TEXT =
  "The test passes now: `sum` subtracted where it should have added, and nothing else was wrong.";

/** What it is on disk. */
export const FACT_JSON = JSON.stringify({
  epoch: "0123456789ab",
  seq: 123456,
  time: new Date(0).toISOString(),
  runId: "run_1",
  source: "harness",
  type: "message",
  messageId: "m1",
  text: FACT_TEXT,
});
