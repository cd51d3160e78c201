#include "core/cpu/winograd.h"

#include <algorithm>
#include <cstring>

#include "core/cpu/term_gemm.h"

namespace janus::cpu {
namespace {

constexpr int64_t kTile = 4;  // pixels of the result, each way
// Of bf16, of sums of inputs and of taps: as many as make f32.
constexpr int kTerms = 3;

uint16_t* term_memory(float* memory) { return reinterpret_cast<uint16_t*>(memory); }

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t round_up(int64_t a, int64_t b) { return divide_up(a, b) * b; }

// Sizes of one convolution and the pieces that it is cut into: blocks of tiles by groups of panels of
// tile_columns filters. A result does not depend on the cut: each tile is computed alike in any block.
struct Plan {
  const Kernels& kernels;
  const WinogradKernels& steps;
  int64_t height, width, channels;  // of the input
  int64_t out_height, out_width, filters;
  int64_t block_height, block_width;  // tiles
  int64_t blocks_down, blocks_across;
  int64_t panels, panel_groups;

  Plan(const Kernels& with, const WinogradConv& conv, const Tensor& out, int threads)
      : kernels(with),
        steps(conv.doubled ? with.winograd_doubled : with.winograd),
        height(conv.x.size(1)),
        width(conv.x.size(2)),
        channels(conv.x.size(3)),
        out_height(out.size(1)),
        out_width(out.size(2)),
        filters(out.size(3)),
        panels(divide_up(filters, with.tile_columns)) {
    cut_blocks();
    // Few blocks are shared by several threads, each of which transforms the block's inputs for itself.
    const int64_t blocks = conv.x.size(0) * blocks_down * blocks_across;
    panel_groups = 1;
    while (panel_groups < panels && blocks * panel_groups % threads != 0 &&
           blocks * panel_groups < 4 * threads) {
      ++panel_groups;
    }
  }

  int64_t block_tiles() const { return round_up(block_height * block_width, kernels.tile_rows); }
  // Floats between the sums of one kind; a line more than whole tiles, as the stride would else make all
  // kinds meet in one set of the first-level cache.
  int64_t input_stride() const { return block_tiles() * round_up(channels, kernels.lanes) + kernels.lanes; }
  int64_t product_stride() const { return block_tiles() * kernels.tile_columns + kernels.lanes; }

  int64_t window_height() const { return (block_height - 1) * steps.step + steps.window; }
  int64_t window_width() const { return (block_width - 1) * steps.step + steps.window; }

  // Floats of the filters of a panel: [products][channels][tile_columns].
  int64_t panel_floats() const { return steps.products * channels * kernels.tile_columns; }

  // In a matrix unit, whose products are made one kind after another, each for all panels of a group: the
  // tiles of a block in groups of tile_rows, the filters of all panels, and the products.
  bool uses_terms() const { return kernels.terms != nullptr; }
  int64_t term_panels() const { return divide_up(panels, panel_groups); }
  TermMatrix term_inputs(float* memory, int64_t input) const {
    const int64_t groups = block_tiles() / kernels.tile_rows;
    return {term_memory(memory + input * TermMatrix::floats(groups, channels, kTerms)), groups, kTerms};
  }
  int64_t term_input_floats() const {
    return steps.inputs * TermMatrix::floats(block_tiles() / kernels.tile_rows, channels, kTerms);
  }
  TermMatrix term_filters(float* memory, int64_t product) const {
    const int64_t groups = panels * kernels.tile_columns / kTermGroupRows;
    return {term_memory(memory + product * TermMatrix::floats(groups, channels, kTerms)), groups, kTerms};
  }
  int64_t term_product_stride() const {
    return block_tiles() * term_panels() * kernels.tile_columns + kernels.lanes;
  }

