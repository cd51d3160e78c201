// What made the records of a journal: which are this run's, and which stand beside them.
#include <fmt/format.h>

#include <utility>

#include "cli/journal/journal.h"

namespace janus::cli {
namespace {

// Tells apart what made records.
std::string maker_of(const std::string& model, const std::string& fingerprint, const std::string& type,
                     const std::string& prompt_hash) {
  return fmt::format("{}\n{}\n{}", fingerprint.empty() ? model : fingerprint, type, prompt_hash);
}
std::string maker_of(const RecordSummary& summary) {
  return maker_of(summary.model, summary.fingerprint, summary.type, summary.prompt_hash);
}

}  // namespace

bool JournalOptions::makes(const RecordSummary& record) const {
  const bool same_model = record.fingerprint.empty()
                              ? record.model == model
                              : record.fingerprint == fingerprint && record.type == type;
  return same_model && record.prompt_hash == prompt_hash;
}

void Journal::note_maker(const RecordSummary& summary, int64_t offset) {
  makers_.try_emplace(maker_of(summary), Maker{summary, lines_, offset});
}

void Journal::go_on(JournalOptions options) {
  options_ = std::move(options);
  const Maker* other = nullptr;
  for (const auto& [text, maker] : makers_) {
    if (options_.makes(maker.first))
      as_own_.insert(text);
    else if (other == nullptr || maker.line < other->line)
      other = &maker;
  }
  if (!options_.mixed && other != nullptr) refuse_other(*other);
  own_maker_ = maker_of(options_.model, options_.fingerprint, options_.type, options_.prompt_hash);
  if (as_own_.empty() || (as_own_.size() == 1 && as_own_.contains(own_maker_))) return;
  // Those of earlier versions are this run's, too.
  entries_.clear();
  replaced_ = 0;
  scan([&](std::string_view line, int64_t offset) {
    const std::optional<RecordSummary> summary = read_summary(line);
    if (summary) add(*summary, offset);
    if (!summary) ++replaced_;
    return true;
  });
}

void Journal::refuse_other(const Maker& other) const {
  Difference difference;
  if (options_.difference) difference = options_.difference(line_at(other.offset));
  // A record that does not say what it was asked.
  if (difference.expected.empty()) {
    difference = {fmt::format("model {} and prompt hash {}", options_.model, options_.prompt_hash),
                  fmt::format("model {} and prompt hash {}", other.first.model, other.first.prompt_hash)};
  }
  refuse("records of " + difference.expected, fmt::format("{} in line {}", difference.found, other.line),
         "ask as before, choose another -o, or --mixed to ask anew and keep them beside the new ones");
}

// Records of other runs have the place of their key and what made them, so that those of one image stand
// beside each other.
KeyHash Journal::place_of(const std::string& key, const std::string& maker) const {
  if (options_.kind == JournalKind::images) return hash_of_key(key);
  return hash_of_key(identity_of_key(key) + '\0' + maker);
}

KeyHash Journal::place_of(const RecordSummary& summary) const {
  const std::string maker = maker_of(summary);
  return place_of(summary.key, as_own_.contains(maker) ? own_maker_ : maker);
}

std::vector<std::string> Journal::other_lines_of(const std::string& key) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& [text, maker] : makers_) {
    if (text == own_maker_ || as_own_.contains(text)) continue;
    const auto entry = entries_.find(place_of(key, text));
    if (entry != entries_.end()) lines.push_back(line_at(entry->second.offset));
  }
  return lines;
}

}  // namespace janus::cli
