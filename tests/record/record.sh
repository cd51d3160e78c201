#!/usr/bin/env bash
# Records what a build of janus computes, for compare.sh to hold another build against:
#
#   record.sh [--quick] [--isa NAME] [--device NAME] [--only GLOB] [-j JOBS] JANUS OUT_DIR
#
# Runs the commands of commands.txt with the program JANUS over janus-tiny and the random checkpoints of tests/data/models,
# by weight type and with 1 and 2 threads, and keeps a file for each: exit code, standard output, and what was written, text as
# it is and all else as SHA-256. Left out: `timings`, and the times of change of pictures, which are set to one date. Nothing
# of the rest depends on the run. OUT_DIR/messages holds what is for people: standard error, and messages.txt. Results
# depend on the processor's instruction set, so both recordings are made on one machine, and kept out of the repository.
#   --quick        weights as stored, 1 thread
#   --isa NAME     one instruction set of $JANUS_ISA, as avx2, in place of the processor's best
#   --device NAME  as --device of janus (default cpu)
#   --only GLOB    the commands whose names match, without messages.txt
#   -j JOBS        commands at a time (default: the processors)
set -euo pipefail
shopt -s globstar
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

every_type=(native f32 f16 bf16 q8_0 q6_k q5_k q4_k)
# Grouped queries, in the transformers layout; rows of whole blocks of 32, in pickles; tied embeddings, of three types.
every_type_models=(janus-tiny grouped-query janus-pro-7b tied-mixed)
# Other layouts, types and containers: weights as stored and 1 thread alone.
native_models=(original-pro original-1.3b janus-1.3b janus-pro-1b)

isa="" device=cpu only="*" jobs=$(nproc) thread_numbers=(1 2)
while [[ ${1-} == -* ]]; do
  case $1 in
    --quick)
      every_type=(native) thread_numbers=(1)
      shift
      continue
      ;;
    --isa) isa=$2 ;;
    --device) device=$2 ;;
    --only) only=$2 ;;
    -j) jobs=$2 ;;
    *) break ;;
  esac
  shift 2
