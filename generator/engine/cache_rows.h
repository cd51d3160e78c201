// The rows of an engine's cache, found by the prompts that they hold: a new prompt starts from the tokens
// that another row has read of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/nn/kv_cache.h"
#include "generator/engine/engine_model.h"

namespace janus {

// Tells one token of a prompt from all others: a text token's id, or an image and the place in it.
using TokenKey = int64_t;

// A pass over fewer tokens than this sums in another order than one over a whole prompt.
inline constexpr int64_t kFewestTokens = 2;

class CacheRows {
 public:
  // Holds `most_tokens` at most, and takes no memory before the first row.
  CacheRows(const Transformer& language_model, DType dtype, int64_t most_tokens)
      : language_model_(&language_model), dtype_(dtype), most_tokens_(most_tokens) {}

  int64_t most_tokens() const { return most_tokens_; }
  // The cache that holds the rows. Valid once a row has been taken.
  KvCache& cache() { return *cache_; }

  // Takes a row for `capacity` tokens that holds as much of the prompt's beginning as any row does, without
  // the last kFewestTokens. Returns its number, or nothing while the memory is in use. `ahead`: tokens that
  // will be asked for next, so that memory grows once.
  std::optional<int32_t> take(std::span<const TokenKey> prompt, int64_t capacity, int64_t ahead);
  // Gives a row back; what it holds of its prompt stays until the memory is needed.
  void release(int32_t row);
  // Gives a row back and forgets what it holds.
  void drop(int32_t row);
  // Takes an empty row that no prompt is looked up in. The caller gives it back by drop().
  std::optional<int32_t> take_empty(int64_t capacity) { return place(capacity, -1, 0); }

  // The number of its prompt's tokens that a row holds.
  int64_t read(int32_t row) const { return entry(row).read; }
  // Notes that the pass over a row's prompt has come to `tokens`.
  void set_read(int32_t row, int64_t tokens) { entry(row).read = tokens; }
  // Keeps the logits behind a row's whole prompt. Empty: not known.
  void set_logits(int32_t row, TokenKind kind, std::vector<float> logits);
  // Finds another row that holds the whole prompt of `row`, copies it to `row`, and returns the logits behind
  // it. Null where there is none.
  const std::vector<float>* finish_from_other(int32_t row, TokenKind kind);

  // The number of tokens at the beginning of `prompt` that some row holds already.
  int64_t held_of(std::span<const TokenKey> prompt) const;

 private:
  struct Entry {
    std::vector<TokenKey> prompt;
    int64_t read = 0;           // tokens of it in the cache
    std::vector<float> logits;  // behind the whole prompt
    TokenKind kind = TokenKind::text;
    bool taken = false;  // else kept for what it holds
    bool there = false;
    uint64_t used = 0;  // the clock when it was last used
  };

  Entry& entry(int32_t row) { return entries_[static_cast<size_t>(row)]; }
  const Entry& entry(int32_t row) const { return entries_[static_cast<size_t>(row)]; }
  // The row that holds most of a prompt's beginning, and the number of tokens; row -1 where none holds any.
  std::pair<int32_t, int64_t> best_source(std::span<const TokenKey> prompt) const;
  // Makes an empty row; gives up kept rows other than `source`, moves rows together and grows the cache where
  // it has to.
  std::optional<int32_t> place(int64_t capacity, int32_t source, int64_t ahead);
  bool give_up_oldest(int32_t except);
  bool grow_for(int64_t capacity, int64_t ahead);
  void forget(int32_t row);

  const Transformer* language_model_;
  DType dtype_;
  int64_t most_tokens_;
  std::optional<KvCache> cache_;
  std::vector<Entry> entries_;  // by row
  uint64_t clock_ = 0;
};

// The number of tokens that two prompts have in common at their beginning.
int64_t common_beginning(std::span<const TokenKey> a, std::span<const TokenKey> b);

}  // namespace janus
