#include "cli/chat/completion.h"

#include <algorithm>
#include <filesystem>

#include "cli/chat/chat_commands.h"
#include "cli/chat/typed_path.h"
#include "cli/io/safe_text.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// What all of `names`, at least one, begin with, in whole characters.
std::string common_beginning(const std::vector<std::string>& names) {
  std::string common = names.front();
  for (const std::string& name : names) {
    const auto [end, other] = std::mismatch(common.begin(), common.end(), name.begin(), name.end());
    common.erase(end, common.end());
  }
  while (!common.empty() && !is_utf8(common) && is_utf8(names.front())) common.pop_back();
  return common;
}

// Completes `typed` to one of `names`; `end` goes behind the only one.
Completion among(const std::string& typed, std::vector<std::string> names, const std::string& end) {
  std::erase_if(names, [&](const std::string& name) { return name.compare(0, typed.size(), typed) != 0; });
  if (names.empty()) return {};
  if (names.size() == 1) return {names.front().substr(typed.size()) + end, {}};
  return {common_beginning(names).substr(typed.size()), names};
}

// `text` as it stands within quotes of this kind, '\0' = none.
std::string quoted(const std::string& text, char quote) {
  const std::string special = quote == '\'' ? "'" : quote == '"' ? "\"\\$`" : " \t'\"\\";
  std::string result;
  for (const char c : text) {
    if (special.find(c) == std::string::npos) {
      result += c;
    } else if (quote == '\'') {
      result += "'\\''";
    } else {
      result += {'\\', c};
    }
  }
  return result;
}

// The names in `folder` that begin with `beginning`; folders end in "/".
std::vector<std::string> names_in(const std::string& folder, const std::string& beginning) {
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator at(folder.empty() ? "." : folder, fault), end; !fault && at != end;
       at.increment(fault)) {
    const std::string name = at->path().filename().string();
    // What the line editor would show as it is, and a terminal obey, is not put into the line.
    if (one_line(name) != name || name.compare(0, beginning.size(), beginning) != 0) continue;
    if (name[0] == '.' && beginning.empty()) continue;
    std::error_code ignored;
    names.push_back(at->is_directory(ignored) ? name + "/" : name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Completion complete_path(const std::string& typed) {
  const char quote = !typed.empty() && (typed[0] == '\'' || typed[0] == '"') ? typed[0] : '\0';
  if (!typed.empty() && typed.back() == '\\' && quote != '\'') return {};  // it waits for a character
  auto word = shell_words(typed, /*split=*/false);
  if (!word && quote != '\0') word = shell_words(typed + quote, /*split=*/false);
  if (!word) return {};
  const std::string path = located(word->front());
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const std::string beginning = path.substr(folder.size());
  const std::vector<std::string> names = names_in(folder, beginning);
  if (names.empty()) return {};
  Completion completion{quoted(common_beginning(names).substr(beginning.size()), quote), {}};
  if (names.size() > 1) {
    completion.choices = names;
  } else if (names.front().back() != '/') {
    if (quote != '\0') completion.insert += quote;
    completion.insert += " ";
  }
  return completion;
}

// Where the last word of `text` begins, as shell_words() splits.
size_t last_word(const std::string& text) {
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ' ' && text[i] != '\t') continue;
    // A space that splits leaves whole words before it.
    const auto before = shell_words(text.substr(0, i), /*split=*/true);
    const auto with = shell_words(text.substr(0, i + 1) + "x", /*split=*/true);
    if (before && with && with->size() > before->size()) begin = i + 1;
  }
  return begin;
}

}  // namespace

Completion complete_line(const std::string& line, const std::vector<std::string>& settings) {
  const size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos || line[begin] != '/') return {};
  const std::string text = line.substr(begin);
  const size_t space = text.find_first_of(" \t");
  if (space == std::string::npos) {
    std::vector<std::string> names;
    std::string end;
    for (const ChatCommand& command : chat_commands()) {
      if (std::string(command.name).compare(0, text.size(), text) != 0) continue;
      names.emplace_back(command.name);
      end = command.takes == ChatArgument::none ? "" : " ";
    }
    return among(text, names, end);
  }
  const size_t argument_begin = std::min(text.find_first_not_of(" \t", space), text.size());
  const std::string argument = text.substr(argument_begin);
  for (const ChatCommand& command : chat_commands()) {
    if (text.substr(0, space) != command.name) continue;
    if (command.takes == ChatArgument::setting) return among(argument, settings, " ");
    if (command.takes != ChatArgument::path) return {};
    const Completion whole = complete_path(argument);
    if (!whole.insert.empty() || !whole.choices.empty()) return whole;
    return complete_path(argument.substr(last_word(argument)));
  }
  return {};
}

}  // namespace janus::cli
