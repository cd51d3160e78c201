// An answer on its way to standard output.
#pragma once

#include <string>
#include <string_view>

#include "cli/io/console.h"

namespace janus::cli {

// Prints an answer as it comes, after its heading and without white space at its ends, so that what was
// printed is Answer::text and one line end.
class TextStream {
 public:
  TextStream(Console& console, std::string heading) : console_(console), waiting_(std::move(heading)) {}

  void add(std::string_view piece);
  void end();
  // Whether anything of it stands on standard output.
  bool begun() const { return begun_; }

 private:
  Console& console_;
  std::string waiting_;  // the heading, or white space that only counts if more text follows
  bool begun_ = false;
};

}  // namespace janus::cli
