// Keys and tokens among the daemon's settings.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig, secretsOf } from "../../../src/settings/config.ts";
import { UNATTENDED } from "../../../src/settings/unattended.ts";

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
  expect(config.commandEnv).toEqual({ PATH: "/bin", ...UNATTENDED });
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

test("commands hear nothing of the repository that the daemon was started in, by all variables that git itself names", () => {
  const names = execFileSync("git", ["rev-parse", "--local-env-vars"], { encoding: "utf8" });
  const given = Object.fromEntries(
    names
      .trim()
      .split("\n")
      .map((name) => [name, "/elsewhere"]),
  );
  const { commandEnv } = readConfig({}, { ...given, GIT_AUTHOR_NAME: "kept" });
  expect(commandEnv).toEqual({ GIT_AUTHOR_NAME: "kept", ...UNATTENDED });
});

test("an editor fails at once and says what to do, whoever asks for it", () => {
  const { commandEnv } = readConfig({}, { PATH: process.env["PATH"] });
  for (const name of ["EDITOR", "VISUAL", "GIT_EDITOR", "GIT_SEQUENCE_EDITOR"]) {
    const open = `sh -c "$${name} file"`;
    expect(() => execFileSync("sh", ["-c", open], { env: commandEnv, stdio: "pipe" })).toThrow(
      /no editor can be opened here.*commit -m/,
    );
  }
});
