import { join } from "node:path";
import { expect, test } from "vitest";
import { exec } from "../../../tools/shell/exec.ts";
import { read } from "../../../tools/shell/read.ts";
import { callTool } from "../../../tools/tool.ts";
import { isAlive, makeBox, program } from "../machinery/process/a-box.ts";
import { contextIn, makeDirectory, output, refusal } from "../tool-context.ts";

async function makeContext(over: Parameters<typeof contextIn>[1] = {}) {
  return contextIn(await makeDirectory(), { processes: await makeBox(), ...over });
}

test("a non-zero exit code is a result, with both streams apart", async () => {
  const context = await makeContext();
  expect(await output(exec, { command: "echo out; echo err >&2; exit 4" }, context)).toMatchObject({
    exitCode: 4,
    signal: null,
    stdout: "out\n",
    stderr: "err\n",
    timedOut: false,
    stdoutMissing: null,
    stderrMissing: null,
  });
});

test("a list is a program and its arguments, with no shell between", async () => {
  const context = await makeContext();
  expect(
    (await output(exec, { command: ["printf", "%s|", "a b", "$HOME", "*"] }, context)).stdout,
  ).toBe("a b|$HOME|*|");
});

test("it runs in the directory and environment asked for, and refuses a directory outside of the allowed ones", async () => {
  const context = await makeContext();
  await output(exec, { command: "mkdir inside" }, context);
  const said = await output(
    exec,
    { command: "pwd; echo $COLOUR", cwd: "inside", env: { COLOUR: "green" } },
    context,
  );
  expect(said.stdout).toBe(`${join(context.cwd, "inside")}\ngreen\n`);
  expect(await refusal(exec, { command: "true", cwd: "missing" }, context)).toMatchObject({
    code: "directory_not_found",
  });
  const fenced = { ...context, paths: { roots: [context.cwd] } };
  expect(await refusal(exec, { command: "true", cwd: "/" }, fenced)).toMatchObject({
    code: "path_not_allowed",
  });
});

test("input is given as text or as bytes, and what is no base64 is refused", async () => {
  const context = await makeContext();
  expect((await output(exec, { command: "cat", stdin: "héllo" }, context)).stdout).toBe("héllo");
  const bytes = Buffer.from([0, 255, 10, 13]).toString("base64");
  const said = await output(
    exec,
    { command: "cat", stdin: bytes, stdinEncoding: "base64", encoding: "base64" },
    context,
  );
  expect(said.stdout).toBe(bytes);
  expect(
    await refusal(exec, { command: "cat", stdin: "no base64!", stdinEncoding: "base64" }, context),
  ).toMatchObject({
    code: "invalid_base64",
  });
});

test("a command without input reads the end of file and does not hang", async () => {
  expect((await output(exec, { command: "cat; echo done" }, await makeContext())).stdout).toBe(
    "done\n",
  );
});

test("a time limit that is over ends everything, keeps what was printed, and is an answer", async () => {
  const said = await output(
    exec,
    { command: program("ignore-sigterm"), timeoutMs: 300 },
    await makeContext(),
  );
  expect(said).toMatchObject({
    timedOut: true,
    exitCode: null,
    signal: "SIGKILL",
    containment: { survivors: [] },
  });
  expect(isAlive(Number(said.stdout))).toBe(false);
});

test("a cancelled call is an answer, and nothing of it runs on", async () => {
  const cancelling = new AbortController();
  const pids: number[] = [];
  const context = await makeContext({
    signal: cancelling.signal,
    emit: async (_, text) => {
      pids.push(Number(text));
      cancelling.abort();
    },
  });
  const outcome = await callTool(exec, { command: program("ignore-sigterm") }, context);
  expect(outcome).toMatchObject({ ok: false, error: { code: "cancelled" } });
  expect(pids.map(isAlive)).toEqual([false]);
});

test("a child in the background that holds the output does not hold up the answer", async () => {
  const said = await output(exec, { command: program("held-pipe") }, await makeContext());
  expect(said.exitCode).toBe(0);
  expect(said.durationMs).toBeLessThan(5_000);
  expect(isAlive(Number(said.stdout))).toBe(true);
});

test("of long output the beginning and the end are shown, cut at characters, and shell_read gives what is between", async () => {
  const context = await makeContext();
  const said = await output(
    exec,
    { command: "for i in $(seq 1000); do printf '€%04d' $i; done", maxOutputBytes: 1_000 },
    context,
  );
  const { offset, bytes } = said.stdoutMissing;
  expect(said.stdout).toMatch(/^(€\d{4})+€?\d{0,4}\n\[\d+ bytes are left out here\]\n.*€1000$/);
  expect(said.stdout).not.toContain("\uFFFD");
  const middle = await output(
    read,
    { processId: said.processId, stdoutOffset: offset, maxBytes: bytes, encoding: "base64" },
    context,
  );
  const [head = "", tail = ""] = said.stdout.split(/\n\[\d+ bytes are left out here\]\n/);
  const whole = Array.from(
    { length: 1_000 },
    (_, index) => `€${String(index + 1).padStart(4, "0")}`,
  ).join("");
  expect(head + Buffer.from(middle.stdout.data, "base64").toString() + tail).toBe(whole);
});

test("output comes live, in order, and never split inside a character", async () => {
  const pieces: string[] = [];
  const { promise: firstSeen, resolve } = Promise.withResolvers<void>();
  const context = await makeContext({
    emit: async (stream, text) => {
      pieces.push(`${stream}:${text}`);
      resolve();
    },
  });
  const running = output(
    exec,
    { command: "printf 'a\\xe2'; sleep 0.3; printf '\\x82\\xacb'" },
    context,
  );
  await firstSeen;
  expect(pieces).toEqual(["stdout:a"]);
  await running;
  expect(pieces.join("")).toBe("stdout:astdout:€b");
});

test("a reader that never takes the live output does not keep the command from ending", async () => {
  const context = await makeContext({ emit: () => new Promise(() => undefined) });
  const said = await output(exec, { command: program("flood", "20000000") }, context);
  expect(said.exitCode).toBe(0);
  expect(said.stdoutMissing.bytes).toBeGreaterThan(19_000_000);
});

test("a live reader that fails does not fail the command", async () => {
  const context = await makeContext({
    emit: () => Promise.reject(new Error("the socket is gone")),
  });
  expect(await output(exec, { command: "echo hello" }, context)).toMatchObject({
    exitCode: 0,
    stdout: "hello\n",
  });
});

test("wrong input is refused before anything starts", async () => {
  const context = await makeContext();
  for (const input of [
    {},
    { command: "" },
    { command: [] },
    { command: "true", timeoutMs: -1 },
    { command: "true", env: { "A=B": "c" } },
    { command: "true", more: 1 },
  ]) {
    expect(await refusal(exec, input, context)).toMatchObject({ code: "invalid_input" });
  }
  expect(context.processes.list()).toEqual([]);
});