 private:
  // Blocks are nearly square, as tiles at their edges see inputs of the neighbours. In a matrix unit the
  // filters pass once a block, which has to be larger.
  static constexpr int64_t kBlockHeight = 6, kBlockWidth = 8, kTermBlockHeight = 8, kTermBlockWidth = 12;
  // The most floats that a block's transformed inputs take.
  static constexpr int64_t kMostFloats = int64_t{1} << 20;

  void cut_blocks() {
    const int64_t tiles_high = divide_up(out_height, kTile), tiles_wide = divide_up(out_width, kTile);
    int64_t most_high = uses_terms() ? kTermBlockHeight : kBlockHeight;
    int64_t most_wide = uses_terms() ? kTermBlockWidth : kBlockWidth;
    while (most_high * most_wide > kernels.tile_rows &&
           most_high * most_wide * steps.inputs * channels > kMostFloats) {
      int64_t& larger = most_high > most_wide ? most_high : most_wide;
      larger = divide_up(larger, 2);
    }
    blocks_down = divide_up(tiles_high, most_high);
    blocks_across = divide_up(tiles_wide, most_wide);
    block_height = divide_up(tiles_high, blocks_down);
    block_width = divide_up(tiles_wide, blocks_across);
  }
};

// The filters of a panel, `channels` of them from c on, which stand at `from` as transform_filters wrote
// them, product_stride apart -> terms.
void store_filter_terms(const Plan& plan, int64_t panel, int64_t c, int64_t channels, const float* from,
                        int64_t product_stride, float* to) {
  const int tile = plan.kernels.tile_columns;
  const WeightKernels& floats = plan.kernels.of(DType::f32);
  for (int product = 0; product < plan.steps.products; ++product) {
    const TermMatrix filters = plan.term_filters(to, product);
    const Matrix matrix{DType::f32, from + product * product_stride, tile};
    for (int first = 0; first < tile; first += kTermGroupRows) {
      uint16_t* const group = filters.at(c / kTermDepth, (panel * tile + first) / kTermGroupRows);
      floats.pack_terms_by_depth(matrix, first, kTermGroupRows, 0, channels,
                                 group + c % kTermDepth * kTermGroupRows);
    }
  }
}

// [panels] times panel_floats, or the terms of all products.
Tensor transform_filters(const Plan& plan, const ThreadPool& thread_pool, const WinogradConv& conv,
                         Device& device) {
  constexpr int64_t kAtOnce = 64;  // channels
  static_assert(kTermDepth % kAtOnce == 0);
  const Kernels& kernels = plan.kernels;
  Tensor to(device, DType::f32, winograd_filters(kernels, conv.weight.shape(), conv.doubled));
  const Matrix taps{conv.weight.dtype(), conv.weight.raw(), plan.channels * 9};
  const int64_t steps = divide_up(plan.channels, kAtOnce);
  thread_pool.parallel_for(plan.panels * steps, [&](int64_t begin, int64_t end) {
    float* packed = scratch(0, 9 * kAtOnce * kernels.tile_columns);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t panel = i / steps, c = i % steps * kAtOnce;
      const int64_t channels = std::min(kAtOnce, plan.channels - c);
      const int64_t first = panel * kernels.tile_columns;
      const auto count = static_cast<int>(std::min<int64_t>(kernels.tile_columns, plan.filters - first));
      kernels.of(taps.dtype).pack_transposed(taps, first, count, 9 * c, 9 * (c + channels), packed);
      if (plan.uses_terms()) {
        const int64_t stride = kAtOnce * kernels.tile_columns;
        float* const transformed = scratch(1, plan.steps.products * stride);
        plan.steps.transform_filters(packed, channels, transformed, stride);
        store_filter_terms(plan, panel, c, channels, transformed, stride, to.data<float>());
        continue;
      }
      plan.steps.transform_filters(packed, channels,
                                   to.data<float>() + panel * plan.panel_floats() + c * kernels.tile_columns,
                                   plan.channels * kernels.tile_columns);
    }
  });
  return to;
}

// One block of tiles of one image, on one thread.
class Block {
 public:
  // `index` counts all images' blocks.
  Block(const Plan& plan, const WinogradConv& conv, int64_t index)
      : plan_(plan),
        conv_(conv),
        image_(index / (plan.blocks_down * plan.blocks_across)),
        first_row_(index / plan.blocks_across % plan.blocks_down * plan.block_height),
        first_column_(index % plan.blocks_across * plan.block_width),
        tiles_high_(std::min(plan.block_height, divide_up(plan.out_height, kTile) - first_row_)),
        tiles_wide_(std::min(plan.block_width, divide_up(plan.out_width, kTile) - first_column_)) {}

