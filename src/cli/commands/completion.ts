// `harnessd completion`: the script that lets a shell ask `harnessd complete` what may come next.
import { Argument, Command } from "commander";
import { completionScripts } from "../completion-scripts.ts";

const HELP = `
Examples:
  source <(harnessd completion bash)      # in ~/.bashrc
  source <(harnessd completion zsh)       # in ~/.zshrc, after compinit
  harnessd completion fish | source       # in ~/.config/fish/config.fish`;

export function command(): Command {
  return new Command("completion")
    .description("Print the completion script of a shell.")
    .addArgument(new Argument("<shell>").choices(Object.keys(completionScripts)))
    .addHelpText("after", HELP)
    .action((shell: keyof typeof completionScripts) => {
      process.stdout.write(completionScripts[shell]);
    });
}
