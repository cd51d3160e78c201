#include "core/base/near_path.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/near_name.h"

namespace janus {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostNames = 10000;  // a folder of more is not looked through for a message

// A path up to its first name that is not there, that name, and what follows.
struct Broken {
  fs::path there, name, rest;
};

Broken first_missing(const std::string& path) {
  Broken broken;
  bool found = false;
  for (const fs::path& name : fs::path(path)) {
    std::error_code fault;
    if (found) {
      broken.rest /= name;
    } else if (fs::exists(broken.there / name, fault)) {
      broken.there /= name;
    } else {
      broken.name = name;
      found = true;
    }
  }
  return broken;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, fault);
       !fault && entry != fs::directory_iterator() && names.size() < kMostNames; entry.increment(fault)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string stem_of(const std::string& name) { return fs::path(name).stem().string(); }
std::string ending_of(const std::string& name) { return ascii_lower(fs::path(name).extension().string()); }

std::string without_digits(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isdigit(c) != 0; });
  return text;
}

// The first of `names` for which this holds, if no other one is as good.
template <typename Holds>
std::string only(const std::vector<std::string>& names, const Holds& holds) {
  const auto first = std::find_if(names.begin(), names.end(), holds);
  if (first == names.end() || std::find_if(first + 1, names.end(), holds) != names.end()) return {};
  return *first;
}

std::string near_file(const std::string& name, const std::vector<std::string>& names) {
  const std::string small = ascii_lower(name), stem = stem_of(name);
  const std::string cased = only(names, [&](auto& other) { return ascii_lower(other) == small; });
  if (!cased.empty()) return cased;
  const std::string other_ending = only(names, [&](auto& other) { return stem_of(other) == stem; });
  if (!other_ending.empty()) return other_ending;
  constexpr size_t kShortestStem = 3;  // one slip in two letters makes another name
  if (stem.size() < kShortestStem) return {};
  std::vector<std::string> stems;
  for (const std::string& other : names) {
    const std::string its = stem_of(other);
    if (ending_of(other) == ending_of(name) && without_digits(its) != without_digits(stem))
      stems.push_back(its);
  }
  const std::string near = near_name(stem, stems);
  if (near.empty()) return {};
  return *std::find_if(names.begin(), names.end(), [&](const std::string& other) {
    return stem_of(other) == near && ending_of(other) == ending_of(name);
  });
}

}  // namespace

std::string near_path(const std::string& path) {
  const Broken broken = first_missing(path);
  if (broken.name.empty()) return {};
  const std::string near = near_file(broken.name.string(), names_in(broken.there));
  if (near.empty()) return {};
  const fs::path whole = broken.rest.empty() ? broken.there / near : broken.there / near / broken.rest;
  std::error_code fault;
  return fs::exists(whole, fault) ? whole.string() : "";
}

std::string missing_folder(const std::string& path) {
  const Broken broken = first_missing(path);
  return broken.rest.empty() ? "" : (broken.there / broken.name).string();
}

}  // namespace janus
