#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace janus::fuzz {
namespace {

constexpr size_t kLongestMessage = 64 * 1024;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), path.c_str());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "expected otherwise: %s\n", what);
  std::abort();
}

void require_words(std::string_view message) {
  require(!message.empty(), "a message of words");
  require(message.size() < kLongestMessage, "a message that ends");
}

void require_one_line(std::string_view message) {
  require_words(message);
  require(message.find('\n') == message.npos, "a message of one line");
}

void require_ascii_line(std::string_view message) {
  require_one_line(message);
  require(std::all_of(message.begin(), message.end(), [](char c) { return c >= ' ' && c <= '~'; }),
          "a message of ASCII");
}

Tally& tally() {
  static Tally tally;
  return tally;
}

std::vector<std::string> parts_of(std::string_view input, size_t count) {
  std::vector<std::string> parts;
  while (parts.size() + 1 < count) {
    const size_t end = std::min(input.find('\0'), input.size());
    parts.emplace_back(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  parts.emplace_back(input);
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string input = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) input += '\0' + parts[i];
  return input;
}

std::string test_data(const std::string& path) { return content_of(JANUS_TEST_DATA "/" + path); }

std::vector<std::string> test_files(const std::vector<std::string>& folders, size_t most_bytes,
                                    const std::string& extension) {
  std::vector<std::filesystem::path> paths;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(JANUS_TEST_DATA "/" + folder)) {
      if (!entry.is_regular_file() || entry.file_size() > most_bytes) continue;
      if (extension.empty() || entry.path().extension() == extension) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> files;
  for (const std::filesystem::path& path : paths) files.push_back(content_of(path));
  return files;
}

NamedFile::NamedFile(const char* name)
    : folder_((std::filesystem::temp_directory_path() / "janus-fuzz-XXXXXX").string()) {
  require(::mkdtemp(folder_.data()) != nullptr, "a temporary folder");
  path_ = folder_ + "/" + name;
}

NamedFile::~NamedFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void NamedFile::write(std::string_view bytes) const {
  std::filesystem::remove(path_);  // ext4 waits for the disk where a file is emptied and filled again
  std::ofstream file(path_, std::ios::binary);
  require(bool(file.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush()),
          "a file that was written");
}

}  // namespace janus::fuzz
