#include "cli/sources/file_kind.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "cli/sources/file_bytes.h"
#include "vision/image_kind.h"

namespace janus::cli {
namespace {

constexpr std::array kReadable{".jpg",  ".jpeg", ".jpe", ".jfif", ".png", ".apng",
                               ".webp", ".gif",  ".bmp", ".dib",  ".tif", ".tiff"};
// Most are built like TIFF and would be read as such, but what they show first is a thumbnail.
constexpr std::array kRaw{".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".srw",
                          ".dng", ".orf", ".rw2", ".raf", ".pef", ".raw", ".x3f", ".mrw", ".erf",
                          ".3fr", ".fff", ".iiq", ".mos", ".mef", ".kdc", ".dcr", ".rwl"};
// Pictures of kinds whose content may not tell; they are counted by the extension.
constexpr std::array kForeign{".heic", ".heif", ".hif", ".avif", ".jxl",  ".jp2", ".j2k", ".jpx", ".jxr",
                              ".psd",  ".psb",  ".xcf", ".svg",  ".svgz", ".ico", ".cur", ".tga", ".pcx",
                              ".exr",  ".hdr",  ".eps", ".ai",   ".pdf",  ".pnm", ".ppm", ".pgm", ".pbm",
                              ".pam",  ".dds",  ".qoi", ".wmf",  ".emf",  ".xpm", ".xbm", ".sgi", ".djvu"};
constexpr std::array kArchives{".tar", ".tar.gz",  ".tgz",  ".tar.bz2", ".tbz2",     ".tbz", ".tar.xz",
                               ".txz", ".tar.zst", ".tzst", ".tar.lz4", ".tar.lzma", ".tlz", ".tar.Z"};
constexpr std::array kOtherArchives{".zip", ".7z", ".rar"};
constexpr std::array kRecordLists{".jsonl", ".ndjson"};

template <size_t N>
const char* end_of(const std::string& path, const std::array<const char*, N>& ends) {
  const auto found = std::find_if(ends.begin(), ends.end(), [&](const std::string& end) {
    return path.size() > end.size() && strcasecmp(path.c_str() + path.size() - end.size(), end.c_str()) == 0;
  });
  return found == ends.end() ? nullptr : *found;
}

std::string in_capitals(const char* extension) {
  std::string name = extension + 1;
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace

std::optional<FileKind> kind_by_name(const std::string& name) {
  if (end_of(name, kReadable) != nullptr) return FileKind{.taken = true, .one = {}, .many = {}};
  if (end_of(name, kRaw) != nullptr) return FileKind{.one = "raw photo", .many = "raw photos"};
  if (is_archive_name(name)) return FileKind{.one = kTarArchive, .many = "tar archives"};
  if (is_other_archive_name(name)) return FileKind{.one = kOtherArchive, .many = "zip archives"};
  return std::nullopt;
}

FileKind kind_by_head(const std::string& name, const std::string& head) {
  if (const auto kind = image_kind_of(std::as_bytes(std::span(head)))) {
    return {.taken = kind->readable, .one = kind->name, .many = kind->name};
  }
  const char* foreign = end_of(name, kForeign);
  const std::string named = foreign == nullptr ? "" : in_capitals(foreign);
  return {.one = named, .many = named};
}

FileKind kind_of_file(const std::string& path) {
  if (const std::optional<FileKind> kind = kind_by_name(path)) return *kind;
  const std::optional<std::string> head = read_head(path, kImageKindBytes);
  if (!head) return {.one = "file that cannot be read", .many = "files that cannot be read"};
  return kind_by_head(path, *head);
}

bool is_archive_name(const std::string& path) { return end_of(path, kArchives) != nullptr; }

bool is_other_archive_name(const std::string& path) { return end_of(path, kOtherArchives) != nullptr; }

bool is_record_list_name(const std::string& path) { return end_of(path, kRecordLists) != nullptr; }

}  // namespace janus::cli
