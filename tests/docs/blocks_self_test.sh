#!/usr/bin/env bash
# blocks_self_test.sh ROOT: blocks.sh must run what it should, and see every kind of fault.
set -euo pipefail
root=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect CODE TEXT: blocks.sh on the page on standard input ends so, and says TEXT.
expect() {
  local code=0
  cat > "$work/page.md"
  bash "$root/tests/docs/blocks.sh" /bin/true "$work" "$root" "$work/page.md" > "$work/log" 2>&1 || code=$?
  if [[ $code != "$1" ]] || ! grep -q -- "$2" "$work/log"; then
    echo "expected code $1 and \"$2\", found code $code and:"
    cat "$work/log" "$work/page.md"
    exit 1
  fi
}

fence='```'
printf '%s\n' "${fence}sh" "janus x" "a=1" "$fence" "text" "${fence}sh" 'test "$a" = 1' "$fence" | expect 0 "2 blocks ran"
printf '%s\n' "${fence}sh" "false" "$fence" | expect 1 "a block fails"
printf '%s\n' "${fence}sh" "no-such-program" "$fence" | expect 1 "a block fails"
printf '%s\n' "$fence" "janus x" "$fence" | expect 1 "expected a language"
printf '%s\n' "${fence}bash" "janus x" "$fence" | expect 1 "expected sh"
printf '%s\n' "${fence}json" "{}" "$fence" "<!-- not run: network -->" "${fence}sh" "false" "$fence" | expect 0 "not run: network"
printf '%s\n' "<!-- not run: network -->" "${fence}sh" "false" "$fence" "${fence}sh" "false" "$fence" | expect 1 "a block fails"
printf '%s\n' "<!-- not run: network -->" "text" "${fence}sh" "true" "$fence" | expect 1 "found text"
printf '%s\n' "${fence}sh" "true" | expect 1 "no end"
printf '%s\n' "${fence}sh" "(trap 'touch $work/ended' EXIT; sleep 60 & wait) &" "sleep 0.1" "$fence" | expect 0 "1 blocks ran"
for _ in {1..50}; do [[ -e $work/ended ]] || sleep 0.1; done
[[ -e $work/ended ]] || { echo "expected what a page leaves running to end with it"; exit 1; }
printf '%s\n' "${fence}sh" 'echo "http://127.0.0.1:8080/ $JANUS_PORT"; test 8080 = "$JANUS_PORT"; test 8080 != 808""0' "$fence" |
  expect 0 "1 blocks ran"
echo "blocks.sh sees every fault"