done
if [[ $# != 2 || $1 == -* ]]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 2
fi
program=$(realpath "$1")
if [[ ! -x $program ]]; then
  echo "$1: expected a program" >&2
  exit 2
fi
if [[ -e $2/results ]]; then
  echo "$2: holds a recording already; remove it or name another folder" >&2
  exit 2
fi
mkdir -p "$2/results" "$2/messages"
out=$(realpath "$2")

work=$(mktemp -d -p /tmp)
trap 'rm -rf "$work"' EXIT

# Nothing of the caller's settings reaches the program.
for variable in ${!JANUS_@} ${!XDG_@} ${!HF_@}; do unset "$variable"; done
mkdir "$work/home"
export HOME=$work/home LC_ALL=C.UTF-8 NO_COLOR=1 TERM=dumb JANUS_DEVICE=$device
if [[ -n $isa ]]; then export JANUS_ISA=$isa; fi

janus() { timeout 300 "$program" "$@"; }

# What the commands read, the same to the second for every recording.
make_inputs() {
  mkdir -p "$work/inputs/pictures" "$work/inputs/formats"
  cp "$root"/samples/pictures/*.{png,jpg} "$work/inputs/pictures"
  for name in alpha.webp animation.gif bits.png cmyk.jpg grey16.png grey16.tif lossy.webp orientation6.jpg palette.bmp; do
    cp "$root/tests/data/vision/pictures/$name" "$work/inputs/formats"
  done
  ln -s "$root/tests/data/models" "$work/inputs/models"
  printf '%s\n' 'a red circle on a white background' 'a blue star' '' 'a small green ring left of a cyan cross' \
    >"$work/inputs/prompts.txt"
  printf '%s\n' '{"prompt": "a red circle on a white background"}' \
    '{"prompt": "a blue star on a black background", "seed": 100, "count": 3, "cfg_scale": 1}' \
    '{"prompt": "a green ring", "cfg_scale": 3, "temperature": 0.9, "top_k": 30, "top_p": 0.9}' \
    '{"prompt": "a green ring on a gray background", "cfg_scale": 0.5, "temperature": 0, "output": "named.webp"}' \
    '{"prompt": "a cyan cross", "seed": 5, "count": 2}' >"$work/inputs/prompts.jsonl"
  find "$work/inputs" -type f -exec touch -d 2024-01-01T00:00:00Z {} +
  tar -C "$work/inputs/pictures" --sort=name --owner=0 --group=0 --numeric-owner --mtime=2024-01-01T00:00:00Z \
    -cf "$work/inputs/shard.tar" cross.png star.png
  touch -d 2024-01-01T00:00:00Z "$work/inputs/shard.tar"
}

# Puts what $1 says into $text, without timings. Built in, as all that is done for each of thousands of results.
read_text() {
  text=""
  IFS= read -r -d '' text <"$1" || true
  while [[ $text =~ ,?\"timings\":\{[^}]*\} ]]; do text=${text//"${BASH_REMATCH[0]}"/}; done
}

# Runs a line in a new folder; what it prints lies in $folder.out and $folder.err, its exit code in $code.
run_line() {
  local folder=$1 line=$2
  cp -a "$work/inputs" "$folder"
  code=0
  (cd "$folder" && set +e && eval "$line") >"$folder.out" 2>"$folder.err" </dev/null || code=$?
}

# Prints the line, its exit code, what it printed and what it wrote: text as it is, all else as SHA-256.
print_result() {
  local folder=$1 line=$2 file text others=()
  printf '$ %s\nexit %d\nstdout:\n' "$line" "$code"
  read_text "$folder.out"
  printf '%s' "$text"
  cd "$folder"
  for file in **; do
    if [[ ! -f $file || -e $work/inputs/$file ]]; then continue; fi
    case $file in
      *.json | *.jsonl | *.csv | *.txt | *.caption)
        read_text "$file"
        printf '%s:\n' "$file"
        # Records stand in the order in which they were finished.
        if [[ $file == *.jsonl || $file == *.csv ]]; then sort <<<"${text%$'\n'}"; else printf '%s' "$text"; fi
        ;;
      *) others+=("$file") ;;
    esac
  done
  if ((${#others[@]} > 0)); then sha256sum "${others[@]}"; fi
  cd "$work"
}

# Prints the text of $1 without durations, and without the progress that only slow runs show.
print_message() {
  local text
  read_text "$1"
  sed -E '/(\/s|so far|[0-9]:[0-9]{2} left)$/d; s|/tmp/[^ ]*/home|HOME|; s/[0-9.]+( a second| ms\b| s\b)/N\1/g' <<<"${text%$'\n'}"
}

# All commands of one model, weight type and number of threads.
record_results() {
  local model=$1 type=$2 threads=$3 name scope line
  local key=$model/$type/t$threads
  mkdir -p "$out/results/$key" "$work/$key"
  export JANUS_TYPE=$type JANUS_THREADS=$threads
  if [[ $model != janus-tiny ]]; then export JANUS_MODEL=models/$model; fi
  while read -r name scope line; do
    if [[ -z $name || $name == \#* || ($scope == native && $type != native) || $name != $only ]]; then continue; fi
    run_line "$work/$key/$name" "$line"
    print_result "$work/$key/$name" "$line" >"$out/results/$key/$name"
    if [[ $key == janus-tiny/native/t1 ]]; then
      { echo "\$ $line"; print_message "$work/$key/$name.err"; } >"$out/messages/of-$name"
    fi
    if [[ $code != 0 ]]; then
      echo "$key $name: exit $code: $(head -n 1 "$work/$key/$name.err")" | tee -a "$work/failed" >&2
    fi
  done <"$here/commands.txt"
  rm -rf "${work:?}/$key"
}

record_messages() {
  local name line
  mkdir "$work/messages"
  export JANUS_THREADS=1
  while read -r name line; do
    if [[ -z $name || $name == \#* ]]; then continue; fi
    run_line "$work/messages/$name" "$line"
    {
      echo "\$ $line"
      echo "exit $code"
      print_message "$work/messages/$name.err"
      print_message "$work/messages/$name.out"
    } >"$out/messages/$name"
  done <"$here/messages.txt"
}

in_turn() {
  while (($(jobs -rp | wc -l) >= jobs)); do wait -n; done
  "$@" &
}

make_inputs
for threads in "${thread_numbers[@]}"; do
  for model in "${every_type_models[@]}"; do
    for type in "${every_type[@]}"; do in_turn record_results "$model" "$type" "$threads"; done
  done
done
for model in "${native_models[@]}"; do in_turn record_results "$model" native 1; done
if [[ $only == "*" ]]; then in_turn record_messages; fi
wait

{
  grep -m 1 '^model name' /proc/cpuinfo || true
  echo "instruction set ${isa:-the best}, device $device, threads ${thread_numbers[*]}, commands $only"
} >"$out/made-on"
echo "$out: $(find "$out/results" -type f | wc -l) results of $(find "$out/results" -type f -printf '%f\n' | sort -u | wc -l) commands," \
  "$(find "$out/messages" -type f | wc -l) messages"
if [[ -s $work/failed ]]; then
  echo "$(wc -l <"$work/failed") commands failed; see above" >&2
  exit 1
fi
