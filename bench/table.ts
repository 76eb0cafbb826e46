// The rows as a table for people.
import type { Aim, Row } from "./measurement.ts";

const HEAD = ["what", "harnessd", "limit", "", "ratio", "aim", "met", "sandbox-agent"];
const LEFT: ReadonlySet<number> = new Set([0, 3]);

export function tableOf(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const padded = lines.map((line) =>
    line.map((cell, column) =>
      LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  );
  return padded.map((line) => line.join("  ").trimEnd()).join("\n");
}

function cellsOf(row: Row): string[] {
  const { what, unit, ours, limit, limitName, ratio, aim, met, peer } = row;
  return [
    what,
    figure(ours, unit),
    limit === null ? "" : figure(limit, unit),
    limitName ?? "",
    ratio === null ? "" : `${ratio.toFixed(2)}x`,
    aim === null ? "" : aimOf(aim, unit),
    met === null ? "" : met ? "yes" : "NO",
    typeof peer === "number" ? figure(peer, unit) : (peer ?? ""),
  ];
}

function aimOf(aim: Aim, unit: string): string {
  if ("ratioAtMost" in aim) return `<= ${aim.ratioAtMost}x`;
  return "atMost" in aim ? `<= ${figure(aim.atMost, unit)}` : `>= ${figure(aim.atLeast, unit)}`;
}

function figure(value: number, unit: string): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 3;
  return `${Number(value.toFixed(digits)).toLocaleString("en-US")} ${unit}`;
}
