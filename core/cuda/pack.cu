// Packing: plain blocks put in the order of packed_blocks.h.
#include "core/cuda/cuda_device.h"
#include "core/cuda/launch.h"
#include "core/cuda/packed_blocks.h"

namespace janus::cuda {
namespace {

// Number n (of 256) of a row's blocks as it is stored, with the bias that packed ones have.
template <DType kType>
__device__ __forceinline__ uint32_t stored_number(const unsigned char* blocks, int n) {
  if constexpr (kIsNibbles<kType>) {
    const unsigned char* const block = blocks + n / 32 * sizeof(Block<kType>);
    return block[kScaleBytes<kType> + n % 16] >> (n % 32 / 16 * 4) & 15U;
  } else if constexpr (kType == DType::q8_0) {
    return blocks[n / 32 * 34 + 2 + n % 32] ^ 0x80U;
  } else if constexpr (kType == DType::q6_k) {
    const int half = n / 128, quarter = n % 128 / 32, l = n % 32;
    const uint32_t low = blocks[64 * half + 32 * (quarter % 2) + l], high = blocks[128 + 32 * half + l];
    return (low >> (quarter / 2 * 4) & 15U) | (high >> (quarter * 2) & 3U) << 4;
  } else {
    constexpr int kHalves = kType == DType::q5_k ? 48 : 16;
    const int part = n / 32, l = n % 32;
    const uint32_t low = blocks[kHalves + part / 2 * 32 + l] >> (part % 2 * 4) & 15U;
    if constexpr (kType == DType::q4_k) return low;
    return low | (blocks[16 + l] >> part & 1U) << 4;
  }
}

// The words of a lane's part; those of `more` for several parts are put together by the caller.
template <DType kType>
__device__ __forceinline__ SlotWords pack_slots(const unsigned char* blocks, int part, int t) {
  SlotWords words{0, 0};
  for (int j = 0; j < 8; ++j) {
    const uint32_t number = stored_number<kType>(blocks, 32 * part + slot_element<kType>(t, j));
    const int pair = j / 2, half = j % 2 * 16;
    if constexpr (kType == DType::q8_0) {
      (pair < 2 ? words.word : words.more) |= number << (half + 8 * (pair % 2));
    } else {
      words.word |= (number & 15U) << (half + 4 * pair);
      if constexpr (kType == DType::q5_k) words.more |= number >> 4 << (half + 4 * (part % 4) + pair);
      if constexpr (kType == DType::q6_k) words.more |= number >> 4 << (half + 2 * (4 * (part % 2) + pair));
    }
  }
  return words;
}

// What stands in the head of a panel for row g, whose blocks these are.
template <DType kType>
__device__ __forceinline__ void pack_head(const unsigned char* blocks, int g, unsigned char* panel) {
  using Layout = PanelLayout<kType>;
  if constexpr (kIsNibbles<kType>) {
    for (int i = 0; i < 8 * kScaleBytes<kType>; ++i) {
      panel[Layout::kHead + 8 * kScaleBytes<kType> * g + i] =
          blocks[i / kScaleBytes<kType> * sizeof(Block<kType>) + i % kScaleBytes<kType>];
    }
    return;
  }
  unsigned char* const head = panel + Layout::kHead + 16 * g;
  for (int i = 0; i < 16; ++i) {
    if constexpr (kType == DType::q8_0) {
      head[i] = blocks[i / 2 * 34 + i % 2];
    } else {
      head[i] = blocks[(kType == DType::q6_k ? 192 : 0) + i];
    }
  }
  if constexpr (kType == DType::q6_k) {
    for (int i = 0; i < 2; ++i) panel[Layout::kFactors + 2 * g + i] = blocks[208 + i];
  }
}

// A thread a lane of a panel. Of rows that the last panels have and the matrix has not nothing is written.
template <DType kType>
__global__ void order_kernel(MatrixView stored, int64_t rows, unsigned char* out) {
  using Place = PanelPlace<kType>;
  constexpr int kRowBytes = PanelLayout<kType>::kBytes / kPanelRows;
  const int64_t blocks = stored.depth / kPanelDepth, count = divide_up(rows, kPanelRows) * blocks * 32;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < count;
       i += int64_t{gridDim.x} * blockDim.x) {
    const int lane = static_cast<int>(i % 32), g = lane / 4;
    const int64_t panel = i / 32, row = panel / blocks * kPanelRows + g;
    if (row >= rows) continue;
    const unsigned char* const from = stored.data + row * stored.row_bytes + panel % blocks * kRowBytes;
    unsigned char* const to = out + panel * PanelLayout<kType>::kBytes;
    if (lane % 4 == 0) pack_head<kType>(from, g, to);
    uint32_t more = 0;
    for (int part = 0; part < kPanelDepth / 32; ++part) {
      const SlotWords words = pack_slots<kType>(from, part, lane % 4);
      *reinterpret_cast<uint32_t*>(to + Place::word(lane, part)) = words.word;
      if (Place::more(lane, part) == Place::word(lane, part)) continue;
      // Parts that share a word follow each other.
      const bool is_new = part == 0 || Place::more(lane, part) != Place::more(lane, part - 1);
      more = is_new ? words.more : more | words.more;
      *reinterpret_cast<uint32_t*>(to + Place::more(lane, part)) = more;
    }
  }
}

}  // namespace

void CudaDevice::pack(const Tensor& x, Tensor& out) {
  // Rows that fill up a panel are zeros.
  check_cuda(cudaMemsetAsync(out.raw(), 0, out.memory_bytes(), stream()), "clearing memory");
  with_block_format(out.dtype(), [&]<DType kType>() {
    const int64_t panels = divide_up(x.size(0), kPanelRows) * (x.size(1) / kPanelDepth);
    launch(stream(), {.grid = blocks_for(32 * panels)}, order_kernel<kType>, MatrixView::of(x), x.size(0),
           static_cast<unsigned char*>(out.raw()));
  });
  note_written();
}

}  // namespace janus::cuda
