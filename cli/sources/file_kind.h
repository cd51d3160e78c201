// Which of the files that a folder or an archive holds are pictures to take.
#pragma once

#include <optional>
#include <string>

namespace janus::cli {

inline constexpr const char* kTarArchive = "tar archive";
inline constexpr const char* kOtherArchive = "zip archive";  // or 7z, rar

struct FileKind {
  bool taken = false;
  // What it is counted as where it is left aside, alone and with others; empty for what nobody would look
  // for.
  std::string one, many;
};

// By the name alone: files with the extension of a readable image are taken, whatever they hold, so that
// those that are none have their error; raw photos and archives are left aside. Nothing where the content
// decides.
std::optional<FileKind> kind_by_name(const std::string& name);
// By the first kImageKindBytes of a file of which the name does not tell.
FileKind kind_by_head(const std::string& name, const std::string& head);
// By the name or the first bytes, which are read without waiting for a pipe or device.
FileKind kind_of_file(const std::string& path);

bool is_archive_name(const std::string& path);        // .tar, also compressed
bool is_other_archive_name(const std::string& path);  // .zip and others that are not read
bool is_record_list_name(const std::string& path);    // .jsonl, .ndjson

}  // namespace janus::cli
