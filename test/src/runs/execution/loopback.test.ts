// Proxies and loopback.
import { expect, test } from "vitest";
import { exceptLoopback } from "../../../../src/runs/execution/loopback.ts";

test("loopback is added to the exceptions of an environment with a proxy, in both spellings, once", () => {
  const env = { https_proxy: "http://proxy:3128", NO_PROXY: "kept.example, localhost" };
  const list = "kept.example,localhost,127.0.0.1,::1";
  expect(exceptLoopback(env)).toEqual({ ...env, NO_PROXY: list, no_proxy: list });
  expect(exceptLoopback(exceptLoopback(env))).toEqual({ ...env, NO_PROXY: list, no_proxy: list });
});

test("an environment without a proxy stays as it is", () => {
  const env = { PATH: "/bin", HTTP_PROXY: "" };
  expect(exceptLoopback(env)).toBe(env);
});
