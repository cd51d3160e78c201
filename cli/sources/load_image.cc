#include "cli/sources/load_image.h"

#include <optional>
#include <utility>

#include "cli/app/command.h"
#include "cli/sources/file_bytes.h"
#include "core/base/digest.h"
#include "core/base/transient_error.h"
#include "vision/image_file.h"

namespace janus::cli {
namespace {

// The decoder's pixels, those turned upright, and what resizing adds.
constexpr int64_t kBytesAPixel = 10;

void decode(LoadedImage& loaded, const Prepare& prepare, int64_t pixel_limit, MemoryBudget& budget) {
  const std::string& content = loaded.listed.content;
  const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
  const ImageSize size = read_image_size(bytes, loaded.listed.key, pixel_limit);
  loaded.facts.width = size.width;
  loaded.facts.height = size.height;
  const MemoryBudget::Share share(budget, static_cast<size_t>(size.decoded * kBytesAPixel));
  const DecodedImage decoded = decode_image(bytes, loaded.listed.key, pixel_limit);
  loaded.warning = decoded.warning;
  loaded.pixels = prepare(decoded.image);
}

}  // namespace

void read_content(ListedImage& listed, MemoryBudget& budget) {
  if (listed.has_content) return;
  listed.take_share(budget);
  ImageBytes file = read_image_bytes(listed.path);
  listed.bytes = file.bytes;
  listed.mtime = file.mtime;
  listed.content = std::move(file.content);
  listed.has_content = true;
}

LoadedImage load_image(ListedImage listed, const Prepare& prepare, int64_t pixel_limit, FeedMemory& memory) {
  LoadedImage loaded;
  loaded.listed = std::move(listed);
  const std::optional<Fault> fault = fault_of([&] {
    if (!loaded.listed.fault.empty() && loaded.listed.fault_transient)
      throw TransientError(loaded.listed.fault);
    if (!loaded.listed.fault.empty()) throw Error(loaded.listed.fault);
    read_content(loaded.listed, memory.read);
    loaded.sha256 = sha256_of(loaded.listed.content);
    loaded.unchanged = loaded.sha256 == loaded.listed.old_sha256;
    if (!loaded.unchanged) decode(loaded, prepare, pixel_limit, memory.decoded);
  });
  if (fault) {
    loaded.fault = fault->message;
    loaded.fault_transient = fault->transient;
  }
  // One that has gone since it was listed has no size to be known by: it is tried again when it is back.
  std::string gone;
  const bool unread = fault && loaded.sha256.empty() && !loaded.listed.in_archive;
  if (unread && !look_at_file(loaded.listed.path, loaded.listed.bytes, loaded.listed.mtime, gone)) {
    loaded.listed.bytes = -1;
  }
  loaded.facts.bytes = loaded.listed.bytes;
  loaded.listed.content = {};
  loaded.listed.has_content = false;
  loaded.listed.share.reset();
  return loaded;
}

}  // namespace janus::cli
