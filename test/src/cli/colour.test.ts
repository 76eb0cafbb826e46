import { expect, test } from "vitest";
import { wantsColour } from "../../../src/cli/colour.ts";

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: false }, {}, false],
  [{ isTTY: true }, { NO_COLOR: "1" }, false],
  [{ isTTY: true }, { NO_COLOR: "" }, true],
  [{ isTTY: true }, { TERM: "dumb" }, false],
  [{ isTTY: false }, { FORCE_COLOR: "1" }, true],
  [{ isTTY: false }, { FORCE_COLOR: "", TERM: "dumb" }, true],
  [{ isTTY: true }, { FORCE_COLOR: "0" }, false],
  [{ isTTY: false }, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
])("on %j with %j colour is %s", (stream, env, wanted) => {
  expect(wantsColour(stream, env)).toBe(wanted);
});
