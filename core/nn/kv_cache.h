// The keys and values of the sequences that a decoder has read, in one block of memory that they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/nn/transformer_config.h"
#include "core/tensor/tensor.h"

namespace janus {

// Holds a number of tokens. Each row, one sequence, has a range of consecutive ones for itself, from when it
// is added until it is removed; rows may be of any sizes and come and go in any order.
class KvCache {
 public:
  // Makes a cache for `tokens` in all, without a row. dtype: f32 or bf16.
  KvCache(Device& device, const TransformerConfig& config, int64_t tokens, DType dtype);
  // Makes a cache with rows 0 to rows - 1 of `capacity` tokens each, and no place for others.
  KvCache(Device& device, const TransformerConfig& config, int64_t rows, int64_t capacity, DType dtype);

  int64_t tokens() const { return tokens_; }
  // The number of tokens that are in rows' ranges.
  int64_t in_use() const;
  // Whether add_row(capacity) finds a range that is long enough.
  bool has_place(int64_t capacity) const { return place_for(capacity) >= 0; }
  // Adds an empty row that can hold `capacity` tokens, and returns its number, the smallest that is free.
  // Throws Error where there is no place.
  int32_t add_row(int64_t capacity);
  void remove_row(int32_t row);
  // Lets a row hold `capacity` tokens where it stands, and forgets what it holds beyond. False where there is
  // no place behind it for as many.
  bool resize_row(int32_t row, int64_t capacity);
  // Lets the cache hold `tokens` in all, at least as many as before, and moves the rows together, so that all
  // that is free stands behind them; rows keep what they hold.
  void grow(int64_t tokens);

  // The tokens that a row holds, and those that it can hold. The row must have been added.
  int64_t length(int64_t row) const { return rows_[row].length; }
  int64_t capacity(int64_t row) const { return rows_[row].capacity; }
  // The place among the cache's tokens where the row begins, until the cache grows.
  int32_t start(int64_t row) const { return static_cast<int32_t>(rows_[row].start); }
  // Forgets all but the first `length` tokens of a row. Throws if it holds fewer.
  void truncate(int64_t row, int64_t length);
  // Counts tokens that a device wrote behind a row's others by itself (core/nn/device_decode_plan.h).
  void extend(int64_t row, int64_t tokens);
  // Makes row `to` hold the first `length` tokens of row `from`.
  void copy_row(int64_t from, int64_t to, int64_t length);
  void copy_row(int64_t from, int64_t to) { copy_row(from, to, length(from)); }

  // The bytes of a cache for `tokens`.
  static size_t bytes(const TransformerConfig& config, int64_t tokens, DType dtype);

 private:
  friend class Transformer;
  struct Row {
    int64_t start = 0, capacity = 0, length = 0;
    bool used = false;
  };

  // The rows that are used, as they stand one behind the other.
  std::vector<const Row*> rows_in_order() const;
  // The place where the first free range of so many tokens begins, or -1.
  int64_t place_for(int64_t capacity) const;
  int64_t longest() const;  // the largest capacity of a row

  std::vector<Tensor> keys_, values_;  // one a layer: [Hkv, tokens, Dh]
  std::vector<Row> rows_;
  int64_t tokens_ = 0;
};

}  // namespace janus
