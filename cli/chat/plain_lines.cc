// The build without libedit.
#include "cli/chat/line_reader.h"

namespace janus::cli {

std::unique_ptr<LineReader> editing_line_reader(const std::string& /*history*/,
                                                LineReader::Completer /*completer*/) {
  return nullptr;
}

}  // namespace janus::cli
