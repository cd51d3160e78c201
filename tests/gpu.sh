#!/usr/bin/env bash
# gpu.sh STAGE...: what is to be run on a machine with a GPU, which needs CMake, the CUDA toolkit and a C++ compiler;
# no network and no other libraries where $JANUS_DEPS_DIR (default: .deps beside this folder) holds what
# samples/carry_deps.sh made of them. Each stage takes less than 8 minutes on 16 processors and prints its table last.
#   build   the preset `minimal` with CUDA, in build/gpu
#   test    every test of operations on the GPU, the goldens, the same images as the CPU draws, images and answers
#           side by side, and 1,000 generations of janus-tiny that nothing may grow over
#   check   compute-sanitizer (memcheck, racecheck, initcheck) over the smaller of these tests
#   bench   Janus-Pro-1B's size with random weights: bf16 with cuBLASLt and without, q8_0, q4_k, beside the GPU's own
#           copy bandwidth; JanusFlow-1.3B's in bf16
#   peer    the transformers reference on the same GPU, between two runs of janus (needs PyTorch)
#   7b      as bench, of Janus-Pro-7B's size: bf16 and q8_0
# The tables of all stages are printed again at the end. $OUT, where set, keeps the full logs; $JANUS_COMMIT names the
# commit where there is no repository.
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
  # All that the other stages run: the tests of the command line, and what makes the emulated GPU, stay out.
  cmake --build build/gpu -j "$(nproc)" --target janus janus_cuda core_attention_test core_conv_test \
    core_convnext_test core_device_decode_test core_linear_test core_norm_test core_ops_test core_reproducible_test \
    core_transformer_invariants_test generator_golden_test generator_model_golden_test generator_invariants_test \
    generator_engine_test generator_growth_test generator_devices_test generator_flow_golden_test \
    generator_flow_drawing_test generator_flow_model_test generator_flow_engine_test generator_flow_devices_test \
    tokenizer_vae_test >"$out/build.log" 2>&1 ||
    { tail -n 40 "$out/build.log"; return 1; }
  ls -l "$janus" build/gpu/bin/libjanus_cuda.so
}

gpu() {
  nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo "no GPU seen"
}

# Runs one test program on the GPU, adds a line to the table and sets status.
table=()
failed=0
run_test() {
  local name=$1 start
  shift
  status=passed
  start=$(date +%s)
  if ! JANUS_TEST_DEVICE=cuda timeout 240 "$@" >"$out/$name.log" 2>&1; then
    status=FAILED
    failed=1
    grep -aE "FAILED|Failure|expected|skipped|error" "$out/$name.log" | head -n 15 || true
  fi
  table+=("$(printf '%-36s %-8s %4d s' "$name" "$status" $(($(date +%s) - start)))")
}

run_tests() {
  local name
  for name in ops norm linear attention conv convnext reproducible transformer_invariants device_decode; do
    run_test "core.$name" "build/gpu/bin/core_${name}_test"
  done
  # The built-in model's tokenizer is not in this build; these tests have other models.
  for name in golden model_golden invariants engine; do
    run_test "generator.$name" "build/gpu/bin/generator_${name}_test" --gtest_filter=-*_native*:*BuiltIn*
  done
  for name in golden drawing model engine; do
    run_test "generator.flow_$name" "build/gpu/bin/generator_flow_${name}_test"
  done
  run_test tokenizer.vae build/gpu/bin/tokenizer_vae_test
  # With this, the next three take janus-tiny, or janus-flow-tiny, in place of a small random model.
  export JANUS_TEST_GENERATIONS=1000
  run_test "generator.devices" build/gpu/bin/generator_devices_test
  # Where codes part from the CPU's, at which step and how near the scores lay.
  if [[ $status == passed ]]; then
    table+=("$(grep -a '^image' "$out/generator.devices.log" || echo "  no image parts from the CPU's")")
  fi
  run_test generator.flow_devices build/gpu/bin/generator_flow_devices_test
  run_test "generator.growth, 1000 generations" build/gpu/bin/generator_growth_test
  unset JANUS_TEST_GENERATIONS
}

run_check() {
  local tool name
  command -v compute-sanitizer >/dev/null || { echo "no compute-sanitizer on the PATH"; return 1; }
  for tool in memcheck racecheck initcheck; do
    for name in norm convnext device_decode; do
      run_test "$tool.$name" compute-sanitizer --tool "$tool" --error-exitcode 9 "build/gpu/bin/core_${name}_test"
    done
    run_test "$tool.linear" compute-sanitizer --tool "$tool" --error-exitcode 9 build/gpu/bin/core_linear_test \
      --gtest_filter='ShortBlocks*'
    run_test "$tool.attention" compute-sanitizer --tool "$tool" --error-exitcode 9 build/gpu/bin/core_attention_test \
      --gtest_filter='*CachedAttention*EqualsOracle/[0134689]'
    run_test "$tool.conv" compute-sanitizer --tool "$tool" --error-exitcode 9 build/gpu/bin/core_conv_test \
      --gtest_filter='FusedConv2d*'
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
    if ! timeout 300 "$janus" bench --device cuda --config "$config" --type "$type" --json -q \
      >"$out/$config-$type.json" 2>"$out/bench.log"; then
      failed=1
      table+=("$config $type FAILED: $(tail -n 1 "$out/bench.log")")
      continue
    fi
    table+=("$config $type${label:+, $label}"$'\n'"$(python3 - "$out/$config-$type.json" <<'PYTHON'
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

(($# > 0)) || { echo "gpu.sh: expected build, test, check, bench, peer or 7b, found nothing" >&2; exit 2; }
for stage in "$@"; do
  table=("$stage, $(date -u +%F), $(gpu), commit ${JANUS_COMMIT:-$(git rev-parse --short HEAD 2>/dev/null || echo unknown)}")
  case $stage in
    build) build ;;
    test) run_tests ;;
    check) run_check ;;
    bench)
      table+=("$(copy_bandwidth)")
      bench_rows janus-pro-1b bf16 q8_0 q4_k
      bench_rows janusflow-1.3b bf16
      JANUS_CUDA_LIBRARIES=off label="own kernels alone" bench_rows janus-pro-1b bf16
      ;;
    peer) table+=("$(copy_bandwidth)"); run_peer ;;
    7b) table+=("$(copy_bandwidth)"); bench_rows janus-pro-7b bf16 q8_0 ;;
    *) echo "gpu.sh: expected build, test, check, bench, peer or 7b, found $stage" >&2; exit 2 ;;
  esac
  printf '%s\n' "${table[@]}" | tee "$out/$stage.txt"
done
if (($# > 1)); then
  echo
  for stage in "$@"; do cat "$out/$stage.txt"; done
fi
exit $failed
