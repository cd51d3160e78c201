#!/usr/bin/env bash
# gpu.sh STAGE...: what is to be run on a machine with a card, which needs CMake, the CUDA toolkit and a C++ compiler;
# no network and no other libraries where $JANUS_DEPS_DIR (default: .deps beside this folder) holds what
# samples/carry_deps.sh made of them. Each stage takes less than 8 minutes on 16 processors and prints its table last.
#   build   the preset `minimal` with CUDA, in build/gpu
#   test    every test of operations on the card, the goldens, and the same images as the CPU draws
#   check   compute-sanitizer (memcheck, racecheck, initcheck) over the smaller of these tests
#   bench   Janus-Pro-1B's size with random weights: bf16, q8_0, q4_k, beside the card's own copy bandwidth
#   peer    the transformers reference on the same card, between two runs of janus (needs PyTorch)
#   7b      as bench, of Janus-Pro-7B's size: bf16 and q8_0
# $OUT, where set, keeps the full logs.
set -euo pipefail
cd "$(dirname "$0")/.."
deps=${JANUS_DEPS_DIR:-$PWD/.deps}
out=${OUT:-build/gpu/logs}
architecture=${JANUS_ARCHITECTURE:-90-real}
janus=build/gpu/bin/janus
mkdir -p "$out"

build() {
  local arguments=(-B build/gpu -DJANUS_CUDA=ON "-DCMAKE_CUDA_ARCHITECTURES=$architecture" -DJANUS_TESTS=ON)
  if [[ -d $deps ]]; then arguments+=("-DJANUS_DEPS_DIR=$deps"); fi
  if command -v ninja >/dev/null && [[ ! -f build/gpu/CMakeCache.txt ]]; then arguments+=(-G Ninja); fi
  cmake --preset minimal "${arguments[@]}" >"$out/configure.log" 2>&1 || { tail -n 30 "$out/configure.log"; return 1; }
  # All that the other stages run: the tests of the command line, and what makes the emulated card, stay out.
  cmake --build build/gpu -j "$(nproc)" --target janus janus_cuda core_attention_test core_conv_test \
    core_decoding_test core_linear_test core_norm_test core_ops_test core_reproducible_test \
    core_transformer_invariants_test generator_golden_test generator_model_golden_test >"$out/build.log" 2>&1 ||
    { tail -n 40 "$out/build.log"; return 1; }
  ls -l "$janus" build/gpu/bin/libjanus_cuda.so
}

card() {
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo "no card seen"
}

# Runs one test program on the card and adds a line to the table.
table=()
run_test() {
  local name=$1 start status=passed
  shift
  start=$(date +%s)
  if ! JANUS_TEST_DEVICE=cuda timeout 240 "$@" >"$out/$name.log" 2>&1; then
    status=FAILED
    grep -aE "FAILED|Failure|expected|skipped|error" "$out/$name.log" | head -n 15
  fi
  table+=("$(printf '%-36s %-8s %4d s' "$name" "$status" $(($(date +%s) - start)))")
}

# The codes of an image on two devices: equal, or where they part.
same_image() {
  local seed=$1
  for device in cpu cuda; do
    "$janus" generate "a red circle left of a blue square" -q --device "$device" --type "$2" -s "$seed" \
      -o "$out/$device.png" --codes-out "$out/$device.json" >/dev/null
  done
  python3 - "$out" <<'PYTHON'
import json, sys
a, b = (json.load(open(f"{sys.argv[1]}/{d}.json"))["codes"] for d in ("cpu", "cuda"))
first = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), None)
print("the same codes" if first is None else f"codes part at {first} of {len(a)}")
sys.exit(first is not None and first == 0)
PYTHON
}

run_tests() {
  local name
  for name in ops norm linear attention conv reproducible transformer_invariants decoding; do
    run_test "core.$name" "build/gpu/bin/core_${name}_test"
  done
  for name in golden model_golden; do
    run_test "generator.$name" "build/gpu/bin/generator_${name}_test" --gtest_filter=-*_native*
  done
  for type in f32 bf16 q8_0; do
    table+=("image, --type $type, seed 1: $(same_image 1 "$type" 2>&1 | tail -n 1)")
  done
  # Nothing may grow: the card's memory before and after many images.
  table+=("free on the card: $(nvidia-smi --query-gpu=memory.free --format=csv,noheader)")
  "$janus" generate "a yellow star" -q --device cuda -b 64 -o "$out/many.png" >/dev/null
  table+=("64 images of janus-tiny: done")
}

run_check() {
  local tool name
  command -v compute-sanitizer >/dev/null || { echo "no compute-sanitizer on the PATH"; return 1; }
  for tool in memcheck racecheck initcheck; do
    for name in norm decoding; do
      run_test "$tool.$name" compute-sanitizer --tool "$tool" --error-exitcode 9 "build/gpu/bin/core_${name}_test"
    done
    run_test "$tool.linear" compute-sanitizer --tool "$tool" --error-exitcode 9 build/gpu/bin/core_linear_test \
      --gtest_filter='ShortBlocks*'
    run_test "$tool.attention" compute-sanitizer --tool "$tool" --error-exitcode 9 build/gpu/bin/core_attention_test \
      --gtest_filter='*CachedAttention*EqualsOracle/[01346]'
  done
}

copy_bandwidth() {
  python3 - <<'PYTHON'
try:
    import torch
    x = torch.empty(1 << 32, dtype=torch.uint8, device="cuda").random_(0, 255)
    y = torch.empty_like(x)
    times = []
    for _ in range(12):
        a, b = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        a.record(); y.copy_(x); b.record(); torch.cuda.synchronize(); times.append(a.elapsed_time(b))
    print(f"copy bandwidth {2 * x.numel() / sorted(times)[6] / 1e9:.2f} TB/s")
except Exception as fault:
    print("copy bandwidth not measured:", fault)
PYTHON
}

# bench_rows CONFIG TYPE...
bench_rows() {
  local config=$1 type
  shift
  for type in "$@"; do
    timeout 300 "$janus" bench --device cuda --config "$config" --type "$type" --json -q >"$out/$config-$type.json"
    table+=("$config $type"$'\n'"$(python3 - "$out/$config-$type.json" <<'PYTHON'
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    fraction = r.get("fraction")
    print(f"  {r['what']:<16} rows {r.get('rows', 1):>3} {r['ms']:>10.3f} ms {r.get('gb_per_s') or 0:>9.1f} GB/s "
          + (f"{fraction:.2f} of the bound" if fraction is not None else ""))
PYTHON
)")
  done
}

run_peer() {
  bench_rows janus-pro-1b bf16
  table+=("transformers, bf16"$'\n'"$(timeout 300 python3 tests/reference/gpu_peer.py 2>"$out/peer.log" || tail -n 3 "$out/peer.log")")
  bench_rows janus-pro-1b bf16
}

for stage in "$@"; do
  table=("$stage, $(date -u +%F), $(card), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)")
  case $stage in
    build) build ;;
    test) run_tests ;;
    check) run_check ;;
    bench) table+=("$(copy_bandwidth)"); bench_rows janus-pro-1b bf16 q8_0 q4_k ;;
    peer) table+=("$(copy_bandwidth)"); run_peer ;;
    7b) table+=("$(copy_bandwidth)"); bench_rows janus-pro-7b bf16 q8_0 ;;
    *) echo "gpu.sh: expected build, test, check, bench, peer or 7b, found $stage" >&2; exit 2 ;;
  esac
  printf '%s\n' "${table[@]}" | tee "$out/$stage.txt"
done
