#include "cli/sources/archive_index.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/error.h"

namespace janus::cli {
namespace {

constexpr int kMostHops = 40;  // as the kernel follows

// Names are small where they are compressed, and large here.
constexpr size_t kMostHeld = size_t{256} << 20;
constexpr size_t kMapEntry = 64;  // bytes that an entry takes besides its texts, about

// False if ".." leads out of the archive; such parts are then left out.
bool clean(const std::string& path, std::string& result) {
  std::vector<std::string> parts;
  bool within = true;
  for (size_t at = 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      within = false;
    } else {
      parts.pop_back();
    }
  }
  result.clear();
  for (const std::string& part : parts) result += (result.empty() ? "" : "/") + part;
  return within;
}

std::string parent_of(const std::string& clean) {
  const size_t slash = clean.rfind('/');
  return slash == std::string::npos ? "" : clean.substr(0, slash);
}

}  // namespace

std::string clean_member_name(const std::string& name) {
  std::string result;
  clean(name, result);
  return result;
}

void ArchiveIndex::hold(size_t bytes) {
  held_bytes_ += kMapEntry + bytes;
  check(
      held_bytes_ <= kMostHeld,
      "archive, {}: expected names and links of its members that fit {} MiB, found more; cut it into shards",
      path_, kMostHeld >> 20);
}

void ArchiveIndex::add(const std::string& clean) {
  hold(0);
  last_[hash_of_key(clean)] = added_++;
  for (std::string folder = parent_of(clean); !folder.empty(); folder = parent_of(folder)) {
    if (!folders_.insert(folder).second) break;
    hold(folder.size());
  }
}

void ArchiveIndex::add_file(const std::string& name) {
  const std::string clean = clean_member_name(name);
  links_.erase(clean);
  add(clean);
}

void ArchiveIndex::add_folder(const std::string& name) {
  const std::string clean = clean_member_name(name);
  if (folders_.insert(clean).second) hold(clean.size());
}

void ArchiveIndex::add_link(const std::string& name, const std::string& target, bool hard) {
  const std::string clean = clean_member_name(name);
  hold(clean.size() + name.size() + target.size());
  links_[clean] = {name, target, hard};
  add(clean);
}

bool ArchiveIndex::counts(const std::string& name, int64_t number) const {
  const auto found = last_.find(hash_of_key(clean_member_name(name)));
  return found == last_.end() || found->second == number;
}

ArchiveIndex::Destination ArchiveIndex::destination_of(const std::string& link) const {
  std::string at = clean_member_name(link), named = at;
  for (int hops = 0; hops <= kMostHops; ++hops) {
    // The first part of the path that is a link decides where the rest is.
    size_t end = 0;
    auto found = links_.end();
    while (found == links_.end() && end != std::string::npos) {
      end = at.find('/', end == 0 ? 0 : end + 1);
      found = links_.find(at.substr(0, end));
    }
    if (found == links_.end()) {
      if (last_.count(hash_of_key(at)) > 0) return {.file = at, .found = {}};
      const bool folder = folders_.count(at) > 0;
      return {.file = {}, .found = folder ? "a folder" : named + ", which is not in it", .folder = folder};
    }
    const Link& next = found->second;
    named = next.target;
    const std::string rest = end == std::string::npos ? "" : at.substr(end);
    const std::string from = next.hard ? "" : parent_of(found->first) + "/";
    const bool absolute = !next.hard && next.target.rfind('/', 0) == 0;
    if (absolute || !clean(from + next.target + rest, at)) {
      return {.file = {}, .found = next.target + " outside it"};
    }
  }
  return {.file = {}, .found = "a link that leads back to itself"};
}

std::map<std::string, std::string> ArchiveIndex::links() const {
  std::map<std::string, std::string> names;
  for (const auto& [clean, link] : links_) names[clean] = link.spelled;
  return names;
}

}  // namespace janus::cli
