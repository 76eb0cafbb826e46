// How a container starts: with programs of our own in the places of tini and harnessd.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { providers } from "../../harnesses/providers.ts";
import { settings } from "../../src/settings/settings.ts";

const ENTRY = new URL("../../container/entry.sh", import.meta.url).pathname;
let bin = "";

beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), "entry-"));
  const program = (name: string, script: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  program("tini", 'echo "init sees: $(tr "\\0" " " < /proc/$$/environ)"; shift; exec "$@"');
  program(
    "harnessd",
    'echo "arguments: $*"; echo "file: ${HARNESSD_SECRETS_FILE-none}"; cat "${HARNESSD_SECRETS_FILE-/dev/null}"',
  );
});

afterAll(() => rmSync(bin, { recursive: true }));

function start(env: Record<string, string>, ...args: string[]): string {
  return spawnSync("sh", [ENTRY, ...args], {
    env: { PATH: `${bin}:${process.env["PATH"]}`, ...env },
    encoding: "utf8",
  }).stdout;
}

test("every key and token goes to harnessd through a pipe, and none to the init", () => {
  const variables = [
    settings.token.variable,
    settings.connectToken.variable,
    ...providers.map((each) => each.keyVariable),
  ];
  const env = Object.fromEntries(
    variables.map((name) => [name, `secret of $(${name}) "quoted" \\n`]),
  );
  const said = start({ ...env, OTHER: "kept" }, "serve", "--port", "1");
  const [init = "", ...rest] = said.trimEnd().split("\n");
  expect(init).toContain("OTHER=kept");
  expect(init).not.toContain("secret of");
  expect(rest.slice(0, 2)).toEqual(["arguments: serve --port 1", "file: /dev/fd/3"]);
  expect(rest.slice(2).sort()).toEqual(
    Object.entries(env)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
  );
});

test("a box without secrets, or with a file of its own, starts as it is", () => {
  expect(start({}, "serve")).toMatch(/arguments: serve\nfile: none/);
  expect(start({ HARNESSD_SECRETS_FILE: "/dev/null" })).toMatch(/file: \/dev\/null/);
});
