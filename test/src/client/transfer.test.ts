import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { Harnessd } from "../../../src/client/index.ts";
import { serveHttp } from "../../../src/doors/http/server.ts";
import { dialOut } from "../../../src/doors/socket/dial-out.ts";
import type { Method } from "../../../src/doors/socket/method.ts";
import { streamHandlers } from "../../../src/doors/socket/streams.ts";
import { methods as methodRecords, type MethodName } from "../../../src/wire/methods.ts";
import { method, silentLog, smallTable } from "../doors/socket/small-door.ts";
import { transferRoutes } from "../../../src/doors/http/transfer.ts";
import { EVERYWHERE } from "../../../tools/paths.ts";
import { connectTo, openBox } from "./box-door.ts";

interface Transfers {
  readonly box: Harnessd;
  readonly directory: string;
}

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "harnessd-transfer-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

async function reached(): Promise<Transfers> {
  const directory = makeDirectory();
  const { door } = await openBox({
    token: "s3cret-token",
    routes: transferRoutes({ cwd: directory, paths: EVERYWHERE }),
  });
  return { box: await connectTo(door.url, { token: "s3cret-token" }), directory };
}

/** A daemon that has dialled this host, which cannot reach it. */
async function dialled(): Promise<Transfers> {
  const directory = makeDirectory();
  const routes = transferRoutes({ cwd: directory, paths: EVERYWHERE });
  const streams = streamHandlers(serveHttp({ routes, refuse: () => undefined, log: silentLog }));
  const methods = smallTable();
  for (const [name, handle] of Object.entries(streams) as [MethodName, Method["handle"]][])
    methods.set(name, method(methodRecords[name].params, handle));
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => server.close());
  await once(server, "listening");
  const first = once(server, "connection");
  const { port } = server.address() as AddressInfo;
  const door = dialOut({ url: `ws://127.0.0.1:${port}`, methods, log: silentLog });
  onTestFinished(() => door.close());
  const box = await Harnessd.accept(((await first) as [WebSocket])[0]);
  onTestFinished(() => box.close());
  return { box, directory };
}

const WAYS = [
  ["beside the socket", reached],
  ["within the socket of a daemon that dialled out", dialled],
] as const;

describe.each(WAYS)("%s", (_, openTransfers) => {
  test("a stream goes up and comes down as it was", async () => {
    const { box, directory } = await openTransfers();
    const pieces = Array.from({ length: 64 }, () => randomBytes(100_000));
    await box.upload(
      "deep/er/file.bin",
      (async function* () {
        yield* pieces;
      })(),
    );
    expect(
      (await readFile(join(directory, "deep/er/file.bin"))).equals(Buffer.concat(pieces)),
    ).toBe(true);
    const { body, size, version } = await box.download("deep/er/file.bin");
    const hash = createHash("sha256");
    for await (const chunk of body) hash.update(chunk);
    expect([size, hash.digest("hex")]).toEqual([
      6_400_000,
      createHash("sha256").update(Buffer.concat(pieces)).digest("hex"),
    ]);
    await box.upload("deep/er/file.bin", "short", { expectedVersion: version ?? "" });
    const rest = await box.download("deep/er/file.bin", { offset: 2 });
    expect(await new Response(rest.body).text()).toBe("ort");
  });

  test("a folder goes up and comes down as a tar", async () => {
    const { box, directory } = await openTransfers();
    await box.upload("one/a.txt", "a");
    const { body, size } = await box.download("one", { folder: true });
    expect(size).toBeNull();
    await box.upload("two", body, { folder: true });
    expect(await readFile(join(directory, "two/a.txt"), "utf8")).toBe("a");
  });

  test("a refusal comes with the daemon's code", async () => {
    const { box } = await openTransfers();
    await expect(box.download("missing")).rejects.toMatchObject({
      name: "CallError",
      code: "not_found",
      number: 404,
    });
    await box.upload("there", "x");
    await expect(box.upload("there", "y", { createOnly: true })).rejects.toMatchObject({
      name: "CallError",
    });
  });

  test("a file of many pieces goes up and comes down whole", async () => {
    const { box, directory } = await openTransfers();
    const piece = Buffer.alloc(1_000_000, "x");
    await box.upload(
      "large",
      (async function* () {
        for (let n = 0; n < 20; n++) yield piece;
      })(),
    );
    expect((await stat(join(directory, "large"))).size).toBe(20_000_000);
    let bytes = 0;
    for await (const chunk of (await box.download("large")).body) bytes += chunk.length;
    expect(bytes).toBe(20_000_000);
  });
});

test("what nobody reads of a download within the socket stays in the daemon", async () => {
  const { box, directory } = await dialled();
  await writeFile(join(directory, "large"), Buffer.alloc(20_000_000));
  const asked = vi.spyOn(box, "call");
  const { body } = await box.download("large");
  const reads = (): number => asked.mock.calls.filter(([name]) => name === "stream_read").length;
  // Until no more is asked for: some pieces fill the buffers on the way.
  let before = -1;
  await expect.poll(() => before === (before = reads())).toBe(true);
  expect(reads() * 256 * 1024).toBeLessThan(8_000_000);
  await body.cancel();
});
