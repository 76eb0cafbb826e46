// `harnessd steer`: a word to an agent while it works.
import { Command } from "commander";
import { withDaemon } from "../connect.ts";
import { addTarget, type Flags, repeated } from "../options.ts";
import { FILE_HELP, PROMPT_HELP, readPrompt } from "../prompt.ts";

const HELP = `
Examples:
  harnessd steer run_… "leave the tests as they are"
  harnessd steer run_… --file screenshot.png "it looks like this"`;

export function command(): Command {
  const steer = new Command("steer")
    .description("Give input to a run that is at work.")
    .argument("<run>", "its id")
    .argument("[prompt...]", PROMPT_HELP)
    .option("--prompt-file <file>", "read the input from this file")
    .option("--file <file>", FILE_HELP, repeated)
    .option("--json", "a refusal is one object with its code")
    .addHelpText("after", HELP)
    .action(async (runId: string, words: string[], flags: Flags) => {
      const { promptFile, file } = flags as { promptFile?: string; file?: readonly string[] };
      const prompt = await readPrompt({ words, promptFile, files: file });
      await withDaemon(flags, (box) => box.call("run_steer", { runId, prompt }));
    });
  return addTarget(steer);
}
