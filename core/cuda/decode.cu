#include <algorithm>
#include <utility>

#include "core/cuda/decode.h"
#include "core/cuda/decode_kernels.h"

namespace janus::cuda {
namespace {

CacheShape cache_shape(const Tensor& keys) { return {keys.size(0), keys.size(1), keys.size(2)}; }

dim3 product_grid(int64_t tiles, int batch) {
  return {static_cast<unsigned>(tiles), static_cast<unsigned>(divide_up(batch, kMostGemvBatch))};
}

// A gemv as one kernel of a step.
template <class End>
void run_product(cudaStream_t stream, std::span<const Tensor* const> parts, const SplitRows& x,
                 const RowScale& scale, const End& end) {
  const StackedRows rows = StackedRows::of(parts);
  with_gemv_type(parts[0]->dtype(), [&]<DType kType>() {
    with_gemv_tiles(x.batch, [&]<int kTiles>() {
      launch(stream, {.grid = product_grid(rows.tiles(), x.batch), .threads = kGemvThreads, .overlaps = true},
             step_linear<kType, kTiles, End>, rows, x, parts[0]->size(1), scale, end);
    });
  });
}

// The scale of rows that no norm stands before.
constexpr RowScale kNoScale{nullptr, 0, 1, 0.0F};

std::shared_ptr<void> zeroed(CudaDevice& device, size_t bytes) {
  std::shared_ptr<void> memory = device.allocate(bytes);
  check_cuda(cudaMemsetAsync(memory.get(), 0, bytes, device.stream()), "clearing memory");
  return memory;
}

StepItems step_items(const DeviceDecodePlan& plan) {
  StepItems items{};
  items.count = static_cast<int>(plan.items.size());
  items.stream = static_cast<uint32_t>(plan.stream);
  int row = 0;
  for (int i = 0; i < items.count; ++i) {
    const DeviceDecodeItem& item = plan.items[static_cast<size_t>(i)];
    items.rows[i] = row++;
    items.other_rows[i] = item.other_start < 0 ? -1 : row++;
    items.guidance[i] = item.guidance;
    items.temperature[i] = item.sampling.temperature;
    items.top_p[i] = item.sampling.top_p;
    items.top_k[i] = item.sampling.top_k;
    items.seeds[i] = item.sampling.seed;
    items.first_steps[i] = item.step;
  }
  return items;
}

StepRows step_rows(const DeviceDecodePlan& plan) {
  StepRows rows{};
  for (size_t i = 0; i < plan.items.size(); ++i) {
    const DeviceDecodeItem& item = plan.items[i];
    for (const auto& [start, length] :
         {std::pair(item.start, item.length), std::pair(item.other_start, item.other_length)}) {
      if (start < 0) continue;
      rows.items[rows.batch] = static_cast<int32_t>(i);
      rows.cache_starts[rows.batch] = start;
      rows.first_positions[rows.batch] = length;
      ++rows.batch;
    }
  }
  return rows;
}

bool is_filtered(const DeviceDecodePlan& plan, int64_t vocabulary) {
  return std::any_of(plan.items.begin(), plan.items.end(), [&](const DeviceDecodeItem& item) {
    const SamplingOptions& s = item.sampling;
    return s.temperature != 0.0F && ((s.top_k > 0 && s.top_k < vocabulary) || s.top_p < 1.0F);
  });
}

}  // namespace

CudaDecodeRun::CudaDecodeRun(CudaDevice& device, DeviceDecodePlan plan)
    : device_(device),
      plan_(std::move(plan)),
      rows_(step_rows(plan_)),
      items_(step_items(plan_)),
      width_(plan_.norm.size(0)),
      head_width_(plan_.layers[0].keys.size(2)),
      key_heads_(plan_.layers[0].keys.size(0)),
      most_parts_(context_parts(longest_of(plan_))),
      vocabulary_(plan_.head.back().weight.size(0)),
      stream_(device.stream()) {
  const DecodeScratch bytes = DecodeScratch::of(plan_);
  x_ = zeroed(device_, bytes.x);
  qkv_ = zeroed(device_, bytes.qkv);
  squares_ = zeroed(device_, bytes.squares);
  logits_ = zeroed(device_, bytes.logits);
  partial_ = zeroed(device_, bytes.partial);
  counts_ = zeroed(device_, bytes.counts);
  best_ = zeroed(device_, bytes.best);
  const auto split = [&](int64_t depth) {
    SplitBuffer buffer(device_, rows_.batch, depth);
    // What stands behind the depth stays 0.
    check_cuda(cudaMemsetAsync(const_cast<uint16_t*>(buffer.rows().high), 0, split_bytes(rows_.batch, depth),
                               stream_),
               "clearing memory");
    return buffer;
  };
  normed_ = std::make_unique<SplitBuffer>(split(width_));
  attended_ = std::make_unique<SplitBuffer>(split(plan_.heads * head_width_));
  gated_ = std::make_unique<SplitBuffer>(split(plan_.layers[0].gate_proj.size(0)));
  for (size_t i = 0; i + 1 < plan_.head.size(); ++i) between_.push_back(split(plan_.head[i].weight.size(0)));
  StepState state{};
  for (size_t i = 0; i < plan_.items.size(); ++i) state.ids[i] = plan_.items[i].id;
  state_ = device_.allocate(bytes.state);
  device_.upload(state_.get(), &state, sizeof state);
  void* pinned = nullptr;
  check_cuda(cudaHostAlloc(&pinned, sizeof(int32_t) * kMostItems * (kAhead + 1), cudaHostAllocDefault),
             "pinning memory");
  sampled_ = static_cast<int32_t*>(pinned);
  for (cudaEvent_t& event : done_) {
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
  }
  capture();
  device_.count_decode_runs(1);
}

CudaDecodeRun::~CudaDecodeRun() {
  device_.count_decode_runs(-1);
  cudaStreamSynchronize(stream_);  // steps ahead still write
  if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
  for (cudaEvent_t event : done_) {
    if (event != nullptr) cudaEventDestroy(event);
  }
  cudaFreeHost(sampled_);
}

NormedRows CudaDecodeRun::normed(const Tensor& weight) const {
  return {normed_->rows(), weight.data<float>(), floats(squares_), norm_tiles()};
}

RowScale CudaDecodeRun::norm_scale() const {
  return {floats(squares_), norm_tiles(), width_, plan_.rms_norm_eps};
}

void CudaDecodeRun::run_layer(const DeviceDecodeLayer& layer, const Tensor& next_norm) {
  const Tensor* const qkv[] = {&layer.q_proj, &layer.k_proj, &layer.v_proj};
  const int64_t qkv_width = (plan_.heads + 2 * key_heads_) * head_width_;
  run_product(stream_, qkv, normed_->rows(), norm_scale(), PlainEnd{floats(qkv_), qkv_width, nullptr});
  const CacheShape shape = cache_shape(layer.keys);
  const PartShape parts{plan_.heads, most_parts_, head_width_};
  const TokenAttention attention{.keys = static_cast<const unsigned char*>(layer.keys.raw()),
                                 .values = static_cast<const unsigned char*>(layer.values.raw()),
                                 .cache = shape,
                                 .group = plan_.heads / static_cast<int>(key_heads_),
                                 .partial = floats(partial_),
                                 .parts = parts,
                                 .done = static_cast<unsigned*>(counts_.get())};
  const auto kernel =
      layer.keys.dtype() == DType::f32 ? step_attention<DType::f32> : step_attention<DType::bf16>;
  launch(stream_,
         {.grid = dim3(static_cast<unsigned>(parts.parts), static_cast<unsigned>(key_heads_),
                       static_cast<unsigned>(rows_.batch)),
          .threads = kTokenThreads,
          .shared_bytes = static_cast<size_t>(head_width_) * sizeof(float),
          .overlaps = true},
         kernel, attention, static_cast<const StepState*>(state_.get()), rows_, floats(qkv_),
         plan_.rope_table.data<float>(), attended_->rows());
  const Tensor* const o[] = {&layer.o_proj};
  run_product(stream_, o, attended_->rows(), kNoScale,
              AddEnd{floats(x_), width_, normed(layer.post_attention_layernorm)});
  const PairedRows pair{MatrixView::of(layer.gate_proj), MatrixView::of(layer.up_proj),
                        layer.gate_proj.size(0)};
  with_gemv_type(layer.gate_proj.dtype(), [&]<DType kType>() {
    with_gemv_tiles(rows_.batch, [&]<int kTiles>() {
      launch(stream_,
             {.grid = product_grid(pair.tiles(), rows_.batch), .threads = kGemvThreads, .overlaps = true},
             step_gate_up<kType, kTiles>, pair, normed_->rows(), width_, norm_scale(), gated_->rows());
    });
  });
  const Tensor* const down[] = {&layer.down_proj};
  run_product(stream_, down, gated_->rows(), kNoScale, AddEnd{floats(x_), width_, normed(next_norm)});
}

void CudaDecodeRun::run_head() {
  SplitRows x = normed_->rows();
  for (size_t i = 0; i < plan_.head.size(); ++i) {
    const Tensor* const weight[] = {&plan_.head[i].weight};
    const float* const bias = plan_.head[i].bias.empty() ? nullptr : plan_.head[i].bias.data<float>();
    const RowScale scale = i == 0 ? norm_scale() : kNoScale;
    if (i + 1 == plan_.head.size()) {
      run_product(stream_, weight, x, scale, PlainEnd{floats(logits_), vocabulary_, bias});
    } else {
      run_product(stream_, weight, x, scale, GeluEnd{between_[i].rows(), bias});
      x = between_[i].rows();
    }
  }
}

void CudaDecodeRun::run_sample() {
  auto* const state = static_cast<StepState*>(state_.get());
  auto* const best = static_cast<Best*>(best_.get());
  const auto items = static_cast<unsigned>(items_.count);
  if (is_filtered(plan_, vocabulary_)) {
    launch(stream_, {.grid = items, .threads = kFilterThreads, .overlaps = true}, sample_filtered, state,
           items_, floats(logits_), vocabulary_, floats(logits_) + rows_.batch * vocabulary_, best, sampled_,
           kAhead + 1);
  } else {
    launch(stream_, {.grid = dim3(kSampleBlocks, items), .threads = kSampleThreads, .overlaps = true},
           sample_all, state, items_, floats(logits_), vocabulary_, best, sampled_, kAhead + 1);
  }
}

void CudaDecodeRun::capture() {
  check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "capturing a step");
  with_weight_type(plan_.table.dtype(), [&]<DType kType>() {
    launch(stream_, {.grid = static_cast<unsigned>(rows_.batch), .threads = kNormThreads, .overlaps = true},
           begin_step<kType>, static_cast<const StepState*>(state_.get()), rows_, MatrixView::of(plan_.table),
           floats(x_), normed(plan_.layers[0].input_layernorm));
  });
  for (size_t i = 0; i < plan_.layers.size(); ++i) {
    run_layer(plan_.layers[i],
              i + 1 < plan_.layers.size() ? plan_.layers[i + 1].input_layernorm : plan_.norm);
  }
  run_head();
  run_sample();
  cudaGraph_t graph = nullptr;
  check_cuda(cudaStreamEndCapture(stream_, &graph), "capturing a step");
  const cudaError_t status = cudaGraphInstantiate(&graph_, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "making a graph");
}

