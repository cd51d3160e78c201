#!/usr/bin/env bash
# fuzz/run.sh [SECONDS [NAME...]]: builds the fuzzers (all, or those named) with clang and both sanitizers, reads again
# what once broke a reader (corpus/NAME), and lets each search for SECONDS (20), two side by side. Prints a table, and
# fails where an input crashes a reader, makes it leak, or takes more time or memory than inputs may; such inputs are in
# build/fuzz/found/NAME. What a search came to know stays in build/fuzz/known/NAME for the next one. Without clang
# nothing is done, which a line says.
set -euo pipefail
cd "$(dirname "$0")/../.."
source samples/setup.sh

seconds=${1:-20}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "fuzz: expected a number of seconds, found $seconds; start as: $0 [SECONDS [NAME...]]" >&2
  exit 2
fi
shift $(($# > 0))
names=("$@")
if ((${#names[@]} == 0)); then
  for file in tests/fuzz/*_fuzz.cc; do names+=("$(basename "$file" _fuzz.cc)"); done
fi

if ! command -v clang++-14 >/dev/null && command -v apt-get >/dev/null; then
  janus_packages+=(clang-14 libclang-rt-14-dev llvm-14)
  install_missing_packages >/dev/null || true
fi
if ! command -v clang++-14 >/dev/null; then
  echo "fuzz: skipped: clang++-14 is missing (apt-get install clang-14 libclang-rt-14-dev llvm-14)"
  exit 0
fi

folder=$PWD/build/fuzz
configure fuzz
build fuzz --target "${names[@]/#/fuzz_}"

# Memory that an input asks for beyond reason is refused, as on a machine that has less.
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:max_allocation_size_mb=1024
export UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=print_suppressions=0
limits=(-timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024)

# fuzz NAME: prints its line of the table; fails with the last lines of its log.
fuzz() {
  local name=$1 known=$folder/known/$1 found=$folder/found/$1 log=$folder/$1.log temporary
  local program=$folder/bin/fuzz_$name kept=tests/fuzz/corpus/$name
  mkdir -p "$known" "$found"
  temporary=$(mktemp -d "$folder/tmp.XXXXXX")
  local failed=no inputs=()
  [[ -d $kept ]] && inputs=("$kept"/*)
  "$program" --write-seeds="$known" >"$log" 2>&1 || failed=yes
  if ((${#inputs[@]} > 0)); then
    TMPDIR=$temporary "$program" "${limits[@]}" "${inputs[@]}" >>"$log" 2>&1 || failed=yes
  fi
  if [[ $failed == no ]]; then
    TMPDIR=$temporary "$program" "${limits[@]}" -max_total_time="$seconds" -max_len=300000 -print_final_stats=1 \
        -artifact_prefix="$found/" -verbosity=1 "$known" "${inputs[@]:+$kept}" >>"$log" 2>&1 || failed=yes
  fi
  rm -rf "$temporary"
  local executions edges
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n1)
  edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n1)
  printf '%-16s %12s %8s %8s\n' "$name" "${executions:--}" "${edges:--}" "$failed"
  if [[ $failed == yes ]]; then
    sed 's/^/    /' "$log" | grep -v -e '#[0-9]*.*cov:' | tail -n 40
    return 1
  fi
}

printf '%-16s %12s %8s %8s\n' fuzzer executions edges failed
status=0
for ((i = 0; i < ${#names[@]}; i += 2)); do
  jobs=()
  for name in "${names[@]:i:2}"; do
    fuzz "$name" &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do wait "$job" || status=1; done
done
exit "$status"
