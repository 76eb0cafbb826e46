// Starts what was built, talks to it once and ends it: proof that it works, and what Node compiles on the way is kept beside it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROGRAM = resolve(import.meta.dirname, "../dist/harnessd.js");
const TIMEOUT_MS = 60_000;

const directory = mkdtempSync(join(tmpdir(), "harnessd-build-"));
const options = ["--state-dir", join(directory, "state"), "--workspace", directory];
const daemon = spawn(
  process.execPath,
  [PROGRAM, "serve", "--port", "0", "--log-level", "warn", ...options],
  {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: TIMEOUT_MS,
  },
);
const exited = once(daemon, "exit");
try {
  const [line] = (await Promise.race([once(daemon.stdout, "data"), exited.then(() => ["{}"])])) as [
    Buffer | string,
  ];
  const { url } = JSON.parse(line.toString()) as { url?: string };
  if (url === undefined) throw new Error("The built daemon ended before it listened");
  const answer = execFileSync(
    process.execPath,
    [PROGRAM, "exec", "--url", url, "--", "echo", "built"],
    { timeout: TIMEOUT_MS },
  );
  if (answer.toString() !== "built\n")
    throw new Error(
      `The built daemon answered ${JSON.stringify(answer.toString())} to \`echo built\``,
    );
} finally {
  daemon.kill("SIGTERM");
  await exited;
  rmSync(directory, { recursive: true, force: true });
}
