#include "core/base/mapped_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/file_descriptor.h"
#include "core/base/machine_fault.h"
#include "core/base/open_file.h"
#include "core/base/remedy.h"

namespace janus {
namespace {

[[noreturn]] void fail_system(const std::string& path, const char* what) {
  const int fault = errno;
  fail_of_system(fault, fmt::format("{}: expected a file that can be {}, found: {}; {}", path, what,
                                    std::generic_category().message(fault), reading_remedy_of(fault, path)));
}

// A mapped file. A signal handler reads `begin`, `end` and `path` while other threads map and unmap.
struct Mapping {
  std::atomic<uintptr_t> begin{0}, end{0};  // 0: the place is free
  std::atomic<const char*> path{nullptr};
  // Under the mutex: what was mapped, whatever stands under its name by now.
  FileDescriptor file;
  struct stat as_mapped {};
};

// Models have a few files, and what no longer fits is merely not watched.
std::array<Mapping, 512> mappings;
std::mutex mappings_mutex;

// The first file that was found written to while it was mapped.
struct Change {
  const char* path = nullptr;
  off_t before = 0, now = 0;  // bytes
};
Change first_change;  // under the mutex
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<const char*>::is_always_lock_free);

// Paths that were mapped, each once. They stay: a signal handler may be reading one.
const char* kept_path(const std::string& path) {
  static auto& kept = *new std::set<std::string>;  // also for what is unmapped as the program ends
  return kept.insert(path).first->c_str();
}

bool same_time(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

// Takes no memory: files are unmapped where nothing may throw.
void note_change(const Mapping& mapping) {
  struct stat now {};
  const struct stat& then = mapping.as_mapped;
  if (first_change.path != nullptr || ::fstat(mapping.file.get(), &now) != 0) return;
  if (now.st_size != then.st_size || !same_time(now.st_mtim, then.st_mtim))
    first_change = {mapping.path, then.st_size, now.st_size};
}

void watch(const void* address, size_t bytes, const std::string& path, const struct stat& status,
           FileDescriptor file) {
  const std::lock_guard lock(mappings_mutex);
  for (Mapping& mapping : mappings) {
    if (mapping.begin != 0) continue;
    mapping.as_mapped = status;
    mapping.file = std::move(file);
    mapping.path = kept_path(path);
    mapping.end = reinterpret_cast<uintptr_t>(address) + bytes;
    mapping.begin = reinterpret_cast<uintptr_t>(address);
    return;
  }
}

void forget(const void* address) {
  const std::lock_guard lock(mappings_mutex);
  for (Mapping& mapping : mappings) {
    if (mapping.begin != reinterpret_cast<uintptr_t>(address)) continue;
    note_change(mapping);
    mapping.begin = 0;
    mapping.file.close();
    return;
  }
}

// What a mapping's owner ends with.
struct Unmap {
  size_t bytes;
  void operator()(void* address) const {
    forget(address);
    ::munmap(address, bytes);
  }
};

uintptr_t page_bytes() { return static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

FileBytes map_file(const std::string& path) {
  // O_NONBLOCK: a pipe in a model folder must fail, not wait for a writer.
  FileDescriptor fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd.is_open()) fail_system(path, "opened");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail_system(path, "examined");
  check(S_ISREG(status.st_mode), "{}: expected a regular file, found something else; put the file there",
        path);
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return {};  // mmap refuses empty mappings

  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (address == MAP_FAILED) fail_system(path, "mapped into memory");
  // First of all an owner: what follows may throw.
  std::shared_ptr<const void> owner(address, Unmap{size});
  watch(address, size, path, status, std::move(fd));
  return {{static_cast<const std::byte*>(address), size}, std::move(owner)};
}

const char* mapped_path_at(const void* address) {
  const auto place = reinterpret_cast<uintptr_t>(address);
  for (const Mapping& mapping : mappings) {
    const uintptr_t begin = mapping.begin;
    // The kernel maps whole pages.
    if (begin != 0 && place >= begin &&
        place < (mapping.end + page_bytes() - 1) / page_bytes() * page_bytes())
      return mapping.path;
  }
  return nullptr;
}

void check_mapped_files() {
  const std::lock_guard lock(mappings_mutex);
  for (const Mapping& mapping : mappings) {
    if (mapping.begin != 0) note_change(mapping);
  }
  const auto [path, before, now] = first_change;
  if (path == nullptr) return;
  const std::string found =
      before == now ? "another time of change" : fmt::format("{} bytes in place of {}", now, before);
  throw MachineFault(
      fmt::format("{}: expected the file to stay as it was opened, found it written to ({}); what was made "
                  "with it since may be wrong: start again",
                  path, found));
}

void expect_reading(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const size_t before = reinterpret_cast<uintptr_t>(bytes.data()) % page_bytes();  // in the first page
  // Only a hint: a failure changes nothing that is read.
  ::madvise(const_cast<std::byte*>(bytes.data()) - before, before + bytes.size(), MADV_WILLNEED);
}

void release_pages(const FileBytes& file) {
  // Memory of another kind would lose what it holds.
  if (file.bytes.empty() || std::get_deleter<Unmap>(file.owner) == nullptr) return;
  const size_t page = page_bytes();
  const size_t part = reinterpret_cast<uintptr_t>(file.bytes.data()) % page;
  const size_t skipped = part == 0 ? 0 : page - part;  // up to the first whole page
  if (file.bytes.size() < skipped + page) return;
  const size_t whole = (file.bytes.size() - skipped) / page * page;
  ::madvise(const_cast<std::byte*>(file.bytes.data()) + skipped, whole, MADV_DONTNEED);
}

}  // namespace janus
