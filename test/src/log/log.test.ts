import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { createLog, type LogLevel } from "../../../src/log/log.ts";
import { Secrets } from "../../../src/log/secrets.ts";

function collect(level: LogLevel, secrets = new Secrets()) {
  const lines: Record<string, unknown>[] = [];
  return {
    lines,
    log: createLog(
      level,
      secrets,
      (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    ),
  };
}

test("A line is one JSON object with its level, its time, its fields and its message", () => {
  const { log, lines } = collect("info");
  log.info({ port: 8420 }, "serving");
  expect(lines).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      port: 8420,
      msg: "serving",
    },
  ]);
});

test("Lines below the level are not written, and none at all when it is silent", () => {
  const { log, lines } = collect("warn");
  log.info({}, "no");
  log.warn({}, "yes");
  expect(lines.map(({ msg }) => msg)).toEqual(["yes"]);
  const silent = collect("silent");
  silent.log.error({}, "no");
  expect(silent.lines).toEqual([]);
});

test("A child's lines have its fields, those of its parent, and the level of both", () => {
  const { log, lines } = collect("info");
  log.child({ connection: "c1" }).child({ call: 2 }).info({}, "said");
  log.child({ connection: "c1" }).debug({}, "unsaid");
  expect(lines).toEqual([
    { level: "info", time: expect.any(String) as string, connection: "c1", call: 2, msg: "said" },
  ]);
});

test("An error is written out under any name, with its stack, its own fields and its causes", () => {
  const { log, lines } = collect("error");
  const cause = Object.assign(new TypeError("inside"), { code: "E_INSIDE" });
  cause.cause = cause;
  log.error({ error: new Error("outside", { cause }) }, "broke");
  const told = lines[0]?.["error"] as {
    message: string;
    stack: string;
    cause: Record<string, unknown>;
  };
  expect(told).toMatchObject({
    type: "Error",
    message: "outside",
    cause: { type: "TypeError", message: "inside", code: "E_INSIDE" },
  });
  expect(told.stack).toContain("log.test.ts");
});

test("Secrets are removed wherever they stand, also when JSON has escaped what is around them", () => {
  const secrets = new Secrets(["sk-very-secret"]);
  const { log, lines } = collect("info", secrets);
  log.info(
    { url: 'https://x/?"key"=sk-very-secret\n', err: new Error("bad sk-very-secret") },
    "with sk-very-secret",
  );
  expect(JSON.stringify(lines)).not.toContain("sk-very-secret");
  expect(lines[0]?.["msg"]).toBe("with [redacted]");
});

test("Fields that JSON cannot hold cost the fields and not the line", () => {
  const { log, lines } = collect("info");
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  log.info({ ring }, "around");
  log.info({ big: 1n }, "big");
  expect(lines.map(({ msg }) => msg)).toEqual(["around", "big"]);
});

test("A reader of stderr that has gone does not end the program", async () => {
  const program = `
    import { createLog } from ${JSON.stringify(new URL("../../../src/log/log.ts", import.meta.url).href)};
    import { Secrets } from ${JSON.stringify(new URL("../../../src/log/secrets.ts", import.meta.url).href)};
    process.stdin.once("data", () => { createLog("info", new Secrets()).info({}, "to nobody"); process.exit(7); });
    process.stdout.write("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  await once(child.stdout, "data");
  child.stderr.destroy();
  await once(child.stderr, "close");
  child.stdin.write("go");
  expect(await once(child, "exit")).toEqual([7, null]);
});
