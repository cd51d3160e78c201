#include "cli/caption/path_list.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "core/base/error.h"

namespace janus::cli {
namespace {

constexpr size_t kLongestPiece = size_t{1} << 24;

// Waits until there is something to read or the end; false if it was stopped before.
bool wait_for(int descriptor, const std::function<bool()>& stopped) {
  constexpr int kBetweenLooks_ms = 200;
  while (!stopped()) {
    pollfd ready{descriptor, POLLIN, 0};
    if (poll(&ready, 1, kBetweenLooks_ms) > 0) return true;
  }
  return false;
}

}  // namespace

void read_pieces(const std::string& path, char separator,
                 const std::function<bool(std::string piece)>& on_piece,
                 const std::function<bool()>& stopped) {
  const bool standard = path == "-";
  struct Closer {
    int descriptor;
    bool owned;
    ~Closer() {
      if (owned && descriptor >= 0) close(descriptor);
    }
  };
  const Closer file{standard ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC), !standard};
  check(file.descriptor >= 0, "list, {}: expected a file that can be read, found: {}; check the path", path,
        std::strerror(errno));
  const auto deliver = [&](std::string piece) {
    if (separator == '\n' && !piece.empty() && piece.back() == '\r') piece.pop_back();
    return piece.empty() || on_piece(std::move(piece));
  };
  std::string text;
  std::array<char, 1 << 16> block{};
  while (wait_for(file.descriptor, stopped)) {
    const ssize_t got = read(file.descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    check(got >= 0, "list, {}: expected a file that can be read, found: {}; check the path", path,
          std::strerror(errno));
    if (got == 0) {
      deliver(std::move(text));
      return;
    }
    text.append(block.data(), static_cast<size_t>(got));
    size_t at = 0;
    for (size_t end = text.find(separator); end != std::string::npos; end = text.find(separator, at)) {
      if (!deliver(text.substr(at, end - at))) return;
      at = end + 1;
    }
    text.erase(0, at);
    check(text.size() <= kLongestPiece,
          "list, {}: expected entries of at most {} bytes, found a longer one; {}", path, kLongestPiece,
          "check that it is a list of paths");
  }
}

bool read_field(const std::string& line, const std::string& field, std::string& text, std::string& found) {
  const nlohmann::json record = nlohmann::json::parse(line, nullptr, false);
  if (!record.is_object()) {
    found = record.is_discarded() ? "no valid JSON" : record.type_name();
    return false;
  }
  const auto value = record.find(field);
  if (value == record.end() || !value->is_string() || value->get_ref<const std::string&>().empty()) {
    found = value == record.end() ? "none" : value->is_string() ? "an empty text" : value->type_name();
    return false;
  }
  text = value->get<std::string>();
  return true;
}

}  // namespace janus::cli
