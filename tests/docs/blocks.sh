#!/usr/bin/env bash
# blocks.sh JANUS BUILD ROOT PAGE...: runs every ```sh block of the pages as a reader pastes them, those of a page in
# order, in one shell and an empty folder that is also the home, with JANUS on the PATH. samples/ and build/release
# stand for a checkout that is built. A block in another language is no command; one without a language is a fault.
# A block after the line `<!-- not run: WHY -->` is not run, and listed. Port 8080, the server's default, stands for a
# free one; what a page leaves running ends with it.
set -euo pipefail
janus=$1 build=$2 root=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$janus" "$work/bin/janus"

# The blocks of a page as a script that says where each begins; what is not run goes to standard error.
script_of() {
  echo "trap 'kill \$(jobs -p) 2>/dev/null || true' EXIT"
  awk -v page="$(basename "$1")" '
    function refuse(why) { print page ":" NR ": " why > "/dev/stderr"; failed = 1; exit 1 }
    /^ *```/ && !inside {
      inside = 1; language = $0; sub(/^ *```/, "", language); run = 0
      if (language == "") refuse("expected a language after the fence (sh, text, json, ...), found none")
      if (language == "bash" || language == "shell" || language == "console") refuse("expected sh, found " language)
      if (language == "sh" && why != "") print page ":" NR ": not run: " why > "/dev/stderr"
      else if (language == "sh") { run = 1; print "echo \"== " page ":" NR "\"" }
      why = ""; next
    }
    /^ *```/ { inside = 0; next }
    inside { if (run) print; next }
    /^<!-- not run: .* -->$/ { why = $0; sub(/^<!-- not run: /, "", why); sub(/ -->$/, "", why); next }
    NF { if (why != "") refuse("expected a block after \"not run\", found text"); }
    END { if (inside && !failed) { print page ": a block has no end" > "/dev/stderr"; exit 1 } }' "$1" |
    sed "s/\b8080\b/$port/g"
}

# A port that nobody answers at.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}
port=$(free_port)

failed=0
for page in "$@"; do
  folder=$work/$(basename "$page" .md)
  mkdir -p "$folder/build"
  ln -s "$build" "$folder/build/release"
  ln -s "$root/samples" "$folder/samples"
  if ! script_of "$page" > "$folder.sh"; then
    failed=1
  elif ! (cd "$folder" && env -i HOME="$folder" PATH="$work/bin:/usr/local/bin:/usr/bin:/bin" LC_ALL=C.UTF-8 \
      HF_HUB_OFFLINE=1 JANUS_PORT="$port" bash -e "$folder.sh" > "$folder.log" 2>&1); then
    cat "$folder.log"
    echo "$page: a block fails; the last one named above"
    failed=1
  else
    echo "$page: $(grep -c '^echo "== ' "$folder.sh" || true) blocks ran"
  fi
done
exit "$failed"
