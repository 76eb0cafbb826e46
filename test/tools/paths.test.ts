import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { read } from "../../tools/fs/read.ts";
import { write } from "../../tools/fs/write.ts";
import { remove } from "../../tools/fs/remove.ts";
import { isRoot, resolvePath, resolveTarget } from "../../tools/paths.ts";
import { contextIn, makeDirectory, output, refusal } from "./tool-context.ts";

/** `inside/` is allowed, `outside/` beside it is not. */
async function world() {
  const base = await makeDirectory();
  const inside = join(base, "inside");
  const outside = join(base, "outside");
  await mkdir(join(inside, "sub/deep"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, "secret"), "secret");
  await writeFile(join(inside, "file"), "mine");
  const policy = { roots: [inside] };
  return { base, inside, outside, policy, context: contextIn(inside, { paths: policy }) };
}

test("a relative path starts from cwd, an absolute one stands as it is, and dots are taken out", async () => {
  const { inside, policy } = await world();
  expect(await resolvePath("sub/../file", inside, policy)).toBe(join(inside, "file"));
  expect(await resolvePath(`${inside}/./sub//deep/`, "/", policy)).toBe(join(inside, "sub/deep"));
  expect(await resolvePath("new/one/below", inside, policy)).toBe(join(inside, "new/one/below"));
});

test.each(["../outside/secret", "/etc/passwd", "sub/../../outside/new", "../inside-too", ".."])(
  "%s is refused from inside",
  async (path) => {
    const { inside, policy } = await world();
    await expect(resolvePath(path, inside, policy)).rejects.toMatchObject({
      code: "path_not_allowed",
    });
  },
);

test("a directory whose name begins like the root's is not in the root", async () => {
  const { inside, policy } = await world();
  await mkdir(`${inside}-twin`);
  await expect(resolvePath(`${inside}-twin/x`, "/", policy)).rejects.toMatchObject({
    code: "path_not_allowed",
  });
});

test.each([
  ["a link to a file outside", "../outside/secret", ""],
  ["a dangling link that leads outside", "../outside/new", ""],
  ["a linked parent that leads outside", "../outside", "/new"],
  ["a dangling link that leaves through a linked directory and ..", "hop/../made", ""],
  ["a link to a link that leads outside", "second", ""],
])("%s is refused for reading and for writing", async (_, target, below) => {
  const { inside, context } = await world();
  await mkdir(join(inside, "../outside/deep"));
  await symlink("../outside/deep", join(inside, "hop"));
  await symlink("../outside/new2", join(inside, "second"));
  await symlink(target, join(inside, "link"));
  expect(await refusal(write, { path: `link${below}`, content: "x" }, context)).toMatchObject({
    code: "path_not_allowed",
  });
  expect(await refusal(read, { path: `link${below}` }, context)).toMatchObject({
    code: "path_not_allowed",
  });
});

test("a link within the root is followed, and a root that is itself a link is allowed", async () => {
  const { base, inside } = await world();
  await symlink("file", join(inside, "link"));
  await symlink(inside, join(base, "linked-root"));
  const policy = { roots: [join(base, "linked-root")] };
  expect(await resolveTarget("linked-root/link", base, policy)).toBe(join(inside, "file"));
  expect(await resolvePath("linked-root/link", base, policy)).toBe(join(base, "linked-root/link"));
});

test("a link that leads outside may itself be removed", async () => {
  const { inside, outside, context } = await world();
  await symlink(join(outside, "secret"), join(inside, "link"));
  await output(remove, { path: "link" }, context);
  expect(await output(read, { path: join(outside, "secret") }, contextIn(outside))).toMatchObject({
    content: "secret",
  });
});

test("a loop of links is refused", async () => {
  const { inside, policy } = await world();
  await symlink("b", join(inside, "a"));
  await symlink("a", join(inside, "b"));
  await expect(resolvePath("a/x", inside, policy)).rejects.toMatchObject({ code: "invalid_path" });
});

test("an empty path, a NUL and a path longer than the kernel takes are refused under any policy", async () => {
  for (const path of ["", "a\0b", "x".repeat(5000)]) {
    await expect(resolvePath(path, "/", { roots: ["/"] })).rejects.toMatchObject({
      code: "invalid_path",
    });
  }
});

test("the box's root and the allowed directories are roots under every name, and nothing else is", async () => {
  const { base, inside, policy } = await world();
  await symlink(base, join(inside, "up"));
  expect(await isRoot("/", policy)).toBe(true);
  expect(await isRoot(inside, policy)).toBe(true);
  expect(await isRoot(join(inside, "up/inside"), policy)).toBe(true);
  expect(await isRoot(join(inside, "up"), policy)).toBe(false);
  expect(await isRoot(join(inside, "sub"), policy)).toBe(false);
});