  // Sums of inputs of all tiles -> inputs [plan.steps.inputs], input_stride apart.
  void transform_inputs(float* window, float* inputs) const {
    gather(window);
    const int64_t row_stride = plan_.window_width() * plan_.channels;
    const int rows = plan_.kernels.tile_rows;
    const int64_t part = rows * round_up(plan_.channels, plan_.kernels.lanes);
    for (int64_t tile = 0; tile < tiles_high_ * tiles_wide_; ++tile) {
      const int64_t y = tile / tiles_wide_ * plan_.steps.step, x = tile % tiles_wide_ * plan_.steps.step;
      plan_.steps.transform_input(window + y * row_stride + x * plan_.channels, row_stride, plan_.channels,
                                  inputs + tile / rows * part + tile % rows * plan_.kernels.lanes,
                                  plan_.input_stride());
    }
  }

  // The same as terms. `inputs` is room for those of one group of tiles, `row` for those of one tile.
  void transform_to_terms(float* window, float* inputs, float* row, float* terms) const {
    gather(window);
    const int64_t row_stride = plan_.window_width() * plan_.channels, lanes = plan_.kernels.lanes;
    const int64_t rows = plan_.kernels.tile_rows, stride = rows * round_up(plan_.channels, lanes) + lanes;
    const int64_t tiles = tiles_high_ * tiles_wide_;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t y = tile / tiles_wide_ * plan_.steps.step, x = tile % tiles_wide_ * plan_.steps.step;
      const int64_t place = tile % rows;
      plan_.steps.transform_input(window + y * row_stride + x * plan_.channels, row_stride, plan_.channels,
                                  inputs + place * lanes, stride);
      for (int input = 0; input < plan_.steps.inputs; ++input) {
        const float* from = inputs + input * stride + place * lanes;
        for (int64_t c = 0; c < plan_.channels; c += lanes) std::copy_n(from + c * rows, lanes, row + c);
        // (A group has fewer tiles than it has rows.)
        split_row(plan_.kernels, row, plan_.channels, tile / rows * kTermGroupRows + place,
                  plan_.term_inputs(terms, input));
      }
    }
  }

  // The result of the panels [first, last) of filters. `products` is room for plan.steps.products,
  // term_product_stride apart.
  void multiply_terms(float* terms, float* filters, int64_t first, int64_t last, float* products,
                      Tensor& out) const {
    const Kernels& kernels = plan_.kernels;
    const int64_t tile_groups = kernels.tile_columns / kTermGroupRows, tiles = tiles_high_ * tiles_wide_;
    const int64_t columns = (last - first) * kernels.tile_columns;
    for (int product = 0; product < plan_.steps.products; ++product) {
      const TermMatrix left = plan_.term_inputs(terms, plan_.steps.input_of[product]);
      const TermMatrix right = plan_.term_filters(filters, product);
      for (int64_t block = 0; block < term_blocks(plan_.channels); ++block) {
        kernels.terms->multiply({.left = left.at(block, 0),
                                 .row_groups = divide_up(tiles, kernels.tile_rows),
                                 .left_terms = kTerms,
                                 .right = right.at(block, first * tile_groups),
                                 .column_groups = columns / kTermGroupRows,
                                 .right_terms = kTerms,
                                 .depth = std::min(kTermDepth, plan_.channels - block * kTermDepth),
                                 .add = block > 0,
                                 .c = products + product * plan_.term_product_stride(),
                                 .c_stride = columns,
                                 .group_rows = kernels.tile_rows});
      }
    }
    for (int64_t panel = first; panel < last; ++panel) {
      const float* from = products + (panel - first) * kernels.tile_columns;
      for (int64_t tile = 0; tile < tiles; ++tile) {
        plan_.steps.transform_output(from + tile * columns, plan_.term_product_stride(),
                                     place(tile, panel, out));
      }
    }
  }

