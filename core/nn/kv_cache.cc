#include "core/base/error.h"
#include "core/nn/transformer.h"
#include "core/tensor/ops.h"

namespace janus {

KvCache::KvCache(Device& device, const TransformerConfig& config, int64_t rows, int64_t capacity, DType dtype)
    : lengths_(rows, 0), capacity_(capacity) {
  const Shape shape{rows, config.num_key_value_heads, capacity, config.head_dim};
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    keys_.emplace_back(device, dtype, shape);
    values_.emplace_back(device, dtype, shape);
  }
}

void KvCache::truncate(int64_t row, int64_t length) {
  check(length >= 0 && length <= lengths_[row], "cache row {}: expected a length of at most {}, found {}",
        row, lengths_[row], length);
  lengths_[row] = length;
}

void KvCache::extend(int64_t row, int64_t tokens) {
  check(tokens >= 0 && lengths_[row] + tokens <= capacity_,
        "cache row {}: expected at most {} tokens, found {}", row, capacity_, lengths_[row] + tokens);
  lengths_[row] += tokens;
}

void KvCache::copy_row(int64_t from, int64_t to) {
  const auto copy_used = [&](Tensor& tensor) {
    // One key head at a time: its used positions are the dense beginning of its capacity.
    const int64_t heads = tensor.size(1), width = tensor.size(3);
    const Tensor flat = tensor.reshape({tensor.size(0) * heads, capacity_ * width});
    for (int64_t head = 0; head < heads; ++head) {
      ops::copy(flat.rows(from * heads + head, 1).columns(0, lengths_[from] * width),
                flat.rows(to * heads + head, 1).columns(0, lengths_[from] * width));
    }
  };
  if (from == to) return;
  for (size_t layer = 0; layer < keys_.size(); ++layer) {
    copy_used(keys_[layer]);
    copy_used(values_[layer]);
  }
  lengths_[to] = lengths_[from];
}

size_t KvCache::bytes(const TransformerConfig& config, int64_t rows, int64_t capacity, DType dtype) {
  return size_of(dtype) * 2 * config.num_hidden_layers * rows * config.num_key_value_heads * capacity *
         config.head_dim;
}

}  // namespace janus
