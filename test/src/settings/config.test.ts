// Keys and tokens among the daemon's settings.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig, secretsOf } from "../../../src/settings/config.ts";

let file = "";

beforeEach(() => {
  file = join(mkdtempSync(join(tmpdir(), "config-")), "secrets");
});

afterEach(() => rmSync(join(file, ".."), { recursive: true, force: true }));

test("keys and tokens are taken from a file in the place of variables, and no command inherits them", () => {
  writeFileSync(
    file,
    "# of the box\nANTHROPIC_API_KEY=sk-of=the-file\r\n\nHARNESSD_TOKEN=token-of-the-file\n",
  );
  const config = readConfig(
    {},
    { HARNESSD_SECRETS_FILE: file, ANTHROPIC_API_KEY: "sk-of-the-environment", PATH: "/bin" },
  );
  expect(config.token).toBe("token-of-the-file");
  expect(config.providers["anthropic"]?.apiKey).toBe("sk-of=the-file");
  expect(secretsOf(config)).toEqual(["token-of-the-file", "sk-of=the-file"]);
  expect(config.commandEnv).toEqual({ PATH: "/bin" });
});

test("a flag wins over the file", () => {
  writeFileSync(file, "HARNESSD_TOKEN=token-of-the-file\n");
  expect(readConfig({ secretsFile: file, token: "token-of-the-flag" }, {}).token).toBe(
    "token-of-the-flag",
  );
});

test.each([
  ["PATH=/bin\n", /holds PATH; wanted NAME=value for HARNESSD_TOKEN, .*ANTHROPIC_API_KEY/],
  ["only-a-token\n", /holds a line without a name/],
])("a file with %j is refused, with what is wanted", (content, message) => {
  writeFileSync(file, content);
  expect(() => readConfig({ secretsFile: file }, {})).toThrow(message);
});

test("a file that is not there is refused by name", () => {
  expect(() => readConfig({ secretsFile: "/no/such/file" }, {})).toThrow(
    /--secrets-file: \/no\/such\/file cannot be read/,
  );
});

test("a token that is too short is refused and not repeated, another wrong setting is shown", () => {
  const wrong = /^--port .*found "high"\n--token <token> \(HARNESSD_TOKEN\)((?!tok-12).)*$/;
  expect(() => readConfig({ token: "tok-12", port: "high" }, {})).toThrow(wrong);
});