  // The result of one panel of filters. `products` is room for plan.steps.products, product_stride apart.
  void multiply(const float* inputs, const float* filters, int64_t panel, float* products,
                Tensor& out) const {
    const Kernels& kernels = plan_.kernels;
    const int64_t tiles = tiles_high_ * tiles_wide_, rows = kernels.tile_rows;
    const int64_t part = rows * round_up(plan_.channels, kernels.lanes);
    for (int product = 0; product < plan_.steps.products; ++product) {
      const float* left = inputs + plan_.steps.input_of[product] * plan_.input_stride();
      const float* right = filters + product * plan_.channels * kernels.tile_columns;
      float* to = products + product * plan_.product_stride();
      for (int64_t first = 0; first < tiles; first += rows) {
        kernels.winograd_products(left + first / rows * part, right, plan_.channels,
                                  to + first * kernels.tile_columns);
      }
    }
    for (int64_t tile = 0; tile < tiles; ++tile) {
      plan_.steps.transform_output(products + tile * kernels.tile_columns, plan_.product_stride(),
                                   place(tile, panel, out));
    }
  }

 private:
  // The inputs that the block sees -> window [window_height][window_width][channels], zeros outside the
  // image.
  void gather(float* window) const {
    const int64_t channels = plan_.channels, columns = plan_.window_width();
    const int64_t left = first_column_ * plan_.steps.step - 1, top = first_row_ * plan_.steps.step - 1;
    const int64_t begin = std::max<int64_t>(0, -left),
                  end = std::max(begin, std::min(columns, plan_.width - left));
    for (int64_t y = 0; y < plan_.window_height(); ++y, window += columns * channels) {
      if (top + y < 0 || top + y >= plan_.height) {
        std::fill_n(window, columns * channels, 0.0F);
        continue;
      }
      std::fill_n(window, begin * channels, 0.0F);
      const int64_t row = (image_ * plan_.height + top + y) * plan_.width;
      load(conv_.x.data<float>() + (row + left + begin) * channels, end - begin, window + begin * channels);
      std::fill_n(window + end * channels, (columns - end) * channels, 0.0F);
    }
  }

  void load(const float* from, int64_t pixels, float* to) const {
    const InputNorm* norm = conv_.norm;
    if (norm == nullptr) {
      std::memcpy(to, from, static_cast<size_t>(pixels * plan_.channels) * sizeof(float));
      return;
    }
    const int64_t at = image_ * plan_.channels;
    plan_.kernels.channel_scale(from, pixels, plan_.channels, norm->mean + at, norm->scale + at, norm->bias,
                                norm->silu, to);
  }

  WinogradTile place(int64_t tile, int64_t panel, Tensor& out) const {
    const int64_t y = (first_row_ + tile / tiles_wide_) * kTile,
                  x = (first_column_ + tile % tiles_wide_) * kTile;
    const int64_t filter = panel * plan_.kernels.tile_columns;
    const int64_t at = ((image_ * plan_.out_height + y) * plan_.out_width + x) * plan_.filters + filter;
    return {.out = out.data<float>() + at,
            .residual = conv_.residual == nullptr ? nullptr : conv_.residual + at,
            .bias = conv_.bias == nullptr ? nullptr : conv_.bias + filter,
            .row_stride = plan_.out_width * plan_.filters,
            .pixel_stride = plan_.filters,
            .rows = static_cast<int>(std::min(kTile, plan_.out_height - y)),
            .columns = static_cast<int>(std::min(kTile, plan_.out_width - x)),
            .filters = std::min<int64_t>(plan_.kernels.tile_columns, plan_.filters - filter)};
  }

