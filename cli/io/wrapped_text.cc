#include "cli/io/wrapped_text.h"

#include <algorithm>

namespace janus::cli {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = text.find_first_not_of(' '); at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(' ', end);
  }
  return words;
}

// As a shell splits it, quotes and all.
std::vector<std::string> shell_words_of(std::string_view command) {
  std::vector<std::string> words{""};
  char quote = '\0';
  for (const char c : command) {
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    }
    if (c == ' ' && quote == '\0') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

std::string spaces(size_t count) { return std::string(count, ' '); }

// Words from column `at` on in lines of at most `width`; `between` ends each but the last.
std::string filled(const std::vector<std::string>& words, size_t width, size_t at, size_t indent,
                   const std::string& between) {
  std::string text;
  size_t column = at;
  bool begun = false;
  for (const std::string& word : words) {
    const size_t columns = columns_of(word);
    if (begun && column + 1 + columns + between.size() > width) {
      text += between + "\n" + spaces(indent);
      column = indent;
    } else if (begun) {
      text += ' ';
      ++column;
    }
    text += word;
    column += columns;
    begun = true;
  }
  return text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// Where the second column of "  form      text" begins; npos where there is none.
size_t second_column(std::string_view line) {
  const size_t form = line.find_first_not_of(' ');
  const size_t gap = form == std::string_view::npos ? form : line.find("  ", form);
  return gap == std::string_view::npos ? gap : line.find_first_not_of(' ', gap);
}

}  // namespace

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

std::string wrapped(std::string_view text, size_t width, size_t at, size_t indent) {
  return filled(words_of(text), width, at, indent, "");
}

std::string wrapped_command(std::string_view command, size_t width, size_t indent) {
  constexpr size_t kNarrow = 60;
  const size_t on = width < kNarrow ? 2 : 8;
  return spaces(indent) + filled(shell_words_of(command), width, indent, indent + on, " \\");
}

std::string wrapped_row(const std::string& form, std::string_view text, size_t width, size_t column) {
  // Below this a second column is a ladder of single words.
  constexpr size_t kNarrowest = 24;
  if (width < column + kNarrowest) {
    const size_t indent = std::min<size_t>(6, width / 4);
    return form + (text.empty() ? "" : "\n" + spaces(indent) + wrapped(text, width, indent, indent)) + "\n";
  }
  if (text.empty()) return form + "\n";
  const size_t used = columns_of(form);
  const bool beside = used + 2 <= column;
  return form + (beside ? spaces(column - used) : "\n" + spaces(column)) +
         wrapped(text, width, column, column) + "\n";
}

std::string wrapped_notes(std::string_view notes, size_t width) {
  std::string text, paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) text += wrapped(paragraph, width) + "\n";
    paragraph.clear();
  };
  for (const std::string_view line : lines_of(notes)) {
    if (!line.empty() && line.front() != ' ') {
      paragraph += (paragraph.empty() ? "" : " ") + std::string(line);
      if (line.ends_with(':')) end_paragraph();
      continue;
    }
    end_paragraph();
    const size_t column = second_column(line);
    if (line.empty()) {
      text += "\n";
    } else if (column == std::string_view::npos) {
      const size_t indent = line.find_first_not_of(' ');
      text += spaces(indent) + wrapped(line, width, indent, indent + 2) + "\n";
    } else {
      const std::string_view form = line.substr(0, line.find_last_not_of(' ', column - 1) + 1);
      text += wrapped_row(std::string(form), line.substr(column), width, column);
    }
  }
  end_paragraph();
  return text;
}

std::string table_of(const std::vector<std::vector<std::string>>& rows, size_t width) {
  std::vector<size_t> widest;
  for (const auto& row : rows) {
    widest.resize(std::max(widest.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widest[i] = std::max(widest[i], columns_of(row[i]));
  }
  std::string text;
  size_t longest = 0;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += spaces(widest[i] - columns_of(row[i]) + 2);
    }
    longest = std::max(longest, columns_of(line));
    text += line + "\n";
  }
  if (width == 0 || longest <= width) return text;
  text.clear();
  for (const auto& row : rows) {
    std::string others;
    for (size_t i = 1; i < row.size(); ++i) others += (i > 1 && !row[i].empty() ? ", " : "") + row[i];
    text += wrapped_row(row[0], others, width, width);
  }
  return text;
}

}  // namespace janus::cli
