#!/usr/bin/env bash
# container.sh WORK: runs the steps of the Containerfile, each stage in a clean Debian 12 in WORK, as an engine for
# containers would, and then the program as a container starts it. Knows the instructions that the file has, each with
# the words that it has there; another one is an error. JANUS_CCACHE=FOLDER: compiles with ccache, of what that folder
# has, so that a second run takes minutes.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
WORK=$1
mkdir -p "$WORK"
source "$root/tests/packages/chroot.sh"
need_chroots

stage='' system='' folder=/ user=root
variables=() entry=() command=()
declare -A stages

# As debian:12-slim has it: updates are asked for, documents are left out, and dpkg does not wait for the disk.
slim_system() {
  new_system "$1"
  printf '%s\n' "deb $mirror bookworm main" "deb $mirror bookworm-updates main" \
    'deb http://deb.debian.org/debian-security bookworm-security main' >"$1/etc/apt/sources.list"
  printf '%s\n' 'path-exclude /usr/share/doc/*' 'path-include /usr/share/doc/*/copyright' 'path-exclude /usr/share/man/*' \
    force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/docker"
}

in_stage() { inside "$system" chroot --userspec="$user" / env "${variables[@]}" sh -c 'cd "$0" && exec "$@"' "$folder" "$@"; }

words_of() { grep -o '"[^"]*"' <<<"$1" | tr -d '"'; }

step() {
  local instruction=$1 rest=$2
  echo "== $stage $instruction $rest"
  case $instruction in
    FROM)
      read -r image _ stage <<<"$rest"
      [[ $image == debian:12-slim ]] || fail "FROM: expected debian:12-slim, found $image"
      stage=${stage:-last} folder=/ user=root variables=()
      system=$WORK/container-$stage
      stages[$stage]=$system
      slim_system "$system"
      if [[ -n ${JANUS_CCACHE-} && $stage == build ]]; then
        shared=$JANUS_CCACHE
        variables=(CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_DIR=/shared
          CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros,pch_defines)
        in_stage sh -c 'apt-get update && apt-get install -y --no-install-recommends ccache' >>"$WORK/container.log" 2>&1
      else
        shared=''
      fi
      ;;
    WORKDIR) folder=$rest && mkdir -p "$system$folder" ;;
    COPY)
      if [[ $rest == ". ." ]]; then
        git -C "$root" ls-files -z --cached --others --exclude-standard | tar -C "$root" --null -T - -cf - |
          tar -C "$system$folder" -xf -
      elif [[ $rest =~ ^--from=([a-z]+)\ (/[^ ]*/)\ (/[^ ]*/)$ ]]; then
        mkdir -p "$system${BASH_REMATCH[3]}"
        cp -r "${stages[${BASH_REMATCH[1]}]}${BASH_REMATCH[2]}." "$system${BASH_REMATCH[3]}"
      else
        fail "COPY: expected \". .\" or \"--from=STAGE /FOLDER/ /FOLDER/\", found $rest"
      fi
      ;;
    RUN) in_stage /bin/sh -c "$rest" >>"$WORK/container.log" 2>&1 || fail "RUN $rest: expected exit code 0, see $WORK/container.log" ;;
    ENV) variables+=("$rest") ;;
    USER) user=$rest ;;
    VOLUME) [[ -d $system$rest ]] || fail "VOLUME $rest: expected a folder, found none" ;;
    EXPOSE) [[ $rest =~ ^[0-9]+$ ]] || fail "EXPOSE: expected a port, found $rest" ;;
    ENTRYPOINT) mapfile -t entry < <(words_of "$rest") ;;
    CMD) mapfile -t command < <(words_of "$rest") ;;
    *) fail "Containerfile: expected an instruction that this script knows, found $instruction" ;;
  esac
}

: >"$WORK/container.log"
text=''
while IFS= read -r line; do
  [[ $line =~ ^# || -z $line ]] && continue
  if [[ $line == *\\ ]]; then
    text+=${line%\\}
    continue
  fi
  text+=$line
  step "${text%% *}" "${text#* }"
  text=''
done <"$root/Containerfile"

expect "as started" "janus generate" in_stage "${entry[@]}" "${command[@]}"
expect "generate" "" in_stage "${entry[@]}" generate -q "a red circle on a white background" -o circle.webp
expect "describe" "a red circle" in_stage "${entry[@]}" describe -q circle.webp
expect "no compiler, no sources" "" in_stage sh -c '! command -v c++ && ! test -e /src && ! test -e /packages'
du -sh --apparent-size "$system" | sed 's/\t.*/ in the last stage/'
