// `harnessd serve`: declared here; the daemon is loaded when it is to start.
import { Command } from "commander";
import { settings } from "../../settings/settings.ts";
import { optionOf, type Flags } from "../options.ts";

const HELP = `
Provider keys and base URLs are read from ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_API_KEY and
their like, or from --secrets-file.

Examples:
  harnessd serve
  HARNESSD_TOKEN=… harnessd serve --host 0.0.0.0 --workspace /workspace --state-dir /var/lib/harnessd
  HARNESSD_CONNECT_TOKEN=… harnessd serve --connect wss://example.com/boxes/7`;

export function command(): Command {
  const serve = new Command("serve").description(
    "Start the daemon. Prints its address as one line of JSON, logs to stderr, ends cleanly on SIGTERM and SIGINT.",
  );
  for (const setting of Object.values(settings)) serve.addOption(optionOf(setting));
  return serve
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => (await import("../serve.ts")).serve(flags));
}
