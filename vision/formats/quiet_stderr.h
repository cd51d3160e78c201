// Silence for libraries that print.
#pragma once

namespace janus {

// libjpeg's warnings, libpng's and those of OpenCV's own catch blocks go straight to stderr, and OpenCV
// offers no hook for them: it keeps the libraries' handles to itself. While one of these lives, what this
// process writes to file descriptor 2 is lost; from several threads the first to come redirects and the last
// to go restores. A thread that must be heard meanwhile writes to a duplicate of the descriptor made
// beforehand.
class QuietStderr {
 public:
  QuietStderr();
  ~QuietStderr();
  QuietStderr(const QuietStderr&) = delete;
  QuietStderr& operator=(const QuietStderr&) = delete;
};

}  // namespace janus
