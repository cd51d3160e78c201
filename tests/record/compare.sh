#!/usr/bin/env bash
# compare.sh [--common] BEFORE AFTER: holds two recordings of record.sh against each other. Prints a line for every result that
# differs, with the first line that does, then the messages that differ, which are for people to read. Exits with 1 if a result
# differs or is in one recording alone, with 0 whatever the messages are. --common passes over what is in one alone, for
# recordings with --quick or --only, but fails if nothing is in both.
set -euo pipefail
export LC_ALL=C.UTF-8
common=0
if [[ ${1-} == --common ]]; then
  common=1
  shift
fi
if [[ $# != 2 || ! -d $1/results || ! -d $2/results ]]; then
  echo "usage: compare.sh [--common] BEFORE AFTER, two folders that record.sh made" >&2
  exit 2
fi
before=$1 after=$2
if ! cmp -s "$before/made-on" "$after/made-on"; then
  echo "recorded on other processors or with other options, so results may well differ:"
  sed "s|^|  $before: |" "$before/made-on"
  sed "s|^|  $after: |" "$after/made-on"
fi

# Names of the files below FOLDER of either recording.
names() { find "$before/$1" "$after/$1" -type f -printf '%P\n' | sort -u; }

# The part of two lines from where they part, and how far in that is.
parting() {
  local one=$1 other=$2 low=0 high middle
  high=$((${#one} < ${#other} ? ${#one} : ${#other}))
  while ((low < high)); do
    middle=$(((low + high + 1) / 2))
    if [[ ${one:0:middle} == "${other:0:middle}" ]]; then low=$middle; else high=$((middle - 1)); fi
  done
  ((low = low > 24 ? low - 24 : 0)) || true
  one=${one:low:70} other=${other:low:70}
  printf '[%s] became [%s]' "${one//[[:cntrl:]]/?}" "${other//[[:cntrl:]]/?}"
}

differing=0
all=0
while IFS= read -r name; do
  old=$before/results/$name new=$after/results/$name
  if ((common)) && [[ ! -e $old || ! -e $new ]]; then continue; fi
  all=$((all + 1))
  if cmp -s "$old" "$new"; then continue; fi
  differing=$((differing + 1))
  if [[ ! -e $old || ! -e $new ]]; then
    if [[ -e $old ]]; then echo "$name: only in $before"; else echo "$name: only in $after"; fi
    continue
  fi
  count=$(diff -a "$old" "$new" | grep -ac '^[<>]' || true)
  one=$(diff -a "$old" "$new" | grep -a -m 1 '^<' | cut -c 3- | tr -d '\0' || true)
  other=$(diff -a "$old" "$new" | grep -a -m 1 '^>' | cut -c 3- | tr -d '\0' || true)
  echo "$name: $(head -n 1 "$old" | cut -c 3-): $count lines differ, the first: $(parting "$one" "$other")"
done < <(names results)

messages=0
while IFS= read -r name; do
  old=$before/messages/$name new=$after/messages/$name
  if ((common)) && [[ ! -e $old || ! -e $new ]]; then continue; fi
  if cmp -s "$old" "$new"; then continue; fi
  messages=$((messages + 1))
  echo "message $name:"
  diff -a "$old" "$new" 2>&1 | grep -a '^[<>]\|No such file' | sed 's/^/  /' || true
done < <(names messages)

echo "$differing of $all results differ; $messages messages differ, which does not count"
((differing == 0 && all > 0))
