// Convolutions with oneDNN: on AVX-512 it reaches the processor's peak, a fifth more than conv.cc.
#include "core/cpu/conv.h"

#include <algorithm>
#include <dnnl.hpp>
#include <unordered_map>

#include "core/base/error.h"

namespace janus::cpu {
namespace {

using dnnl::memory;

// The picture is cut into bands of rows, each a convolution of its own on one thread: oneDNN chooses its
// blocks, and with them the order of its sums, by the number of threads, so it must always see one. Enough
// bands for many threads.
int64_t band_rows(int64_t out_height) { return std::max<int64_t>(4, out_height / 48); }

// Rows [first, first + rows) of the output, and the input rows they see: part of the picture and of its
// padding.
struct Band {
  int64_t first, rows;
  int64_t in_first, in_rows;
  int64_t pad_top, pad_bottom;

  Band(const ConvShape& shape, int64_t index) {
    first = index * band_rows(shape.out_height);
    rows = std::min(band_rows(shape.out_height), shape.out_height - first);
    const int64_t top = first * shape.options.stride - shape.options.pad_top;
    const int64_t bottom = top + (rows - 1) * shape.options.stride + shape.kernel_height;
    in_first = std::max<int64_t>(0, top);
    in_rows = std::min(shape.height, bottom) - in_first;
    pad_top = in_first - top;
    pad_bottom = std::max<int64_t>(0, bottom - shape.height);
  }
};

dnnl::convolution_forward::primitive_desc describe(const ConvShape& shape, const Band& band, bool with_bias,
                                                   const dnnl::engine& engine) {
  using Tag = memory::format_tag;
  const auto f32 = memory::data_type::f32;
  const memory::desc in({1, shape.channels, band.in_rows, shape.width}, f32, Tag::nhwc);
  const memory::desc weight({shape.filters, shape.channels, shape.kernel_height, shape.kernel_width}, f32,
                            Tag::any);
  const memory::desc bias = with_bias ? memory::desc({shape.filters}, f32, Tag::x) : memory::desc();
  const memory::desc out({1, shape.filters, band.rows, shape.out_width}, f32, Tag::nhwc);
  const memory::dims strides{shape.options.stride, shape.options.stride};
  const dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, in, weight, bias, out, strides,
      {band.pad_top, shape.options.pad_left}, {band.pad_bottom, shape.options.pad_right});
  return {desc, engine};
}

void run_band(const ConvShape& shape, const Band& band, const float* image, const memory& weight,
              const float* bias, float* out, const dnnl::engine& engine) {
  const dnnl::convolution_forward::primitive_desc desc = describe(shape, band, bias != nullptr, engine);
  dnnl::stream stream(engine);
  // All bands like their weights alike so far; one that does not gets its own copy.
  memory own_weight = weight;
  if (desc.weights_desc() != weight.get_desc()) {
    own_weight = memory(desc.weights_desc(), engine);
    dnnl::reorder(weight, own_weight).execute(stream, const_cast<memory&>(weight), own_weight);
  }
  const auto memory_of = [&](const memory::desc& layout, const float* data) {
    return memory(layout, engine, const_cast<float*>(data));
  };
  std::unordered_map<int, memory> arguments{
      {DNNL_ARG_SRC, memory_of(desc.src_desc(), image + band.in_first * shape.width * shape.channels)},
      {DNNL_ARG_WEIGHTS, own_weight},
      {DNNL_ARG_DST, memory_of(desc.dst_desc(), out + band.first * shape.out_width * shape.filters)}};
  if (bias != nullptr) arguments.emplace(DNNL_ARG_BIAS, memory_of(desc.bias_desc(), bias));
  dnnl::convolution_forward(desc).execute(stream, arguments);
  stream.wait();
}

// weight [F, C, kh, kw] of any float type -> f32 in the layout of the first band.
memory pack_weight(const ConvShape& shape, const Tensor& weight, bool with_bias, const dnnl::engine& engine,
                   Device& device) {
  const OneThread one_thread;
  const memory::desc layout = describe(shape, Band(shape, 0), with_bias, engine).weights_desc();
  Tensor wide(device, DType::f32, weight.shape());
  device.convert(weight, wide);
  memory source(memory::desc(layout.dims(), memory::data_type::f32, memory::format_tag::oihw), engine,
                wide.raw());
  memory packed(layout, engine);
  dnnl::stream stream(engine);
  dnnl::reorder(source, packed).execute(stream, source, packed);
  stream.wait();
  return packed;
}

}  // namespace

bool library_conv2d(const Team& team, const ConvShape& shape, const Tensor& x, const Tensor& weight,
                    const float* bias, Tensor& out) {
  // Few channels leave its vectors empty, and a 1 x 1 kernel is a plain product. Windows wholly inside the
  // padding would make bands without input.
  const Conv2dOptions& options = shape.options;
  if (shape.channels < 16 || shape.kernel_height * shape.kernel_width == 1 ||
      std::max(options.pad_top, options.pad_bottom) >= shape.kernel_height ||
      std::max(options.pad_left, options.pad_right) >= shape.kernel_width) {
    return false;
  }
  try {
    static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    const memory packed = pack_weight(shape, weight, bias != nullptr, engine, out.device());
    const int64_t bands = (shape.out_height + band_rows(shape.out_height) - 1) / band_rows(shape.out_height);
    team.parallel_for(x.size(0) * bands, [&](int64_t begin, int64_t end) {
      const OneThread one_thread;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = i / bands;
        run_band(shape, Band(shape, i % bands),
                 x.data<float>() + row * shape.height * shape.width * shape.channels, packed, bias,
                 out.data<float>() + row * shape.out_height * shape.out_width * shape.filters, engine);
      }
    });
  } catch (const dnnl::error& error) {
    fail("conv2d with oneDNN: {} (status {})", error.what(), static_cast<int>(error.status));
  }
  return true;
}

}  // namespace janus::cpu
