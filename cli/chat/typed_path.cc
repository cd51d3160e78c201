#include "cli/chat/typed_path.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include "core/base/home_folder.h"

namespace janus::cli {
namespace {

bool is_there(const std::string& path) {
  std::error_code fault;
  return std::filesystem::exists(path, fault);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      decoded += text[i];
    } else {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

// The path of a URL of this machine; nothing for any other text.
std::optional<std::string> path_of_url(std::string_view word) {
  constexpr std::string_view kScheme = "file:", kHere = "localhost";
  if (word.substr(0, kScheme.size()) != kScheme) return std::nullopt;
  word.remove_prefix(kScheme.size());
  if (word.substr(0, 2) == "//") {
    word.remove_prefix(2);
    if (word.substr(0, kHere.size()) == kHere) word.remove_prefix(kHere.size());
  }
  if (word.empty() || word[0] != '/') return std::nullopt;
  return percent_decoded(word);
}

}  // namespace

std::optional<std::vector<std::string>> shell_words(std::string_view text, bool split) {
  constexpr std::string_view kEscapedInQuotes = "\"\\$`";
  std::vector<std::string> words;
  std::string word;
  bool begun = !split;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool escapes = c == '\\' && quote != '\'' &&
                         (quote == '\0' || (i + 1 < text.size() &&
                                            kEscapedInQuotes.find(text[i + 1]) != std::string_view::npos));
    if (escapes) {
      // The last one stood before a space, which the end of the line has lost.
      word += ++i < text.size() ? text[i] : ' ';
      begun = true;
    } else if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
      begun = true;
    } else if (quote == '\0' && split && (c == ' ' || c == '\t')) {
      if (begun) words.push_back(std::exchange(word, {}));
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (quote != '\0') return std::nullopt;
  if (begun) words.push_back(word);
  return words;
}

std::string located(const std::string& word) {
  if (const std::optional<std::string> path = path_of_url(word)) return *path;
  return expand_home(word);
}

bool is_file(const std::string& path) {
  std::error_code fault;
  return std::filesystem::is_regular_file(path, fault);
}

std::string typed_path(const std::string& text) {
  if (is_there(text)) return text;
  const auto whole = shell_words(text, /*split=*/false);
  return located(whole ? whole->front() : text);
}

std::vector<std::string> typed_inputs(const std::string& text) {
  const std::string whole = typed_path(text);
  if (is_there(whole)) return {whole};
  const auto words = shell_words(text, /*split=*/true);
  if (!words || words->size() < 2) return {whole};
  std::vector<std::string> paths;
  std::transform(words->begin(), words->end(), std::back_inserter(paths), located);
  return std::all_of(paths.begin(), paths.end(), is_there) ? paths : std::vector<std::string>{whole};
}

}  // namespace janus::cli
