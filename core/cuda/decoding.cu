#include <algorithm>

#include "core/cuda/decoding.h"
#include "core/cuda/decoding_kernels.h"

namespace janus::cuda {
namespace {

CacheShape cache_shape(const Tensor& keys) { return {keys.size(0), keys.size(1), keys.size(2)}; }

dim3 product_grid(int64_t tiles, int batch) {
  return {static_cast<unsigned>(tiles), static_cast<unsigned>(divide_up(batch, kMostStreamBatch))};
}

// A product of few rows as one kernel of a step.
template <class End>
void run_product(cudaStream_t stream, std::span<const Tensor* const> parts, const SplitRows& x,
                 const RowScale& scale, const End& end) {
  const StackedRows rows = StackedRows::of(parts);
  with_stream_type(parts[0]->dtype(), [&]<DType kType>() {
    with_stream_tiles(x.batch, [&]<int kTiles>() {
      launch(stream,
             {.grid = product_grid(rows.tiles(), x.batch), .threads = kStreamThreads, .overlaps = true},
             step_linear<kType, kTiles, End>, rows, x, parts[0]->size(1), scale, end);
    });
  });
}

// Of rows that no norm stands before.
constexpr RowScale kNoScale{nullptr, 0, 1, 0.0F};

std::shared_ptr<void> zeroed(CudaDevice& device, size_t bytes) {
  std::shared_ptr<void> memory = device.allocate(bytes);
  check_cuda(cudaMemsetAsync(memory.get(), 0, bytes, device.stream()), "clearing memory");
  return memory;
}

StepItems step_items(const DecodingPlan& plan) {
  StepItems items{};
  items.count = static_cast<int>(plan.items.size());
  items.stream = static_cast<uint32_t>(plan.stream);
  int row = 0;
  for (int i = 0; i < items.count; ++i) {
    const DecodingItem& item = plan.items[static_cast<size_t>(i)];
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

// Tokens of the longest sequence when all draws are read.
int64_t longest_of(const DecodingPlan& plan) {
  int64_t longest = 0;
  for (const DecodingItem& item : plan.items) longest = std::max<int64_t>(longest, item.length);
  return longest + plan.draws;
}

StepRows step_rows(const DecodingPlan& plan) {
  StepRows rows{};
  for (size_t i = 0; i < plan.items.size(); ++i) {
    const DecodingItem& item = plan.items[i];
    for (const int32_t start : {item.start, item.other_start}) {
      if (start < 0) continue;
      rows.items[rows.batch] = static_cast<int32_t>(i);
      rows.cache_starts[rows.batch] = start;
      rows.first_positions[rows.batch] = item.length;
      ++rows.batch;
    }
  }
  return rows;
}

bool is_filtered(const DecodingPlan& plan, int64_t vocabulary) {
  return std::any_of(plan.items.begin(), plan.items.end(), [&](const DecodingItem& item) {
    const SamplingOptions& s = item.sampling;
    return s.temperature != 0.0F && ((s.top_k > 0 && s.top_k < vocabulary) || s.top_p < 1.0F);
  });
}

}  // namespace

bool CudaDecoding::can(const DecodingPlan& plan) {
  if (plan.items.empty() || plan.head.empty() || plan.layers.empty()) return false;
  const auto fits = [](const DecodingLayer& l) {
    for (const Tensor* weight :
         {&l.q_proj, &l.k_proj, &l.v_proj, &l.o_proj, &l.gate_proj, &l.up_proj, &l.down_proj}) {
      if (!streams(*weight)) return false;
    }
    // Panels of q, k and v are one list.
    if (in_lanes(l.q_proj.dtype()) &&
        (l.q_proj.size(0) % kPanelRows != 0 || l.k_proj.size(0) % kPanelRows != 0))
      return false;
    return l.q_proj.dtype() == l.k_proj.dtype() && l.q_proj.dtype() == l.v_proj.dtype() &&
           l.gate_proj.dtype() == l.up_proj.dtype();
  };
  return std::all_of(plan.layers.begin(), plan.layers.end(), fits) &&
         std::all_of(plan.head.begin(), plan.head.end(),
                     [](const DecodingHead& h) { return streams(h.weight); });
}

CudaDecoding::CudaDecoding(CudaDevice& device, DecodingPlan plan)
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
  const auto batch = static_cast<size_t>(rows_.batch);
  const int64_t query_width = plan_.heads * head_width_;
  x_ = zeroed(device_, batch * width_ * sizeof(float));
  qkv_ = zeroed(device_, batch * (query_width + 2 * key_heads_ * head_width_) * sizeof(float));
  squares_ = zeroed(device_, static_cast<size_t>(norm_tiles()) * batch * sizeof(float));
  logits_ = zeroed(device_, (batch + plan_.items.size()) * vocabulary_ * sizeof(float));
  const PartShape parts{plan_.heads, most_parts_, head_width_};
  partial_ = zeroed(device_, static_cast<size_t>(parts.floats(rows_.batch)) * sizeof(float));
  counts_ = zeroed(device_, batch * static_cast<size_t>(key_heads_) * sizeof(unsigned));
  best_ = zeroed(device_, plan_.items.size() * kDrawBlocks * sizeof(Best));
  const auto split = [&](int64_t depth) {
    SplitBuffer buffer(device_, rows_.batch, depth);
    // What stands behind the depth stays 0.
    check_cuda(cudaMemsetAsync(const_cast<uint16_t*>(buffer.rows().high), 0, 4 * batch * split_depth(depth),
                               stream_),
               "clearing memory");
    return buffer;
  };
  normed_ = std::make_unique<SplitBuffer>(split(width_));
  attended_ = std::make_unique<SplitBuffer>(split(query_width));
  gated_ = std::make_unique<SplitBuffer>(split(plan_.layers[0].gate_proj.size(0)));
  for (size_t i = 0; i + 1 < plan_.head.size(); ++i) between_.push_back(split(plan_.head[i].weight.size(0)));
  StepState state{};
  for (size_t i = 0; i < plan_.items.size(); ++i) state.ids[i] = plan_.items[i].id;
  state_ = device_.allocate(sizeof state);
  device_.upload(state_.get(), &state, sizeof state);
  void* pinned = nullptr;
  check_cuda(cudaHostAlloc(&pinned, sizeof(int32_t) * kMostItems * (kAhead + 1), cudaHostAllocDefault),
             "pinning memory");
  drawn_ = static_cast<int32_t*>(pinned);
  for (cudaEvent_t& event : done_) {
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "making an event");
  }
  capture();
  device_.count_decoding(1);
}

CudaDecoding::~CudaDecoding() {
  device_.count_decoding(-1);
  cudaStreamSynchronize(stream_);  // steps ahead still write
  if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
  for (cudaEvent_t event : done_) {
    if (event != nullptr) cudaEventDestroy(event);
  }
  cudaFreeHost(drawn_);
}

NormedRows CudaDecoding::normed(const Tensor& weight) const {
  return {normed_->rows(), weight.data<float>(), floats(squares_), norm_tiles()};
}

RowScale CudaDecoding::norm_scale() const {
  return {floats(squares_), norm_tiles(), width_, plan_.rms_norm_eps};
}

void CudaDecoding::run_layer(const DecodingLayer& layer, const Tensor& next_norm) {
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
  with_stream_type(layer.gate_proj.dtype(), [&]<DType kType>() {
    with_stream_tiles(rows_.batch, [&]<int kTiles>() {
      launch(stream_,
             {.grid = product_grid(pair.tiles(), rows_.batch), .threads = kStreamThreads, .overlaps = true},
             step_gate_up<kType, kTiles>, pair, normed_->rows(), width_, norm_scale(), gated_->rows());
    });
  });
  const Tensor* const down[] = {&layer.down_proj};
  run_product(stream_, down, gated_->rows(), kNoScale, AddEnd{floats(x_), width_, normed(next_norm)});
}

void CudaDecoding::run_head() {
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

void CudaDecoding::run_draw() {
  auto* const state = static_cast<StepState*>(state_.get());
  auto* const best = static_cast<Best*>(best_.get());
  const auto items = static_cast<unsigned>(items_.count);
  if (is_filtered(plan_, vocabulary_)) {
    launch(stream_, {.grid = items, .threads = kFilterThreads, .overlaps = true}, draw_filtered, state,
           items_, floats(logits_), vocabulary_, floats(logits_) + rows_.batch * vocabulary_, best, drawn_,
           kAhead + 1);
  } else {
    launch(stream_, {.grid = dim3(kDrawBlocks, items), .threads = kDrawThreads, .overlaps = true}, draw_all,
           state, items_, floats(logits_), vocabulary_, best, drawn_, kAhead + 1);
  }
}

void CudaDecoding::capture() {
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
  run_draw();
  cudaGraph_t graph = nullptr;
  check_cuda(cudaStreamEndCapture(stream_, &graph), "capturing a step");
  const cudaError_t status = cudaGraphInstantiate(&graph_, graph, 0);
  cudaGraphDestroy(graph);
  check_cuda(status, "making a graph");
}

std::span<const int32_t> CudaDecoding::next() {
  while (begun_ < plan_.draws && begun_ < seen_ + kAhead) {
    check_cuda(cudaGraphLaunch(graph_, device_.stream()), "starting a step");
    check_cuda(cudaEventRecord(done_[begun_ % (kAhead + 1)], stream_), "recording an event");
    ++begun_;
  }
  const int64_t slot = seen_ % (kAhead + 1);
  check_cuda(cudaEventSynchronize(done_[slot]), "decoding");
  ++seen_;
  return {drawn_ + slot * kMostItems, plan_.items.size()};
}

namespace {

int row_count(const DecodingItem& item) { return item.other_row < 0 ? 1 : 2; }

// More rows than one graph takes: a graph for each group, one after another in every step.
class GroupedDecoding : public Decoding {
 public:
  GroupedDecoding(CudaDevice& device, const DecodingPlan& plan) {
    DecodingPlan group = plan;
    const auto begin = [&] {
      groups_.push_back(std::make_unique<CudaDecoding>(device, group));
      group.items.clear();
    };
    group.items.clear();
    int rows = 0;
    for (const DecodingItem& item : plan.items) {
      if (rows + row_count(item) > kMostRows) {
        begin();
        rows = 0;
      }
      group.items.push_back(item);
      rows += row_count(item);
    }
    begin();
  }

  std::span<const int32_t> next() override {
    ids_.clear();
    for (const std::unique_ptr<CudaDecoding>& group : groups_) {
      const std::span<const int32_t> drawn = group->next();
      ids_.insert(ids_.end(), drawn.begin(), drawn.end());
    }
    return ids_;
  }

 private:
  std::vector<std::unique_ptr<CudaDecoding>> groups_;
  std::vector<int32_t> ids_;
};

}  // namespace

std::unique_ptr<Decoding> CudaDevice::begin_decoding(const DecodingPlan& plan) {
  if (!CudaDecoding::can(plan)) return nullptr;
  int rows = 0;
  for (const DecodingItem& item : plan.items) rows += row_count(item);
  if (rows > kMostRows) return std::make_unique<GroupedDecoding>(*this, plan);
  return std::make_unique<CudaDecoding>(*this, plan);
}

}  // namespace janus::cuda
