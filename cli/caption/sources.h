// Where the images come from: folders, files, globs, lists, JSON lines and archives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/caption/listed_image.h"
#include "cli/caption/settings.h"

namespace janus::cli {

struct SourceVisitor {
  // Every image, with its file's size and time of change or why there is none; `content` gives the bytes of
  // a member of an archive, and throws Error if it cannot. False ends the listing.
  std::function<bool(ListedImage image, const std::function<std::string()>& content)> on_image;
  std::function<void(const std::string& message)> on_fault;  // a folder, list or archive that cannot be read
  std::function<bool()> stopped;                             // asked while standard input is waited for
};

// Throws Error if one of the paths is not there, so that a mistyped one is told before the work.
void check_sources(const SourceSettings& settings);

// Lists all images, in an order that depends on names alone (or, shuffled, on the seed too). An image
// named twice is listed twice.
void list_images(const SourceSettings& settings, const SourceVisitor& visitor);

// How many there are, without looking at them; nothing if only reading all of it would tell.
std::optional<int64_t> count_images(const SourceSettings& settings, const std::function<bool()>& stopped);

}  // namespace janus::cli
