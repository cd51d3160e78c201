#include "generator/engine/cache_rows.h"

#include <algorithm>
#include <utility>

namespace janus {

int64_t common_beginning(std::span<const TokenKey> a, std::span<const TokenKey> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
}

std::pair<int32_t, int64_t> CacheRows::best_source(std::span<const TokenKey> prompt) const {
  std::pair<int32_t, int64_t> best{-1, 0};
  const auto most = std::max<int64_t>(0, static_cast<int64_t>(prompt.size()) - kFewestTokens);
  for (size_t row = 0; row < entries_.size(); ++row) {
    const Entry& entry = entries_[row];
    if (!entry.there) continue;
    const int64_t shared = std::min({common_beginning(entry.prompt, prompt), entry.read, most});
    if (shared >= kFewestTokens && shared > best.second) best = {static_cast<int32_t>(row), shared};
  }
  return best;
}

int64_t CacheRows::held_of(std::span<const TokenKey> prompt) const { return best_source(prompt).second; }

std::optional<int32_t> CacheRows::take(std::span<const TokenKey> prompt, int64_t capacity, int64_t ahead) {
  const auto [source, shared] = best_source(prompt);
  std::optional<int32_t> row;
  const bool has_place = cache_ && cache_->has_place(capacity);
  if (source >= 0 && !entry(source).taken && !has_place && cache_->resize_row(source, capacity)) {
    row = source;  // what is kept there goes on to be used where it stands
    cache_->truncate(source, shared);
  } else {
    row = place(capacity, source, ahead);
    if (!row) return std::nullopt;
    // Giving up rows may have reached the source at last.
    if (source >= 0 && entry(source).there) cache_->copy_row(source, *row, shared);
  }
  Entry& taken = entry(*row);
  taken = {
      .prompt = {prompt.begin(), prompt.end()}, .logits = {}, .taken = true, .there = true, .used = ++clock_};
  taken.read = cache_->length(*row);
  return row;
}

std::optional<int32_t> CacheRows::place(int64_t capacity, int32_t source, int64_t ahead) {
  if (capacity > most_tokens_) return std::nullopt;
  while (!cache_ || !cache_->has_place(capacity)) {
    if (cache_ && give_up_oldest(source)) continue;
    if (grow_for(capacity, ahead)) continue;
    if (source < 0 || entry(source).taken) return std::nullopt;
    forget(source);
    source = -1;
  }
  const int32_t row = cache_->add_row(capacity);
  if (static_cast<size_t>(row) >= entries_.size()) entries_.resize(static_cast<size_t>(row) + 1);
  entry(row) = {};
  return row;
}

bool CacheRows::give_up_oldest(int32_t except) {
  int32_t oldest = -1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const auto row = static_cast<int32_t>(i);
    if (!entries_[i].there || entries_[i].taken || row == except) continue;
    if (oldest < 0 || entries_[i].used < entry(oldest).used) oldest = row;
  }
  if (oldest < 0) return false;
  forget(oldest);
  return true;
}

bool CacheRows::grow_for(int64_t capacity, int64_t ahead) {
  const int64_t now = cache_ ? cache_->in_use() : 0;
  if (capacity > most_tokens_ - now) return false;
  const int64_t wanted = now + std::min(most_tokens_ - now, capacity + std::max<int64_t>(0, ahead));
  if (cache_) {
    // Where only gaps between rows are too short, moving the rows together is all that is to do.
    cache_->grow(std::max(wanted, cache_->tokens()));
  } else {
    cache_.emplace(language_model_->device(), language_model_->config(), wanted, dtype_);
  }
  return true;
}

void CacheRows::release(int32_t row) {
  Entry& released = entry(row);
  released.taken = false;
  released.used = ++clock_;
  // What was sampled is nobody's prompt.
  if (cache_->length(row) > released.read) cache_->truncate(row, released.read);
  if (released.read < kFewestTokens) forget(row);
}

void CacheRows::drop(int32_t row) { forget(row); }

void CacheRows::forget(int32_t row) {
  cache_->remove_row(row);
  entry(row) = {};
}

void CacheRows::set_logits(int32_t row, TokenKind kind, std::vector<float> logits) {
  entry(row).logits = std::move(logits);
  entry(row).kind = kind;
}

const std::vector<float>* CacheRows::finish_from_other(int32_t row, TokenKind kind) {
  Entry& own = entry(row);
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Entry& other = entries_[i];
    if (!other.there || &other == &own || other.logits.empty() || other.kind != kind) continue;
    if (other.prompt != own.prompt) continue;
    cache_->copy_row(static_cast<int64_t>(i), row, other.read);
    own.read = other.read;
    own.logits = other.logits;
    own.kind = kind;
    return &own.logits;
  }
  return nullptr;
}

}  // namespace janus
