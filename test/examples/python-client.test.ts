// The client in Python, written from the documents alone, against a real daemon: auth, a run over a broken line, cancels, files.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { Harnessd } from "../../src/client/index.ts";
import { realBox } from "../house/real-box.ts";

const DRIVER = join(import.meta.dirname, "drive_python_client.py");
const MODEL = "anthropic/claude-sonnet-5-5";

/** A Python that has the package; Debian's stands beside others. */
const python = ["python3", "/usr/bin/python3"].find(
  (program) => spawnSync(program, ["-c", "import websockets"], { stdio: "ignore" }).status === 0,
);

/** A TCP proxy before the daemon, whose lines can be cut. */
async function flakyLine(url: string): Promise<{ url: string; cut: () => void }> {
  const lines = new Set<Socket>();
  const { port: target } = new URL(url);
  const server = createServer((near) => {
    const far = connect(Number(target), "127.0.0.1");
    near.pipe(far).pipe(near);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
    lines.add(near);
    near.on("close", () => lines.delete(near));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const cut = (): void => {
    for (const line of lines) line.resetAndDestroy();
  };
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, cut };
}

test.skipIf(python === undefined)(
  "a client written from the documents alone runs, follows over a broken line, cancels and moves files (skipped without python3 and its package websockets)",
  async () => {
    const { url, token, workspace } = await realBox([
      { calls: [{ intent: "shell", command: "while [ ! -e go ]; do sleep 0.05; done" }] },
      { text: "It is there." },
      { calls: [{ intent: "shell", command: "sleep 300" }] },
    ]);
    const line = await flakyLine(url);
    const child = spawn(python ?? "", [DRIVER, line.url, token, MODEL], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const said: Record<string, unknown>[] = [];
    let wasCut = false;
    for await (const text of createInterface({ input: child.stdout })) {
      const each = JSON.parse(text) as Record<string, unknown>;
      said.push(each);
      if (each["type"] === "tool.started" && !wasCut) {
        wasCut = true;
        line.cut();
      }
      // The line stands again: now the run may go on.
      if (wasCut && each["state"] === "up") await writeFile(join(workspace, "go"), "");
    }
    const step = (name: string) => said.filter((each) => each["step"] === name);
    expect(step("wrong token")).toMatchObject([{ code: "unauthorized" }]);
    expect(step("info")).toMatchObject([{ protocol: 1 }]);
    expect(step("line").map(({ state }) => state)).toEqual(["up", "down", "up", "down"]);
    const facts = step("fact");
    await using box = await Harnessd.connect({ url, token });
    const filter = { runId: String(facts[0]?.["runId"]), deltas: false };
    const { events } = await box.call("events_read", { filter });
    expect(facts.map(({ seq, type }) => [seq, type])).toEqual(
      events.map((event) => [event["seq"], event["type"]]),
    );
    expect(step("run cancelled")).toMatchObject([{ outcome: "cancelled" }]);
    expect(step("call cancelled")).toHaveLength(1);
    expect(step("file")).toMatchObject([{ bytes: 1_048_576, isSame: true, gone: "not_found" }]);
  },
  60_000,
);
