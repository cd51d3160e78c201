// Conditions on images: "width>=512 and (aspect<=2 or format==png)".
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace janus::cli {

// What is known of an image before its pixels are.
struct ImageFacts {
  int64_t width = 0, height = 0, bytes = 0;
  std::string format;  // "png", "jpeg": the kind that the first bytes show, in small letters
};

// Comparisons of a field with a value, joined by "and", "or", "not" and parentheses. "not" binds closest,
// "or" loosest:
//   condition  = all { "or" all }
//   all        = one { "and" one }
//   one        = "not" one | "(" condition ")" | comparison
//   comparison = ("width" | "height" | "bytes" | "pixels") relation number
//              | "aspect" relation (number | number ":" number)
//              | "format" ("==" | "!=") name
//   relation   = ">=" | "<=" | "==" | "!=" | ">" | "<"
// Words may be in large letters; white space may stand between all parts.
class Where {
 public:
  // Holds of every image.
  Where() = default;

  // Reads a condition into `where`. Returns what was expected and found instead, with the column, or nothing.
  static std::string read(const std::string& text, Where& where);

  bool empty() const { return root_ == nullptr; }
  bool holds(const ImageFacts& facts) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace janus::cli