std::span<const int32_t> CudaDecodeRun::next() {
  while (begun_ < plan_.samples && begun_ < seen_ + kAhead) {
    check_cuda(cudaGraphLaunch(graph_, device_.stream()), "starting a step");
    check_cuda(cudaEventRecord(done_[begun_ % (kAhead + 1)], stream_), "recording an event");
    ++begun_;
  }
  const int64_t slot = seen_ % (kAhead + 1);
  check_cuda(cudaEventSynchronize(done_[slot]), "decoding");
  ++seen_;
  return {sampled_ + slot * kMostItems, plan_.items.size()};
}

namespace {

// More rows than one graph takes: a graph for each group, one after another in every step.
class GroupedDecodeRun : public DeviceDecodeRun {
 public:
  GroupedDecodeRun(CudaDevice& device, const DeviceDecodePlan& plan) {
    for (DeviceDecodePlan& group : decode_groups(plan)) {
      groups_.push_back(std::make_unique<CudaDecodeRun>(device, std::move(group)));
    }
  }

  std::span<const int32_t> next() override {
    ids_.clear();
    for (const std::unique_ptr<CudaDecodeRun>& group : groups_) {
      const std::span<const int32_t> sampled = group->next();
      ids_.insert(ids_.end(), sampled.begin(), sampled.end());
    }
    return ids_;
  }

 private:
  std::vector<std::unique_ptr<CudaDecodeRun>> groups_;
  std::vector<int32_t> ids_;
};

}  // namespace

std::unique_ptr<DeviceDecodeRun> CudaDevice::begin(const DeviceDecodePlan& plan) {
  if (!can_decode(plan)) return nullptr;
  if (row_count(plan) > kMostRows) return std::make_unique<GroupedDecodeRun>(*this, plan);
  return std::make_unique<CudaDecodeRun>(*this, plan);
}

}  // namespace janus::cuda
