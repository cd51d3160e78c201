#include "core/nn/kv_cache.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/ops.h"

namespace janus {
namespace {

// Tokens [begin, begin + count) of every head, as a matrix [Hkv, count * Dh].
Tensor token_range(const Tensor& tensor, int64_t begin, int64_t count) {
  const int64_t width = tensor.size(2);
  return tensor.reshape({tensor.size(0), tensor.size(1) * width}).columns(begin * width, count * width);
}

}  // namespace

KvCache::KvCache(Device& device, const TransformerConfig& config, int64_t tokens, DType dtype)
    : tokens_(tokens) {
  check(tokens >= 0 && tokens <= INT32_MAX, "cache: expected at most {} tokens, found {}", INT32_MAX, tokens);
  const Shape shape{config.num_key_value_heads, tokens, config.head_dim};
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    keys_.emplace_back(device, dtype, shape);
    values_.emplace_back(device, dtype, shape);
  }
}

KvCache::KvCache(Device& device, const TransformerConfig& config, int64_t rows, int64_t capacity, DType dtype)
    : KvCache(device, config, rows * capacity, dtype) {
  for (int64_t row = 0; row < rows; ++row) add_row(capacity);
}

std::vector<const KvCache::Row*> KvCache::rows_in_order() const {
  std::vector<const Row*> in_order;
  for (const Row& row : rows_) {
    if (row.used) in_order.push_back(&row);
  }
  std::sort(in_order.begin(), in_order.end(), [](auto* a, auto* b) { return a->start < b->start; });
  return in_order;
}

int64_t KvCache::place_for(int64_t capacity) const {
  int64_t begin = 0;
  for (const Row* row : rows_in_order()) {
    if (row->start - begin >= capacity) return begin;
    begin = row->start + row->capacity;
  }
  return tokens_ - begin >= capacity ? begin : -1;
}

int32_t KvCache::add_row(int64_t capacity) {
  const int64_t start = place_for(capacity);
  check(capacity > 0 && start >= 0, "cache: expected place for a row of {} tokens, found none among {}",
        capacity, tokens_);
  const auto unused = std::find_if(rows_.begin(), rows_.end(), [](const Row& row) { return !row.used; });
  const auto row = static_cast<int32_t>(unused - rows_.begin());
  if (unused == rows_.end()) rows_.emplace_back();
  rows_[row] = {.start = start, .capacity = capacity, .length = 0, .used = true};
  return row;
}

void KvCache::remove_row(int32_t row) { rows_[row] = {}; }

bool KvCache::resize_row(int32_t row, int64_t capacity) {
  int64_t end = tokens_;
  for (const Row& other : rows_) {
    if (other.used && other.start > rows_[row].start) end = std::min(end, other.start);
  }
  if (capacity <= 0 || capacity > end - rows_[row].start) return false;
  rows_[row].capacity = capacity;
  rows_[row].length = std::min(rows_[row].length, capacity);
  return true;
}

int64_t KvCache::in_use() const {
  int64_t tokens = 0;
  for (const Row& row : rows_) tokens += row.capacity;
  return tokens;
}

void KvCache::grow(int64_t tokens) {
  check(tokens >= tokens_ && tokens <= INT32_MAX, "cache: expected from {} to {} tokens, found {}", tokens_,
        INT32_MAX, tokens);
  std::vector<Row> moved = rows_;
  int64_t begin = 0;
  for (const Row* row : rows_in_order()) {
    moved[row - rows_.data()].start = begin;
    begin += row->capacity;
  }
  // A layer at a time, so that no more than one layer's is there twice.
  const auto enlarge = [&](Tensor& tensor) {
    Tensor larger(tensor.device(), tensor.dtype(), Shape{tensor.size(0), tokens, tensor.size(2)});
    for (size_t row = 0; row < rows_.size(); ++row) {
      const int64_t length = rows_[row].length;
      if (length == 0) continue;
      ops::copy(token_range(tensor, rows_[row].start, length), token_range(larger, moved[row].start, length));
    }
    tensor = larger;
  };
  for (Tensor& tensor : keys_) enlarge(tensor);
  for (Tensor& tensor : values_) enlarge(tensor);
  rows_ = std::move(moved);
  tokens_ = tokens;
}

void KvCache::truncate(int64_t row, int64_t length) {
  check(length >= 0 && length <= rows_[row].length, "cache row {}: expected a length of at most {}, found {}",
        row, rows_[row].length, length);
  rows_[row].length = length;
}

void KvCache::extend(int64_t row, int64_t tokens) {
  check(tokens >= 0 && rows_[row].length + tokens <= rows_[row].capacity,
        "cache row {}: expected at most {} tokens, found {}", row, rows_[row].capacity,
        rows_[row].length + tokens);
  rows_[row].length += tokens;
}

void KvCache::copy_row(int64_t from, int64_t to, int64_t length) {
  check(length >= 0 && length <= rows_[from].length && length <= rows_[to].capacity,
        "cache row {}: expected at most {} tokens of row {}, found {}", to,
        std::min(rows_[from].length, rows_[to].capacity), from, length);
  if (from != to && length > 0) {
    const auto copy = [&](const Tensor& tensor) {
      ops::copy(token_range(tensor, rows_[from].start, length), token_range(tensor, rows_[to].start, length));
    };
    for (const Tensor& tensor : keys_) copy(tensor);
    for (const Tensor& tensor : values_) copy(tensor);
  }
  rows_[to].length = length;
}

int64_t KvCache::longest() const {
  int64_t longest = 0;
  for (const Row& row : rows_) longest = std::max(longest, row.capacity);
  return longest;
}

size_t KvCache::bytes(const TransformerConfig& config, int64_t tokens, DType dtype) {
  return size_of(dtype) * 2 * config.num_hidden_layers * tokens * config.num_key_value_heads *
         config.head_dim;
}

}  // namespace janus
