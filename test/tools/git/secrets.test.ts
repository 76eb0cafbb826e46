import { readdir, readFile, writeFile, mkdir, chmod } from "node:fs/promises";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { clone } from "../../../tools/git/clone.ts";
import { commit } from "../../../tools/git/commit.ts";
import { fetch as gitFetch } from "../../../tools/git/fetch.ts";
import { pull } from "../../../tools/git/pull.ts";
import { push } from "../../../tools/git/push.ts";
import { run } from "../../../tools/git/run.ts";
import { callTool, type Tool } from "../../../tools/tool.ts";
import { makeDirectory, output, refusal } from "../tool-context.ts";
import { gitContextIn } from "./git-context.ts";
import { serveRemote } from "./remote-host.ts";

const TOKEN = "tok_3n9Zq/+Secret%Value";
const FORMS = [
  TOKEN,
  encodeURIComponent(TOKEN),
  Buffer.from(TOKEN).toString("base64").replace(/=+$/, ""),
];

async function everyFileIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => readFile(join(entry.parentPath, entry.name), "latin1"));
  return (await Promise.all(files)).join("\n");
}

/** Arguments and environments of all processes but this one. */
async function everyProcess(): Promise<string> {
  const pids = (await readdir("/proc")).filter(
    (pid) => /^\d+$/.test(pid) && pid !== String(process.pid),
  );
  const read = (file: string) => readFile(file, "latin1").catch(() => "");
  return (
    await Promise.all(
      pids.flatMap((pid) => [read(`/proc/${pid}/cmdline`), read(`/proc/${pid}/environ`)]),
    )
  ).join("\n");
}

function expectNoSecret(text: string): void {
  for (const form of FORMS) expect(text).not.toContain(form);
}

test("a token reaches the remote, and stands in no argument, environment, file, output or answer while git runs or after", async () => {
  const host = await serveRemote(TOKEN, "x-access-token");
  const directory = await makeDirectory();
  const context = await gitContextIn(directory);
  let seen = "";
  let release: () => void = () => undefined;
  host.asked.hold = new Promise((resolve) => (release = resolve));
  host.asked.waiting = () => {
    void everyProcess().then((text) => {
      seen += text;
      release();
    });
  };
  const answer = await output(clone, { url: host.url, directory: "copy", token: TOKEN }, context);
  expect(answer).toMatchObject({ path: join(directory, "copy"), branch: "main" });
  expect(seen).toContain("git-remote-http");
  expect(seen).toContain("HARNESSD_GIT_CREDENTIALS=");
  expectNoSecret(seen);
  expectNoSecret(await everyFileIn(directory));
  expectNoSecret(await everyFileIn(context.env["HOME"] ?? ""));
  expectNoSecret(JSON.stringify(answer) + context.emitted());
  expect(await readFile(join(directory, "copy/.git/config"), "utf8")).toContain(
    `url = ${host.url}\n`,
  );
});

test("a secret in the URL is used as the token, with its user, and nothing of it is kept", async () => {
  const host = await serveRemote(TOKEN, "alice");
  const context = await gitContextIn(await makeDirectory());
  const url = host.url.replace("://", `://alice:${encodeURIComponent(TOKEN)}@`);
  await output(clone, { url, directory: "copy" }, context);
  const files = await everyFileIn(context.cwd);
  expectNoSecret(files);
  expect(files).not.toContain("alice");
  const listed = await output(run, { args: ["ls-remote", url], path: "copy" }, context);
  expect(listed).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("refs/heads/main") });
  expectNoSecret(JSON.stringify(listed) + context.emitted());
});

test("fetch, pull, push and any command take the token too, for the remote's name", async () => {
  const host = await serveRemote(TOKEN);
  const context = await gitContextIn(await makeDirectory());
  await output(clone, { url: host.url, directory: "copy", token: TOKEN }, context);
  const inCopy = { ...context, cwd: join(context.cwd, "copy") };
  await writeFile(join(inCopy.cwd, "file.txt"), "two\n");
  await output(commit, { message: "Second", all: true }, inCopy);
  const pushed = await output(push, { token: TOKEN, setUpstream: true }, inCopy);
  expect(pushed.refs).toMatchObject([{ to: "refs/heads/main", result: "fast_forward" }]);
  await output(gitFetch, { token: TOKEN }, inCopy);
  await output(pull, { token: TOKEN }, inCopy);
  expect(await output(run, { args: ["ls-remote", "origin"], token: TOKEN }, inCopy)).toMatchObject({
    exitCode: 0,
  });
  expectNoSecret(await everyFileIn(context.cwd));
});

