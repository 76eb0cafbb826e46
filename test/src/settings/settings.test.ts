import { expect, test } from "vitest";
import { readConfig } from "../../../src/settings/config.ts";
import { settings } from "../../../src/settings/settings.ts";

const inSeconds = Object.values(settings).filter(({ flag }) => flag.includes("<seconds>"));

test.each(inSeconds)(
  "$flag refuses a time that no timer can hold, naming itself and its variable",
  ({ flag, variable }) => {
    const [name = ""] = flag.split(" ");
    expect(() => readConfig({}, { [variable]: "2147484" })).toThrow(
      expect.objectContaining({ name: "ConfigError", message: expect.stringContaining(name) }),
    );
  },
);
