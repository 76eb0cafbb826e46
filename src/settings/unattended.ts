// What commands are given because nobody sits in front of them: what would wait for a person fails at once, and says what to do.

const NO_EDITOR =
  "harnessd: no editor can be opened here. Give the text itself (git commit -m, git rebase with GIT_SEQUENCE_EDITOR=true, crontab FILE), or set EDITOR for the command";
/** Programs hand it to a shell, with the file behind it. */
const FAILING_EDITOR = `sh -c 'echo "${NO_EDITOR}" >&2; exit 1' editor`;

/** A command's own environment wins over these. */
export const UNATTENDED: Readonly<Record<string, string>> = {
  EDITOR: FAILING_EDITOR,
  VISUAL: FAILING_EDITOR,
  GIT_EDITOR: FAILING_EDITOR,
  GIT_SEQUENCE_EDITOR: FAILING_EDITOR,
  PAGER: "cat",
  GIT_PAGER: "cat",
  GIT_TERMINAL_PROMPT: "0",
  SSH_ASKPASS_REQUIRE: "never",
};
/** A window that asks for a password would be nobody's either. */
export const PROMPTING_VARIABLES: readonly string[] = [
  "SSH_ASKPASS",
  "GIT_ASKPASS",
  "SUDO_ASKPASS",
];
