// Prints what the conformance suite found, side by side: a row for each case, a column for each harness. Names what did not pass at once.
import { styleText } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";

interface Cell {
  readonly outcome: string;
  readonly seconds: number | null;
  readonly passed: boolean;
}

/** A vitest reporter beside the usual one; silent when no conformance case was run. */
export class Table implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const cases = modules.flatMap((module) => [...module.children.allTests()]);
    const rows = rowsOf(cases);
    if (rows.size > 0) process.stdout.write(`\n${render(rows)}\n`);
    const unsteady = cases.filter((each) => each.diagnostic()?.flaky);
    for (const { module, fullName } of unsteady)
      process.stdout.write(`PASSED AT THE SECOND TRY: ${module.relativeModuleId} ${fullName}\n`);
  }
}

type Rows = Map<string, Map<string, Cell>>;

function rowsOf(cases: readonly TestCase[]): Rows {
  const rows: Rows = new Map();
  for (const each of cases) {
    const report = each.meta().conformance;
    if (!report) continue;
    const row = rows.get(report.subject) ?? new Map<string, Cell>();
    row.set(report.harness, {
      outcome: report.outcome,
      seconds: report.seconds,
      passed: each.result().state === "passed",
    });
    rows.set(report.subject, row);
  }
  return rows;
}

function render(rows: Rows): string {
  const harnesses = Array.from(
    new Set([...rows.values()].flatMap((row) => Array.from(row.keys()))),
  ).sort();
  const lines = [...rows].map(([subject, row]) =>
    [subject].concat(harnesses.map((harness) => textOf(row.get(harness)))),
  );
  const all = [["case", ...harnesses], ...lines];
  const widths =
    all[0]?.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0))) ?? [];
  const printed = all.map((line) =>
    line
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const [head = "", ...body] = printed;
  return [
    styleText("bold", head),
    ...body.map((line) => (line.includes(FAILED) ? styleText("red", line) : line)),
  ].join("\n");
}

const FAILED = "NOT AS EXPECTED";

function textOf(cell: Cell | undefined): string {
  if (!cell) return "";
  const time = cell.seconds === null ? "" : ` ${cell.seconds.toFixed(1)} s`;
  return `${cell.outcome}${time}${cell.passed ? "" : ` ${FAILED}`}`;
}
