// A program that serves the transfer routes on its cwd, prints its port, and prints its memory when it is told so: measured apart from the test.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { serveHttp } from "../../../../src/doors/http/server.ts";
import { transferRoutes } from "../../../../src/doors/http/transfer.ts";
import { createLog } from "../../../../src/log/log.ts";
import { Secrets } from "../../../../src/log/secrets.ts";
import { limitMemory } from "../../../../src/life/memory.ts";

limitMemory();
const routes = transferRoutes({ cwd: process.cwd(), paths: { roots: ["/"] } });
const server = createServer(
  serveHttp({ routes, refuse: () => undefined, log: createLog("silent", new Secrets()) }),
);
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));

createInterface(process.stdin).on("line", () => {
  const status = readFileSync("/proc/self/status", "utf8");
  console.log(
    JSON.stringify({
      residentKib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]),
      peakKib: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]),
    }),
  );
});
