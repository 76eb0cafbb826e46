// The README's JSON frames are sent to a real daemon, and its answers have what the samples show.
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { realBox } from "../house/real-box.ts";
import { inlineCode, samplesIn } from "./samples.ts";

type Frame = Record<string, unknown>;

class Line {
  readonly #socket: WebSocket;
  readonly #heard: Frame[] = [];
  #wake = (): void => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      this.#heard.push(JSON.parse(data.toString("utf8")) as Frame);
      this.#wake();
    });
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<Line> {
    const socket = new WebSocket(url, { headers });
    onTestFinished(() => socket.terminate());
    const line = new Line(socket);
    await once(socket, "open");
    return line;
  }

  send(frame: Frame): void {
    this.#socket.send(JSON.stringify(frame));
  }

  async next(isWanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const at = this.#heard.findIndex(isWanted);
      const [found] = at === -1 ? [] : this.#heard.splice(at, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** What a sample shows: `…` stands for what is left out. */
function shown(line: string): Frame {
  return JSON.parse(line.slice(2).replaceAll(/,…(?=[}\]])/g, "")) as Frame;
}

/** What the sample shows and the real frame has not, whatever its values. */
function missing(real: unknown, sample: unknown, at = "frame"): string[] {
  if (Array.isArray(sample)) return missing((real as unknown[])[0], sample[0], `${at}[0]`);
  if (typeof sample !== "object" || sample === null)
    return typeof real === typeof sample ? [] : [at];
  return Object.entries(sample).flatMap(([key, each]) =>
    missing((real as Frame | undefined)?.[key], each, `${at}.${key}`),
  );
}

test("the README's frames are taken as they stand, and answered as it shows", async () => {
  const { url, token } = await realBox([{ text: "All tests pass." }]);
  const line = await Line.open(url, { authorization: `Bearer ${token}` });
  const lines = samplesIn("json")
    .flatMap(({ text }) => text.split("\n"))
    .filter((each) => /^[→←] \{/.test(each));
  expect(lines.length).toBeGreaterThan(3);
  let cursor: unknown;
  for (const each of lines) {
    const frame = shown(each);
    if (each.startsWith("→")) {
      const params = frame["params"] as Frame;
      if ("after" in params) {
        const { runId, at } = cursor as { runId: string; at: unknown };
        Object.assign(params, { after: at, filter: { runId } });
      }
      line.send(frame);
      continue;
    }
    const answer = await line.next((heard) =>
      "id" in frame ? heard["id"] === frame["id"] : heard["method"] === frame["method"],
    );
    expect(missing(answer, frame)).toEqual([]);
    const run = (answer["result"] as Frame | undefined)?.["run"] as Frame | undefined;
    if (run) cursor = { runId: run["runId"], at: run["cursor"] };
  }
});

test("the README's auth frame is taken as the first one", async () => {
  const { url, token } = await realBox([]);
  const frame = inlineCode("README.md").find((code) => code.includes('"method":"auth"')) ?? "";
  const line = await Line.open(url);
  line.send(JSON.parse(frame.replace('"…"', JSON.stringify(token))) as Frame);
  expect(await line.next(() => true)).toMatchObject({ result: { authenticated: true } });
});