  const Plan& plan_;
  const WinogradConv& conv_;
  int64_t image_, first_row_, first_column_, tiles_high_, tiles_wide_;
};

// Of the calling thread, beside the window.
struct BlockMemory {
  float* inputs;
  float* products;
  float* terms = nullptr;
  float* row = nullptr;
};

BlockMemory vector_scratch(const Plan& plan) {
  return {scratch(1, plan.steps.inputs * plan.input_stride()),
          scratch(2, plan.steps.products * plan.product_stride())};
}

BlockMemory term_scratch(const Plan& plan) {
  const int64_t lanes = plan.kernels.lanes, channels = round_up(plan.channels, lanes);
  const int64_t inputs = plan.steps.inputs * (plan.kernels.tile_rows * channels + lanes);
  float* const memory = scratch(1, inputs + channels);
  return {memory, scratch(2, plan.steps.products * plan.term_product_stride()),
          scratch(3, plan.term_input_floats()), memory + inputs};
}

}  // namespace

bool is_same3x3(const Tensor& weight, const Conv2dOptions& options) {
  return weight.size(2) == 3 && weight.size(3) == 3 && options == kSamePadding3x3;
}

bool is_winograd_conv2d(const Tensor& weight, const Conv2dOptions& options) {
  constexpr int64_t kFewest = 16;
  return is_same3x3(weight, options) && std::min(weight.size(0), weight.size(1)) >= kFewest;
}

Shape winograd_filters(const Kernels& kernels, const Shape& weight, bool doubled) {
  const WinogradKernels& steps = doubled ? kernels.winograd_doubled : kernels.winograd;
  if (kernels.terms != nullptr) {
    const int64_t groups = divide_up(weight[0], kernels.tile_columns) * kernels.tile_columns / kTermGroupRows;
    return {steps.products, TermMatrix::floats(groups, weight[1], kTerms)};
  }
  return {divide_up(weight[0], kernels.tile_columns), steps.products * weight[1] * kernels.tile_columns};
}

void winograd_conv2d(const Kernels& kernels, const ThreadPool& thread_pool, const WinogradConv& conv,
                     Tensor& out) {
  const Plan plan(kernels, conv, out, thread_pool.threads());
  Tensor filters = transform_filters(plan, thread_pool, conv, out.device());
  const int64_t blocks = conv.x.size(0) * plan.blocks_down * plan.blocks_across;
  thread_pool.parallel_for(blocks * plan.panel_groups, [&](int64_t begin, int64_t end) {
    float* window = scratch(0, plan.window_height() * plan.window_width() * plan.channels);
    const auto memory = plan.uses_terms() ? term_scratch(plan) : vector_scratch(plan);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i % plan.panel_groups;
      const Block block(plan, conv, i / plan.panel_groups);
      const int64_t first = group * plan.panels / plan.panel_groups,
                    last = (group + 1) * plan.panels / plan.panel_groups;
      const bool is_new = i == begin || group == 0;
      if (plan.uses_terms()) {
        if (is_new) block.transform_to_terms(window, memory.inputs, memory.row, memory.terms);
        block.multiply_terms(memory.terms, filters.data<float>(), first, last, memory.products, out);
        continue;
      }
      if (is_new) block.transform_inputs(window, memory.inputs);
      for (int64_t panel = first; panel < last; ++panel) {
        block.multiply(memory.inputs, filters.data<float>() + panel * plan.panel_floats(), panel,
                       memory.products, out);
      }
    }
  });
}

}  // namespace janus::cpu
