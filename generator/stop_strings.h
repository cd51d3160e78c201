// The strings that end an answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace janus {

// Takes a text piece by piece and ends it before the first of several strings, wherever the pieces part.
class StopStrings {
 public:
  // Empty strings are passed over.
  explicit StopStrings(std::vector<std::string> strings);

  // Returns what is certain to stand before a stop string; what may be the beginning of one waits. Nothing
  // once hit().
  std::string push(std::string_view piece);
  // Returns what still waits, at the text's end.
  std::string finish();
  // Whether the text has come to one of them.
  bool hit() const { return hit_; }

 private:
  std::vector<std::string> strings_;
  std::string waiting_;
  bool hit_ = false;
};

}  // namespace janus
