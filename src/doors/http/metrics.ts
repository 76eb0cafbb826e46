// The daemon's figures in Prometheus' text format.
import type { Metric } from "../../life/metric.ts";
import { type Route, route } from "./route.ts";

export function metricsRoute(read: () => readonly Metric[]): Route {
  return route("GET /metrics", async (_request, response) => {
    response
      .writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
      .end(read().map(format).join(""));
  });
}

function format({ name, help, value }: Metric): string {
  const type = name.endsWith("_total") ? "counter" : "gauge";
  return `# HELP harnessd_${name} ${help}\n# TYPE harnessd_${name} ${type}\nharnessd_${name} ${value}\n`;
}
