#include "generator/stop_strings.h"

#include <algorithm>
#include <utility>

namespace janus {
namespace {

// Where the longest end of `text` begins that may go on to be `string`; the text's size where none may.
size_t begun(std::string_view text, std::string_view string) {
  for (size_t at = text.size() - std::min(text.size(), string.size() - 1); at < text.size(); ++at) {
    if (string.starts_with(text.substr(at))) return at;
  }
  return text.size();
}

}  // namespace

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  std::erase(strings_, std::string());
}

std::string StopStrings::push(std::string_view piece) {
  if (hit_) return {};
  waiting_ += piece;
  size_t found = std::string::npos, certain = waiting_.size();
  for (const std::string& string : strings_) {
    found = std::min(found, waiting_.find(string));
    certain = std::min(certain, begun(waiting_, string));
  }
  hit_ = found != std::string::npos;
  std::string text = waiting_.substr(0, hit_ ? found : certain);
  waiting_.erase(0, hit_ ? std::string::npos : certain);
  return text;
}

std::string StopStrings::finish() { return std::exchange(waiting_, {}); }

}  // namespace janus
