// Where the images come from: folders, files, patterns, lists, JSON lines and archives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/sources/archive.h"
#include "cli/sources/listed_image.h"
#include "cli/sources/settings.h"

namespace janus::cli {

struct SourceVisitor {
  // Every image, with its file's size and time of change or why there is none; `content` gives the bytes of
  // a member of an archive, and throws TransientError if it cannot. False ends the listing.
  std::function<bool(ListedImage image, const std::function<std::string()>& content)> on_image;
  std::function<void(const std::string& message)> on_fault;  // a folder or list that cannot be read
  // An archive, under its own path as key, that was read to its end, or as far as its fault lets it be.
  std::function<void(const ListedImage& archive)> on_archive;
  // What is left aside, by what one and several are called and where it is.
  std::function<void(const std::string& one, const std::string& many, const std::string& path)>
      on_passed_over;
  std::function<bool()> stopped;  // asked while standard input is waited for
};

// Whether an argument stands for a list: "-", and "@LIST" unless there is something of that very name.
bool is_list(const std::string& path);
// Whether an argument stands for a list on standard input: "-" or "@-".
bool is_standard_list(const std::string& path);
// Whether any option takes some of the images alone.
bool chooses_images(const SourceSettings& settings);
// Whether the arguments are one picture, "-" for one on standard input, and no option chooses among several.
bool is_one_image(const SourceSettings& settings);

// The files that the arguments name: of a list, the list itself.
std::vector<std::string> input_files(const SourceSettings& settings);

// Throws Error if one of the paths is not there, so that a mistyped one is told before the work. A link that
// leads nowhere is there.
void check_sources(const SourceSettings& settings);

// Lists all images, in an order that depends on names alone (or, shuffled, on the seed too). An image
// named twice is listed twice.
void list_images(const SourceSettings& settings, const SourceVisitor& visitor);

// How many there are, without looking at more than first bytes; nothing if only reading all of it would tell.
std::optional<int64_t> count_images(const SourceSettings& settings, const std::function<bool()>& stopped);

}  // namespace janus::cli
