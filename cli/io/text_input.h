// Text files as the programs of people write them: lists of paths and of prompts, questions, settings.
#pragma once

#include <string>
#include <string_view>

namespace janus::cli {

// Text that arrives in pieces, as UTF-8 without a byte order mark: UTF-16 that has one is converted, and
// other bytes stay as they are, since a path may be made of any. Throws Error, which begins with `name`, for
// UTF-16 that has none or is cut short, for UTF-32 and for zero bytes.
class TextDecoder {
 public:
  // zero_advice: what to do where lines end with zero bytes.
  explicit TextDecoder(std::string name, std::string zero_advice = "end lines with line ends");

  std::string push(std::string_view bytes);
  // What was held back of an unfinished character or mark.
  std::string finish();

 private:
  enum class Encoding { unknown, bytes, utf16_little, utf16_big };

  void find_encoding();
  std::string decode();
  void check_zeros(std::string_view text) const;

  std::string name_, zero_advice_;
  Encoding encoding_ = Encoding::unknown;
  std::string held_;  // not decoded yet
};

// All of a text, decoded as above.
std::string decode_text(std::string_view bytes, const std::string& name);
// All of a text file, decoded as above; "-" is standard input. Throws Error as read_input() does, too.
std::string read_text(const std::string& path, const std::string& what);

}  // namespace janus::cli
