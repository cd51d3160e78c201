// The kernels at Janus-Pro-1B's sizes, beside what the machine can do at most. As a test it runs one
// iteration.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "core/cpu/cpu_device.h"
#include "core/cpu/hardware_peaks.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

cpu::CpuDevice& device() {
  static cpu::CpuDevice instance(0);
  return instance;
}

Tensor random_tensor(Shape shape, DType dtype = DType::f32) {
  std::mt19937 generator(1);
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (float& value : values) value = static_cast<float>(generator()) * 0x1p-31F - 1.0F;
  return ops::convert(ops::from_host(device(), values, shape), dtype);
}

void set_gflops(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void HardwarePeaks_ReadBandwidth(benchmark::State& state) {
  for (auto _ : state) {
    state.counters["GB/s"] = cpu::read_bandwidth(device().kernels(), device().thread_pool()) * 1e-9;
  }
}
BENCHMARK(HardwarePeaks_ReadBandwidth)->Unit(benchmark::kMillisecond)->Iterations(1);

void HardwarePeaks_MultiplyAdd(benchmark::State& state) {
  for (auto _ : state) {
    state.counters["GFLOP/s"] = cpu::multiply_add_peak(device().kernels(), device().thread_pool()) * 1e-9;
  }
}
BENCHMARK(HardwarePeaks_MultiplyAdd)->Unit(benchmark::kMillisecond)->Iterations(1);

// The matrices that one image code needs, each with memory of its own, so that nothing comes from a cache:
// the head and as many layers as make that sure (the model has 24; more would only take longer).
std::vector<Tensor> decode_weights(DType stored, int64_t width, int64_t inner) {
  constexpr int64_t kCodes = 16384, kLayers = 5;
  const Tensor seed = ops::in_preferred_layout(random_tensor(Shape{inner, width}, stored));
  std::vector<Tensor> weights;
  const auto append = [&](int64_t out, int64_t in) {
    Tensor weight(device(), stored, Shape{out, in}, seed.layout());
    for (size_t done = 0; done < weight.memory_bytes(); done += seed.bytes()) {
      std::memcpy(weight.data<std::byte>() + done, seed.raw(),
                  std::min(seed.bytes(), weight.memory_bytes() - done));
    }
    weights.push_back(weight);
  };
  for (int64_t i = 0; i < kLayers; ++i) {
    for (int j = 0; j < 4; ++j) append(width, width);
    append(inner, width);
    append(inner, width);
    append(width, inner);
  }
  append(width, width);
  append(kCodes, width);
  return weights;
}

// The probe runs between the steps, as the bandwidth of a shared machine moves.
void Decode_Weights(benchmark::State& state, DType dtype) {
  constexpr int64_t kWidth = 2048, kInner = 5632;
  static std::map<DType, std::vector<Tensor>> by_type;
  std::vector<Tensor>& weights = by_type[dtype];
  if (weights.empty()) weights = decode_weights(dtype, kWidth, kInner);
  const int64_t rows = state.range(0);
  double bytes = 0.0;
  for (const Tensor& weight : weights) bytes += static_cast<double>(weight.bytes());
  const Tensor x = random_tensor(Shape{rows, 1, kWidth}), inner = random_tensor(Shape{rows, 1, kInner});
  double probe = 0.0;
  for (auto _ : state) {
    for (const Tensor& weight : weights) {
      benchmark::DoNotOptimize(ops::linear(weight.size(1) == kWidth ? x : inner, weight).raw());
    }
    state.PauseTiming();
    probe += cpu::read_bandwidth(device().kernels(), device().thread_pool(), int64_t{1} << 28, 3);
    state.ResumeTiming();
  }
  probe /= static_cast<double>(state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["of_probe"] =
      benchmark::Counter(bytes / probe, benchmark::Counter::kIsIterationInvariantRate);
}
void decode_rows(benchmark::internal::Benchmark* decode) {
  decode->RangeMultiplier(2)->Range(1, 64)->Unit(benchmark::kMillisecond)->UseRealTime();
}

// What a step's products cost where memory does not count: weights in the second-level cache, one thread,
// rows packed before.
void Cached_Weights(benchmark::State& state, DType stored) {
  constexpr int64_t kDepth = 2048, kWidth = 192;
  const auto rows = static_cast<int>(state.range(0));
  const Tensor weight = ops::in_preferred_layout(random_tensor(Shape{kWidth, kDepth}, stored));
  const cpu::Matrix matrix{weight.dtype(), weight.raw(), weight.row_stride(), weight.layout()};
  const cpu::WeightKernels& kernels = device().kernels().of(weight.dtype(), weight.layout());
  const Tensor x = random_tensor(Shape{rows, kDepth});
  Tensor packed(device(), DType::f32, Shape{cpu::gemv_floats(kDepth, rows)});
  kernels.pack_activations(x.data<float>(), kDepth, kDepth, rows, packed.data<float>());
  std::vector<float> out(static_cast<size_t>(rows * kWidth));
  for (auto _ : state) {
    kernels.gemv(matrix, 0, kWidth, kDepth, packed.data<float>(), rows, nullptr, out.data(), kWidth);
    benchmark::ClobberMemory();
  }
  constexpr double kRuns = kWidth * kDepth / 256;
  state.counters["s/256"] =
      benchmark::Counter(kRuns, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
void cached_rows(benchmark::internal::Benchmark* cached) { cached->Arg(1)->Arg(2)->Arg(4)->Arg(8); }

// Tokens, depth, width.
void Linear(benchmark::State& state, DType dtype) {
  const int64_t tokens = state.range(0), depth = state.range(1), width = state.range(2);
  const Tensor x = random_tensor(Shape{1, tokens, depth});
  const Tensor weight = ops::in_preferred_layout(random_tensor(Shape{width, depth}, dtype));
  for (auto _ : state) benchmark::DoNotOptimize(ops::linear(x, weight).raw());
  set_gflops(state, 2.0 * static_cast<double>(tokens * depth * width));
}
BENCHMARK_CAPTURE(Linear, bf16, DType::bf16)
    ->Args({600, 2048, 2048})
    ->Args({600, 2048, 5632})
    ->Args({600, 5632, 2048})
    ->Args({576, 1024, 3072})
    ->Args({576, 4096, 1024})
    ->Args({30, 2048, 5632})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void prefill_sizes(benchmark::internal::Benchmark* linear) {
  linear->Args({600, 2048, 5632})
      ->Args({600, 5632, 2048})
      ->Args({30, 2048, 5632})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

// f32 numbers to a type.
void Quantize(benchmark::State& state, DType dtype) {
  const Tensor x = random_tensor(Shape{1024, 2048});
  for (auto _ : state) benchmark::DoNotOptimize(ops::convert(x, dtype).raw());
  state.counters["numbers/s"] =
      benchmark::Counter(static_cast<double>(x.elements()), benchmark::Counter::kIsIterationInvariantRate);
}

void milliseconds(benchmark::internal::Benchmark* one) { one->Unit(benchmark::kMillisecond)->UseRealTime(); }

// Of every type: bf16 and the block formats.
[[maybe_unused]] const bool kOfEveryType = [] {
  const auto add = [](const char* what, void (*run)(benchmark::State&, DType), DType type,
                      void (*apply)(benchmark::internal::Benchmark*)) {
    const std::string name = std::string(what) + "/" + name_of(type);
    benchmark::RegisterBenchmark(name.c_str(), run, type)->Apply(apply);
  };
  add("Decode_Weights", Decode_Weights, DType::bf16, decode_rows);
  add("Cached_Weights", Cached_Weights, DType::bf16, cached_rows);
  for (const DType type : block_types()) {
    add("Decode_Weights", Decode_Weights, type, decode_rows);
    add("Cached_Weights", Cached_Weights, type, cached_rows);
    add("Linear", Linear, type, prefill_sizes);
    add("Quantize", Quantize, type, milliseconds);
  }
  return true;
}();

// The VQ decoder's convolutions of 3 x 3. Input channels, filters, side of the square map.
void decoder_sizes(benchmark::internal::Benchmark* conv) {
  conv->Args({512, 512, 24})
      ->Args({512, 256, 48})
      ->Args({256, 256, 48})
      ->Args({256, 256, 96})
      ->Args({256, 128, 192})
      ->Args({128, 128, 192})
      ->Args({128, 128, 384})
      ->Args({128, 3, 384})
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
}

struct DecoderConv {
  Tensor x, weight, bias, vector;

  explicit DecoderConv(const benchmark::State& state)
      : x(random_tensor(Shape{1, state.range(2), state.range(2), state.range(0)})),
        weight(random_tensor(Shape{state.range(1), state.range(0), 3, 3}, DType::bf16)),
        bias(random_tensor(Shape{state.range(1)})),
        vector(random_tensor(Shape{state.range(0)})) {}

  // As a plain convolution of a result `scale` times as wide and high would take.
  double operations(int64_t scale = 1) const {
    return 2.0 * static_cast<double>(scale * scale * x.elements() * weight.size(0) * 9);
  }
};

void Conv3x3(benchmark::State& state) {
  const DecoderConv conv(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ops::conv2d(conv.x, conv.weight, conv.bias, kSamePadding3x3).raw());
  }
  set_gflops(state, conv.operations());
}
BENCHMARK(Conv3x3)->Apply(decoder_sizes);

// The VQ encoder's halving of a map: stride 2, padding below and to the right.
void DownsampleConv3x3(benchmark::State& state) {
  const DecoderConv conv(state);
  const Conv2dOptions options{.stride = 2, .pad_bottom = 1, .pad_right = 1};
  for (auto _ : state) {
    benchmark::DoNotOptimize(ops::conv2d(conv.x, conv.weight, conv.bias, options).raw());
  }
  set_gflops(state, conv.operations() / 4);
}
BENCHMARK(DownsampleConv3x3)
    ->Args({128, 128, 384})
    ->Args({128, 128, 192})
    ->Args({256, 256, 96})
    ->Args({256, 256, 48})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Norm, silu, convolution and sum as one operation.
void SiluConv3x3(benchmark::State& state) {
  const DecoderConv conv(state);
  const GroupNormOptions norm{.weight = conv.vector, .bias = conv.vector, .groups = 32, .eps = 1e-6F};
  const Tensor residual = random_tensor(Shape{1, conv.x.size(1), conv.x.size(2), conv.weight.size(0)});
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        ops::silu_conv2d(conv.x, norm, conv.weight, conv.bias, kSamePadding3x3, residual).raw());
  }
  set_gflops(state, conv.operations());
}
BENCHMARK(SiluConv3x3)->Apply(decoder_sizes);

// A map of half the side that the result has.
void UpsampleConv3x3(benchmark::State& state) {
  const DecoderConv conv(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(ops::upsample_conv3x3(conv.x, conv.weight, conv.bias).raw());
  }
  set_gflops(state, conv.operations(2));
}
BENCHMARK(UpsampleConv3x3)
    ->Args({512, 512, 24})
    ->Args({256, 256, 48})
    ->Args({256, 256, 96})
    ->Args({128, 128, 192})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void PatchEmbedding(benchmark::State& state) {
  const Tensor x = random_tensor(Shape{1, 384, 384, 3}),
               weight = random_tensor(Shape{1024, 3, 16, 16}, DType::bf16);
  for (auto _ : state) benchmark::DoNotOptimize(ops::conv2d(x, weight, {}, {16, 0, 0, 0, 0}).raw());
  set_gflops(state, 2.0 * 576 * 768 * 1024);
}
BENCHMARK(PatchEmbedding)->Unit(benchmark::kMillisecond)->UseRealTime();

// Channels, side of the square map.
void GroupNormSilu(benchmark::State& state) {
  const int64_t channels = state.range(0), side = state.range(1);
  const Tensor x = random_tensor(Shape{1, side, side, channels}), weight = random_tensor(Shape{channels});
  for (auto _ : state) benchmark::DoNotOptimize(ops::group_norm(x, weight, weight, 32, 1e-6F, true).raw());
  // Read for the sums, read again, written.
  state.counters["GB/s"] = benchmark::Counter(3.0 * static_cast<double>(x.bytes()) * 1e-9,
                                              benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(GroupNormSilu)
    ->Args({128, 384})
    ->Args({256, 192})
    ->Args({512, 24})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Tokens, heads, head width.
void FullAttention(benchmark::State& state) {
  const int64_t tokens = state.range(0), heads = state.range(1), width = state.range(2);
  const Tensor x = random_tensor(Shape{1, tokens, heads * width});
  for (auto _ : state) benchmark::DoNotOptimize(ops::attention(x, x, x, static_cast<int>(heads)).raw());
  set_gflops(state, 4.0 * static_cast<double>(tokens * tokens * heads * width));
}
BENCHMARK(FullAttention)
    ->Args({576, 16, 64})
    ->Args({576, 1, 512})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// Rows, new tokens, tokens before them; 16 heads of 128, bf16.
void CachedAttention(benchmark::State& state) {
  const int64_t rows = state.range(0), tokens = state.range(1), before = state.range(2);
  const Shape shape{16, rows * (before + tokens), 128};
  std::vector<int32_t> starts, positions(static_cast<size_t>(rows), static_cast<int32_t>(before));
  for (int64_t i = 0; i < rows; ++i) starts.push_back(static_cast<int32_t>(i * (before + tokens)));
  const CacheView cache{random_tensor(shape, DType::bf16), random_tensor(shape, DType::bf16), starts,
                        positions};
  const Tensor x = random_tensor(Shape{rows, tokens, 2048});
  for (auto _ : state) benchmark::DoNotOptimize(ops::cached_attention(x, 16, cache).raw());
  state.counters["GB/s"] = benchmark::Counter(static_cast<double>(2 * cache.keys.bytes()) * 1e-9,
                                              benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(CachedAttention)
    ->Args({2, 1, 300})
    ->Args({2, 1, 600})
    ->Args({1, 600, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void GeluErf(benchmark::State& state) {
  const Tensor x = random_tensor(Shape{576, 4096});
  for (auto _ : state) benchmark::DoNotOptimize(ops::gelu_erf(x).raw());
}
BENCHMARK(GeluErf)->Unit(benchmark::kMillisecond)->UseRealTime();

void Upsample(benchmark::State& state) {
  const Tensor x = random_tensor(Shape{1, 192, 192, 128});
  for (auto _ : state) benchmark::DoNotOptimize(ops::upsample_nearest2x(x).raw());
}
BENCHMARK(Upsample)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace janus
