import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Terminal } from "../terminal.ts";

test("files, folders and streams go into the box and come out as they were", async () => {
  await using terminal = await Terminal.open();
  await terminal.serve();
  const here = mkdtempSync(join(tmpdir(), "harnessd-cp-"));
  onTestFinished(() => rmSync(here, { recursive: true, force: true }));
  const cp = async (from: string, to: string, input?: string): Promise<string> => {
    const options = { cwd: here, ...(input !== undefined && { input }) };
    const { status, stdout, stderr } = await terminal.run(["cp", from, to], options);
    expect([status, stderr]).toEqual([0, ""]);
    return stdout;
  };
  writeFileSync(join(here, "tool.sh"), "#!/bin/sh\necho ünï\0\n");
  chmodSync(join(here, "tool.sh"), 0o755);
  mkdirSync(join(here, "folder/below"), { recursive: true });
  writeFileSync(join(here, "folder/below/file"), "deep");
  await cp("tool.sh", "box:data/");
  expect(statSync(join(terminal.base, "data/tool.sh")).mode & 0o777).toBe(0o755);
  expect(await cp("box:data/tool.sh", "-")).toBe("#!/bin/sh\necho ünï\0\n");
  await cp("-", "box:data/piped", "from a pipe");
  await cp("box:data", "out/");
  expect(readFileSync(join(here, "out/data/piped"), "utf8")).toBe("from a pipe");
  await cp("folder", "box:made");
  await cp("folder", "box:made");
  for (const path of ["made/below/file", "made/folder/below/file"])
    expect(readFileSync(join(terminal.base, path), "utf8")).toBe("deep");
  const missing = await terminal.run(["cp", "box:nothing", "x"], { cwd: here });
  expect([missing.status, missing.stderr]).toEqual([
    6,
    expect.stringContaining("nothing at that path"),
  ]);
});
