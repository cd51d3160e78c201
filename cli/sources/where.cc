#include "cli/sources/where.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ascii.h"

namespace janus::cli {

struct Where::Node {
  enum class Kind { number, format, negation, all, any };
  Kind kind = Kind::number;
  std::string field = {}, relation = {};  // of a comparison
  double value = 0;
  std::string name = {};  // of a format
  std::vector<Node> parts = {};
};

namespace {

using Node = Where::Node;

constexpr int kDeepest = 100;  // parentheses and "not"s within each other
constexpr std::array<std::string_view, 6> kFields{"width", "height", "bytes", "pixels", "aspect", "format"};
constexpr const char* kFieldNames = "width, height, bytes, pixels, aspect or format";
// Longer ones first: ">" would match the beginning of ">=".
constexpr std::array<std::string_view, 6> kRelations{">=", "<=", "==", "!=", ">", "<"};

struct FormatName {
  std::string_view given, name;
};
// What people write for the names that ImageKind has, in small letters.
constexpr std::array<FormatName, 14> kFormats{{{"png", "png"},
                                               {"jpeg", "jpeg"},
                                               {"jpg", "jpeg"},
                                               {"gif", "gif"},
                                               {"webp", "webp"},
                                               {"bmp", "bmp"},
                                               {"tiff", "tiff"},
                                               {"tif", "tiff"},
                                               {"pnm", "pnm"},
                                               {"heic", "heic"},
                                               {"heif", "heic"},
                                               {"avif", "avif"},
                                               {"jxl", "jpeg xl"},
                                               {"jp2", "jpeg 2000"}}};

struct Mistake : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(ascii_lower(text)) {}

  Node whole() {
    Node node = condition(0);
    skip_blanks();
    if (at_ < text_.size()) expected("\"and\", \"or\" or the end");
    return node;
  }

 private:
  Node condition(int depth) {
    return chain(Node::Kind::any, "or", [&] { return all(depth); });
  }

  Node all(int depth) {
    return chain(Node::Kind::all, "and", [&] { return one(depth); });
  }

  template <typename Part>
  Node chain(Node::Kind kind, std::string_view word, const Part& part) {
    Node first = part();
    if (!take_word(word)) return first;
    Node joined{.kind = kind};
    joined.parts.push_back(std::move(first));
    do joined.parts.push_back(part());
    while (take_word(word));
    return joined;
  }

  Node one(int depth) {
    if (depth > kDeepest) expected(fmt::format("at most {} parentheses within each other", kDeepest));
    if (take_word("not")) {
      Node negation{.kind = Node::Kind::negation};
      negation.parts.push_back(one(depth + 1));
      return negation;
    }
    if (!take("(")) return comparison();
    Node inner = condition(depth + 1);
    if (!take(")")) expected("\"and\", \"or\" or \")\"");
    return inner;
  }

  Node comparison() {
    skip_blanks();
    const std::string_view field = word();
    if (std::find(kFields.begin(), kFields.end(), field) == kFields.end()) expected(kFieldNames);
    Node node{.field = std::string(field)};
    at_ += field.size();
    for (const std::string_view relation : kRelations) {
      if (node.relation.empty() && take(relation)) node.relation = relation;
    }
    if (node.relation.empty()) expected("one of >=, <=, ==, !=, > and <");
    if (field == "format") return format(std::move(node));
    node.value = number();
    if (field == "aspect" && take(":")) node.value /= number();
    if (!std::isfinite(node.value)) expected("a height of more than 0 before this");
    return node;
  }

  Node format(Node node) {
    if (node.relation != "==" && node.relation != "!=") expected("== or != before a format's name");
    node.kind = Node::Kind::format;
    skip_blanks();
    size_t end = at_;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
    const std::string_view given = std::string_view(text_).substr(at_, end - at_);
    for (const FormatName& known : kFormats) {
      if (known.given == given) node.name = known.name;
    }
    if (node.name.empty()) expected("a format: png, jpeg, gif, webp, bmp, tiff, pnm, heic, avif, jxl or jp2");
    at_ = end;
    return node;
  }

  double number() {
    skip_blanks();
    double value = 0;
    const char* end = text_.data() + text_.size();
    const auto [stop, fault] = std::from_chars(text_.data() + at_, end, value);
    // What follows at once belongs to it: 5k is no number.
    const bool whole = fault == std::errc() && (stop == end || (!is_letter(*stop) && *stop != '.'));
    if (!whole || !std::isfinite(value)) expected("a number");
    at_ = static_cast<size_t>(stop - text_.data());
    return value;
  }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  std::string_view word() const {
    size_t end = at_;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    return std::string_view(text_).substr(at_, end - at_);
  }

  bool take(std::string_view sign) {
    skip_blanks();
    if (text_.compare(at_, sign.size(), sign) != 0) return false;
    at_ += sign.size();
    return true;
  }

  bool take_word(std::string_view expected_word) {
    skip_blanks();
    if (word() != expected_word) return false;
    at_ += expected_word.size();
    return true;
  }

  [[noreturn]] void expected(const std::string& what) {
    skip_blanks();
    throw Mistake(fmt::format("{} at column {}", what, at_ + 1));
  }

  const std::string text_;
  size_t at_ = 0;
};

double number_of(const ImageFacts& facts, const std::string& field) {
  const auto width = static_cast<double>(facts.width), height = static_cast<double>(facts.height);
  if (field == "width") return width;
  if (field == "height") return height;
  if (field == "bytes") return static_cast<double>(facts.bytes);
  if (field == "pixels") return width * height;
  return width / height;
}

bool compares(double found, const std::string& relation, double value) {
  if (relation == ">=") return found >= value;
  if (relation == "<=") return found <= value;
  if (relation == "==") return found == value;
  if (relation == "!=") return found != value;
  if (relation == ">") return found > value;
  return found < value;
}

bool holds_of(const Node& node, const ImageFacts& facts) {
  const auto part_holds = [&](const Node& part) { return holds_of(part, facts); };
  switch (node.kind) {
    case Node::Kind::number:
      return compares(number_of(facts, node.field), node.relation, node.value);
    case Node::Kind::format:
      return (facts.format == node.name) == (node.relation == "==");
    case Node::Kind::negation:
      return !holds_of(node.parts.front(), facts);
    case Node::Kind::all:
      return std::all_of(node.parts.begin(), node.parts.end(), part_holds);
    case Node::Kind::any:
      return std::any_of(node.parts.begin(), node.parts.end(), part_holds);
  }
  return false;
}

}  // namespace

std::string Where::read(const std::string& text, Where& where) {
  try {
    where.root_ = std::make_shared<const Node>(Parser(text).whole());
    return {};
  } catch (const Mistake& mistake) {
    return mistake.what();
  }
}

bool Where::holds(const ImageFacts& facts) const { return empty() || holds_of(*root_, facts); }

}  // namespace janus::cli
