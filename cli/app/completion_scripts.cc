#include "cli/app/completion_scripts.h"

namespace janus::cli {

const char* const kBashScript =
    R"SCRIPT(# bash completion of janus; source it, or put it into share/bash-completion/completions/janus

# Words of $1 that begin with $cur.
_janus_words() {{
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$cur")
}}

# The same for the last of several between commas, $cur.
_janus_list() {{
  local before= cur=$cur word
  [[ $cur == *,* ]] && before=${{cur%,*}},
  cur=${{cur##*,}}
  while IFS= read -r word; do COMPREPLY+=("$before$word"); done < <(compgen -W "$1" -- "$cur")
  compopt -o nospace 2>/dev/null
}}

_janus_models() {{ _janus_words "$("$program" list --names -q 2>/dev/null)"; }}

# Those of the hub's cache: all but the built-in one.
_janus_cached() {{ _janus_words "$("$program" list --names -q 2>/dev/null | grep -vx janus-tiny)"; }}

_janus_devices() {{
  local name rest
  _janus_words "$("$program" --list-devices 2>/dev/null | while read -r name rest; do echo "$name"; done)"
}}

# Files whose extension is one of $1, and folders; all files where there is none such, or $1 is empty.
_janus_files() {{
  local file lower plain=$cur some=
  local -a others=()
  # What is typed carries quotes and backslashes, which names do not.
  plain=${{plain#[\"\']}}
  plain=${{plain//\\/}}
  compopt -o filenames 2>/dev/null
  while IFS= read -r file; do
    lower=${{file,,}}
    if [[ -d ${{file/#\~/$HOME}} ]]; then
      COMPREPLY+=("$file")
    elif [[ -z $1 || " $1 " == *" ${{lower##*.}} "* ]]; then
      COMPREPLY+=("$file")
      some=1
    else
      others+=("$file")
    fi
  done < <(compgen -f -- "$plain")
  [[ -n $some ]] || COMPREPLY+=("${{others[@]}}")
}}

_janus_folders() {{
  local folder
  compopt -o filenames 2>/dev/null
  while IFS= read -r folder; do COMPREPLY+=("$folder"); done < <(compgen -d -- "${{cur//\\/}}")
}}

_janus() {{
  local IFS=$' \t\n' program=${{1:-janus}} line=${{COMP_LINE:0:${{COMP_POINT:-0}}}}
  local cur= prev= command= word before i
  local -a words=()
  program=${{program/#\~/$HOME}}
  COMPREPLY=()
  # bash breaks words at = and : too; what no blank stands between is one.
  for ((i = 0; i <= COMP_CWORD; ++i)); do
    word=${{COMP_WORDS[i]}}
    before=' '
    if [[ -n $line ]]; then
      before=${{line%%"$word"*}}
      [[ -z $word ]] && before=$line
      line=${{line:${{#before}}+${{#word}}}}
    fi
    if [[ -z $before && ${{#words[@]}} -gt 0 && -n $word ]]; then
      words[${{#words[@]}}-1]+=$word
    elif [[ -z $before && ${{#words[@]}} -gt 0 && ${{words[${{#words[@]}}-1]}} == *[=:] ]]; then
      :
    else
      words+=("$word")
    fi
  done
  cur=${{words[${{#words[@]}}-1]}}
  ((${{#words[@]}} > 1)) && prev=${{words[${{#words[@]}}-2]}}
  for word in "${{words[@]:1:${{#words[@]}}-2}}"; do
    case $word in
      {patterns}) command=$word; break ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=${{cur%%=*}}
    cur=${{cur#*=}}
  fi
  _janus_value "$command" "$prev"
  # Only what stands behind the last of these characters is replaced.
  local breaks=${{COMP_WORDBREAKS//[^:=]/}} lead
  if [[ -n $breaks && $cur == *[$breaks]* ]]; then
    lead=${{cur%"${{cur##*[$breaks]}}"}}
    for i in "${{!COMPREPLY[@]}}"; do COMPREPLY[i]=${{COMPREPLY[i]#"$lead"}}; done
  fi
}}

# Fills COMPREPLY for $cur, where option $2 of command $1 stands before it.
_janus_value() {{
  case $1:$2 in
{values}  esac
  case $1 in
{options}    *)
      if [[ $cur == -* ]]; then
        _janus_words '{common}--version --list-devices --help'
      else
        _janus_words '{commands}'
      fi ;;
  esac
}}
complete -F _janus janus
)SCRIPT";

const char* const kZshScript = R"SCRIPT(#compdef janus
# zsh completion of janus; put it as _janus into a folder of $fpath

_janus_words() {{ compadd -- ${{=1}} }}

# Several words of $1 between commas.
_janus_list() {{
  compset -P '*,'
  compadd -S '' -- ${{=1}}
}}

_janus_models() {{ compadd -- ${{(f)"$(_call_program models janus list --names -q)"}} }}

# Those of the hub's cache: all but the built-in one.
_janus_cached() {{ compadd -- ${{${{(f)"$(_call_program models janus list --names -q)"}}:#janus-tiny}} }}

_janus_devices() {{ compadd -- ${{${{(f)"$(_call_program devices janus --list-devices)"}}%% *}} }}

_janus_folders() {{ _files -/ }}

# Files whose extension is one of $1, and folders; all where there is none such, or $1 is empty. One alone in
# parentheses at the end of a pattern would be a qualifier.
_janus_files() {{
  if [[ -z $1 ]]; then _files; else _files -g "*.(#i)(${{(j:|:)${{=1}}}}|${{1%% *}})"; fi
}}

_janus() {{
  local -a commands
  commands=(
{summaries}  )
  local command= word
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    if (( ${{commands[(I)$word:*]}} )); then command=$word; break; fi
  done
  case $command in
{cases}    '')
      _arguments \
{common}      '(-h --help)'{{-h,--help}}'[what it does]' '--version[the version]' \
      '--list-devices[what models can run on]' '1: :{{_describe command commands}}' ;;
  esac
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _janus "$@"; else compdef _janus janus; fi
)SCRIPT";

const char* const kFishFunctions =
    R"SCRIPT(# fish completion of janus; put it into a completions folder as janus.fish

function __janus_models
    command janus list --names -q 2>/dev/null
end

# Those of the hub's cache: all but the built-in one.
function __janus_cached
    __janus_models | string match -v janus-tiny
end

function __janus_devices
    command janus --list-devices 2>/dev/null | string replace -r ' .*' ''
end

# The last of several between commas.
function __janus_list
    set -l before (commandline -ct | string replace -rf '^(-[^=]*=)?(.*,).*$' '$2')
    for word in $argv
        echo "$before$word"
    end
end

# Files with these extensions, and folders.
function __janus_files
    set -l pattern '\.('(string join '|' $argv)')$|/$'
    for file in (__fish_complete_path (commandline -ct) | string replace -r '\t.*' '')
        string match -riq $pattern $file; and echo $file
    end
end

)SCRIPT";

}  // namespace janus::cli