const cases: [string, Tool, Record<string, unknown>][] = [
  ["git_clone", clone, { directory: "again" }],
  ["git_fetch", gitFetch, { path: "copy" }],
  ["git_pull", pull, { path: "copy" }],
  ["git_push", push, { path: "copy" }],
];

test.each(cases)(
  "%s with a wrong token, or none, is refused without asking and without telling it",
  async (_, tool, rest) => {
    const host = await serveRemote(TOKEN);
    const context = await gitContextIn(await makeDirectory());
    await output(clone, { url: host.url, directory: "copy", token: TOKEN }, context);
    const input = { ...rest, ...(tool.name === "git_clone" && { url: host.url }) };
    const wrong = await refusal(tool, { ...input, token: `wrong-${TOKEN}` }, context);
    expect(wrong.code).toBe("authentication_failed");
    expectNoSecret(JSON.stringify(wrong) + context.emitted());
    expect((await refusal(tool, input, context)).code).toBe("authentication_failed");
    expect(await readdir(context.cwd)).toEqual(["copy"]);
  },
);

test("a helper that would store the token is not used", async () => {
  const host = await serveRemote(TOKEN);
  const context = await gitContextIn(await makeDirectory());
  const home = context.env["HOME"] ?? "";
  await writeFile(join(home, ".gitconfig"), "[credential]\n\thelper = store\n");
  await output(clone, { url: host.url, directory: "copy", token: TOKEN }, context);
  expect((await readdir(home)).sort()).toEqual([".gitconfig"]);
});

test("a hook sees the token in no environment", async () => {
  const host = await serveRemote(TOKEN);
  const context = await gitContextIn(await makeDirectory());
  await output(clone, { url: host.url, directory: "copy", token: TOKEN }, context);
  const copy = join(context.cwd, "copy");
  await mkdir(join(copy, ".git/hooks"), { recursive: true });
  await writeFile(join(copy, ".git/hooks/pre-push"), "#!/bin/sh\nenv > ../seen\n");
  await chmod(join(copy, ".git/hooks/pre-push"), 0o755);
  await output(push, { path: "copy", refs: ["HEAD:other"], token: TOKEN }, context);
  const seen = await readFile(join(context.cwd, "seen"), "utf8");
  expect(seen).toContain("HARNESSD_GIT_CALL");
  expectNoSecret(seen);
});

test("a remote that sends git elsewhere does not take the token there", async () => {
  const other = await serveRemote(TOKEN);
  const context = await gitContextIn(await makeDirectory());
  const crossing = createServer((request, response) => {
    response.writeHead(301, { location: new URL(request.url ?? "/", other.url).href }).end();
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void crossing.close());
  await once(crossing, "listening");
  const url = `http://127.0.0.1:${(crossing.address() as AddressInfo).port}/repo.git`;
  expect((await refusal(clone, { url, directory: "copy", token: TOKEN }, context)).code).toBe(
    "authentication_failed",
  );
  expect(other.authorizations.length).toBeGreaterThan(0);
  expect(other.authorizations.filter((header) => header !== undefined)).toEqual([]);
});

test("a cancelled clone ends git and all it started, and leaves nothing", async () => {
  const host = await serveRemote(TOKEN);
  const abort = new AbortController();
  const context = await gitContextIn(await makeDirectory(), { signal: abort.signal });
  host.asked.hold = new Promise(() => undefined);
  host.asked.waiting = () => abort.abort();
  const outcome = await callTool(
    clone,
    { url: host.url, directory: "copy", token: TOKEN },
    context,
  );
  expect(outcome).toMatchObject({ ok: false, error: { code: "cancelled" } });
  expect(await everyProcess()).not.toContain(host.url);
  expect(await readdir(context.cwd)).toEqual([]);
});
