import { expect, test } from "vitest";
import { MAX_REFUSALS } from "../../../src/doors/refused-attempts.ts";
import { createLog } from "../../../src/log/log.ts";
import { Secrets } from "../../../src/log/secrets.ts";
import { Bare, openDoor } from "./socket/small-door.ts";

const token = "correct-horse-battery";

async function guardedDoor() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("warn", new Secrets(), (line) => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  });
  const { url, port } = await openDoor({ token, log });
  const ask = (given: string) =>
    fetch(`http://127.0.0.1:${port}/files`, { headers: { authorization: `Bearer ${given}` } });
  return { url, ask, lines };
}

test("a wrong token is logged with its address and what it asked for, and never with the token", async () => {
  const { ask, lines } = await guardedDoor();
  expect((await ask("wr0ng-token")).status).toBe(401);
  expect(lines).toMatchObject([{ code: "unauthorized", address: "127.0.0.1", url: "/files" }]);
  expect(JSON.stringify(lines)).not.toContain("wr0ng-token");
});

test("after ten refusals an address is answered 429 and logged no more; the right token is let in all the same", async () => {
  const { url, ask, lines } = await guardedDoor();
  for (let count = 0; count < MAX_REFUSALS; count++) expect((await ask("wrong")).status).toBe(401);
  for (let count = 0; count < 5; count++) {
    const refused = await ask("wrong");
    expect([refused.status, await refused.json()]).toMatchObject([
      429,
      { error: { code: "too_many_attempts" } },
    ]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect(lines).toHaveLength(MAX_REFUSALS + 1);
  expect((await ask(token)).status).toBe(404);
  const host = await Bare.open(url, { headers: { authorization: `Bearer ${token}` } });
  expect((await host.call("echo")).result).toEqual({});
});

test("a wrong token in a first frame is logged too, and a socket that shows its token later is no refusal", async () => {
  const { url, lines } = await guardedDoor();
  const host = await Bare.open(url);
  expect(lines).toEqual([]);
  host.send({ jsonrpc: "2.0", id: 1, method: "auth", params: { token: "wrong" } });
  await host.closed;
  expect(lines).toMatchObject([{ code: "unauthorized", msg: "The token is not this daemon's" }]);
});
