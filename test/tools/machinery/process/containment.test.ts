import { accessSync, constants, existsSync } from "node:fs";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import type { BoxProcessesOptions } from "../../../../tools/machinery/process/process-table.ts";
import { Cgroups } from "../../../../tools/machinery/process/cgroup.ts";
import { makeDirectory } from "../../tool-context.ts";
import {
  asking,
  isAlive,
  makeBox as makeAnyBox,
  PATH,
  printed,
  printedPid,
  program,
} from "./a-box.ts";

const hasCgroups = (() => {
  const group = new Cgroups("a look whether there are any").create("probe");
  return group?.remove() ?? false;
})();

const WAYS = [
  { way: "the spawner", over: {}, level: hasCgroups ? "cgroup" : "subreaper" },
  { way: "Node", over: { spawnerProgram: "" }, level: "marker" },
];

describe.each(WAYS)("started by $way", ({ over, level }) => {
  const makeBox = (more: Partial<BoxProcessesOptions> = {}) => makeAnyBox({ ...over, ...more });

  test("ending a process ends a child that left for a session of its own and lost its parents", async () => {
    const box = await makeBox();
    const process = await box.start(asking(program("orphan")));
    const orphan = await printedPid(process);
    await process.exited;
    expect(isAlive(orphan)).toBe(true);
    expect(await process.stop()).toMatchObject({
      level,
      signalled: 1,
      killed: 0,
      survivors: [],
    });
    expect(isAlive(orphan)).toBe(false);
  });

  test("ending waits no longer than the tree takes to end by itself", async () => {
    const box = await makeBox();
    const process = await box.start(asking(program("forever")));
    await printed(process);
    expect((await process.stop(10_000)).durationMs).toBeLessThan(2_000);
  });

  test("what ignores SIGTERM is killed after the grace period", async () => {
    const box = await makeBox();
    const process = await box.start(asking(program("ignore-sigterm")));
    const child = await printedPid(process);
    const report = await process.stop(100);
    expect(report).toMatchObject({ killed: 2, survivors: [] });
    expect(report.durationMs).toBeGreaterThanOrEqual(100);
    expect(isAlive(child)).toBe(false);
  });

  test("what starts something new when asked to end is found again, and the new one too", async () => {
    const box = await makeBox();
    const process = await box.start(asking(program("fork-on-sigterm")));
    await printed(process);
    const report = await process.stop(300);
    expect(report.survivors).toEqual([]);
    expect(report.signalled).toBeGreaterThanOrEqual(3);
    expect(await process.stop()).toMatchObject({ signalled: 0 });
  });

  test("a stopped process ends as well", async () => {
    const box = await makeBox();
    const process = await box.start(asking(program("forever")));
    await printed(process);
    process.signal("SIGSTOP");
    expect(await process.stop(5_000)).toMatchObject({ signalled: 1, killed: 0, survivors: [] });
  });

  test("a second ending finds nothing and says so", async () => {
    const box = await makeBox();
    const process = await box.start(asking("true"));
    await process.exited;
    expect(await process.stop()).toMatchObject({ signalled: 0, killed: 0, survivors: [] });
  });

  test("ending one process leaves the others of its owner and of its box alone", async () => {
    const box = await makeBox();
    const [one, other] = [
      await box.start(asking(program("forever"), { owner: "run_1" })),
      await box.start(asking(program("forever"), { owner: "run_1" })),
    ];
    const foreign = await box.start(asking(program("forever"), { owner: "run_2" }));
    await one.stop();
    expect(isAlive(other.pid)).toBe(true);
    await box.stopOwner("run_1");
    expect(isAlive(other.pid)).toBe(false);
    expect(isAlive(foreign.pid)).toBe(true);
  });

  test.runIf(hasCgroups)(
    "what a run started is ended even when it hid from everything but the kernel",
    async () => {
      const box = await makeBox();
      const process = await box.start(asking(program("hidden-orphan"), { owner: "run_1" }));
      const hidden = await printedPid(process);
      await process.exited;
      expect(isAlive(hidden)).toBe(true);
      expect(await box.stopOwner("run_1")).toMatchObject({
        level: "cgroup",
        signalled: 1,
        survivors: [],
      });
      expect(isAlive(hidden)).toBe(false);
    },
  );

  test("an owner's end spares a process that is named, and not its children", async () => {
    const box = await makeBox();
    const warm = await box.start(
      asking("sleep 1000 & echo $!; setsid sleep 1000 & wait; wait; sleep 1000", {
        owner: "session_1",
      }),
    );
    const child = await printedPid(warm);
    const report = await box.stopOwner("session_1", { spare: [warm.pid] });
    expect(report).toMatchObject({ survivors: [] });
    expect(report.signalled).toBeGreaterThanOrEqual(1);
    expect(isAlive(child)).toBe(false);
    expect(isAlive(warm.pid)).toBe(true);
    expect(warm.exit).toBeUndefined();
  });

  test("what a server shared by many starts for an owner, with its mark, ends with the owner, and the server does not", async () => {
    const box = await makeBox();
    const server = await box.start(
      asking(
        "read -r mark; env HARNESSD_OWNER=$mark bash -c 'echo $$; exec sleep 1000' & wait; exec sleep 1000",
        {
          owner: "a-harness",
          stdin: "open",
        },
      ),
    );
    await server.write(Buffer.from(`${box.markerOf("run_9")["HARNESSD_OWNER"]}\n`));
    const child = await printedPid(server);
    expect(await box.stopOwner("run_9")).toMatchObject({ level: "marker", signalled: 1 });
    expect(isAlive(child)).toBe(false);
    expect(server.exit).toBeUndefined();
  });

  test.runIf(hasCgroups)("no control group is left behind", async () => {
    const box = await makeBox({ boxId: "leaves-nothing" });
    const process = await box.start(asking("true", { owner: "run_1" }));
    await process.exited;
    await box.close();
    const whole = new Cgroups("leaves-nothing").whole();
    expect(whole?.pids()).toEqual([]);
    expect(() => accessSync(String(whole?.directory), constants.F_OK)).toThrow(/ENOENT/);
  });

  test(
    "fifty trees at once, each with an escapee, leave nobody behind",
    { timeout: 60_000 },
    async () => {
      const box = await makeBox();
      const processes = await Promise.all(
        Array.from({ length: 50 }, () =>
          box.start(asking(program("orphan"), { owner: "run_1", env: { PATH } })),
        ),
      );
      const orphans = await Promise.all(processes.map(printedPid));
      const report = await box.stopOwner("run_1");
      expect(report).toMatchObject({ survivors: [] });
      expect(report.signalled).toBeGreaterThanOrEqual(50);
      expect(orphans.filter(isAlive)).toEqual([]);
    },
  );
});

test("without a spawner, a new daemon ends what one that was killed has left, and nothing of other boxes", async () => {
  const directory = await makeDirectory();
  const daemon = spawn(
    process.execPath,
    [
      fileURLToPath(new URL("../../../fixtures/programs/box-that-dies.ts", import.meta.url)),
      directory,
      "node",
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(() => void daemon.kill("SIGKILL"));
  const [line] = (await new Promise<Buffer[]>((resolve) =>
    daemon.stdout.once("data", (data: Buffer) => resolve([data])),
  )) as [Buffer];
  const left = JSON.parse(line.toString()) as number[];
  daemon.kill("SIGKILL");
  expect(left.map(isAlive)).toEqual([true, true, true]);

  const stranger = await (await makeAnyBox()).start(asking(program("forever")));
  const box = await makeAnyBox({ boxId: "box-that-dies", directory });
  const report = await box.stopAll();
  expect(report.signalled).toBeGreaterThanOrEqual(3);
  expect(report.survivors).toEqual([]);
  expect(left.map(isAlive)).toEqual([false, false, false]);
  expect(existsSync(join(directory, "proc_of_before.stdout"))).toBe(false);
  expect(isAlive(stranger.pid)).toBe(true);
});
