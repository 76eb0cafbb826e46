// What we read of Codex's protocol, held against what the pinned program itself says it speaks.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { requireAgent } from "../../harnesses/agent-programs.ts";
import {
  notifications,
  PASSED_OVER,
  requests,
  UNWANTED_NOTIFICATIONS,
} from "../../harnesses/codex/protocol.ts";

const methodsIn = (source: string): string[] =>
  [...source.matchAll(/"method": "([^"]+)"/g)].flatMap(([, method]) => method ?? []);

test("every method that we name is one that the pinned program speaks", async () => {
  const { path } = await requireAgent("codex", process.env["HARNESSD_AGENTS_DIR"] ?? "");
  const directory = await mkdtemp(join(tmpdir(), "codex-types-"));
  try {
    await promisify(execFile)(
      path,
      ["app-server", "generate-ts", "--experimental", "--out", directory],
      {
        env: { CODEX_HOME: directory },
      },
    );
    const sources = ["ServerNotification.ts", "ServerRequest.ts", "ClientRequest.ts"].map((name) =>
      readFile(join(directory, name), "utf8"),
    );
    const [told, asked, taken] = (await Promise.all(sources)).map(methodsIn);
    expect(told).toEqual(
      expect.arrayContaining([
        ...Object.keys(notifications),
        ...UNWANTED_NOTIFICATIONS,
        ...PASSED_OVER,
      ]),
    );
    expect(asked).toEqual(expect.arrayContaining(Object.keys(requests)));
    const calls = [
      "initialize",
      "thread/start",
      "thread/resume",
      "thread/fork",
      "thread/unsubscribe",
      "thread/backgroundTerminals/clean",
    ];
    expect(taken).toEqual(
      expect.arrayContaining([...calls, "turn/start", "turn/steer", "turn/interrupt"]),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
