// What each shell needs to ask `harnessd complete` for candidates; none needs a package beside the shell itself.

/** The line that stands for file names, where there is no better candidate. */
export const FILES = ":files";

export const completionScripts = {
  bash: `# bash completion for harnessd
_harnessd() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES} ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(harnessd complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _harnessd harnessd
`,
  zsh: `#compdef harnessd
_harnessd() {
  local line
  local -a candidates
  for line in "\${(@f)$(harnessd complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ${FILES} ]]; then
      _files
      return
    fi
    [[ -n $line ]] || continue
    # _describe wants "value:note", and no colon behind a value without a note.
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${\${line#*$'\\t'}:+:}}\${line#*$'\\t'}")
  done
  _describe harnessd candidates
}
compdef _harnessd harnessd
`,
  fish: `# fish completion for harnessd
function __harnessd_complete
    set -l words (commandline -opc)[2..-1]
    set -l current (commandline -ct)
    test (count $current) -eq 0; and set current ''
    for line in (harnessd complete -- $words $current 2>/dev/null)
        if test "$line" = ${FILES}
            __fish_complete_path $current
        else
            echo $line
        end
    end
end
complete -c harnessd -f -a '(__harnessd_complete)'
`,
} as const;
