// The names of several outputs of one command.
#pragma once

#include <cstdint>
#include <string>

namespace janus::cli {

// OUT of `generate`: a path, or one with a place for the image's number.
class OutputPattern {
 public:
  // `%d` or `%0Nd` stands for the number, once, and `%%` for a per cent sign; a path without any `%` is
  // itself. Throws UsageError, naming `option`, for any other use of `%`.
  OutputPattern(const std::string& path, const std::string& option);

  // Whether the constructor takes it.
  static bool well_formed(const std::string& path);

  // Another name for the same outputs: star-%03d.png, 2 -> star-2-%03d.png; x.png, 2 -> x-2.png; a number
  // alone gets another folder, a/%d.png, 2 -> a-2/%d.png.
  static std::string renamed(const std::string& path, int number);
  // Whether there is a place for the number.
  bool numbered() const { return numbered_; }

  // The path of image `index` of `count`: with the number in its place, or where there is none and more than
  // one image, with -000, -001, ... before the extension.
  std::string path(int64_t index, int64_t count) const;

 private:
  OutputPattern() = default;
  bool parse(const std::string& path);

  std::string before_, after_;  // around the number; all of the path is in before_ where there is none
  bool numbered_ = false;
  int width_ = 0;
};

}  // namespace janus::cli
