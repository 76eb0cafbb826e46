// What an orchestrator asks: is the daemon alive, and is it ready to be used.
import { answerJson, type Route, route } from "./route.ts";

/** `notReady` gives the reasons why the daemon is not ready; empty when it is. */
export function probeRoutes(notReady: () => readonly string[]): Route[] {
  return [
    route("GET /healthz", async (_request, response) =>
      answerJson(response, 200, { status: "alive" }),
    ),
    route("GET /readyz", async (_request, response) => {
      const reasons = notReady();
      if (reasons.length === 0) answerJson(response, 200, { status: "ready" });
      else answerJson(response, 503, { status: "not_ready", reasons });
    }),
  ];
}
