import { expect, test } from "vitest";
import { Directories } from "../../../harnesses/opencode/directories.ts";

test("of directories that no run uses only the last few are kept, and those in use always", async () => {
  const forgotten: string[] = [];
  const directories = new Directories((directory) =>
    Promise.resolve(void forgotten.push(directory)),
  );
  await directories.enter("in use");
  for (const name of ["a", "b", "c", "a", "d", "e"]) {
    await directories.enter(name);
    await directories.leave(name);
  }
  expect(forgotten).toEqual(["b", "c"]);
});

test("a run that enters a directory that is being forgotten waits for it", async () => {
  const { promise: gone, resolve: finish } = Promise.withResolvers<void>();
  const directories = new Directories(() => gone);
  for (const name of ["a", "b", "c", "d"]) await directories.enter(name);
  for (const name of ["a", "b", "c"]) await directories.leave(name);
  const order: string[] = [];
  const leaving = directories.leave("d").then(() => order.push("left"));
  const entering = directories.enter("a").then(() => order.push("entered"));
  order.push("asked");
  finish();
  await Promise.all([leaving, entering]);
  expect(order[0]).toBe("asked");
  expect(order).toContain("entered");
});
