#include "core/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

#include "core/base/error.h"
#include "core/base/file_descriptor.h"

namespace janus {
namespace {

[[noreturn]] void fail_system(const std::string& path, const char* what) {
  const char* advice = errno == EACCES ? "make it readable" : "restore the file, or look at its disk";
  fail("{}: cannot be {}: {}; {}", path, what, std::generic_category().message(errno), advice);
}

// What a mapping's owner ends with.
struct Unmap {
  size_t bytes;
  void operator()(void* address) const { ::munmap(address, bytes); }
};

uintptr_t page_bytes() { return static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE)); }

}  // namespace

FileBytes map_file(const std::string& path) {
  // O_NONBLOCK: a pipe in a model folder must fail, not wait for a writer.
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.is_open()) fail_system(path, "opened");
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail_system(path, "examined");
  check(S_ISREG(status.st_mode), "{}: expected a regular file, found something else; put the file there",
        path);
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return {};  // mmap refuses empty mappings

  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (address == MAP_FAILED) fail_system(path, "mapped into memory");
  std::shared_ptr<const void> owner(address, Unmap{size});
  return {{static_cast<const std::byte*>(address), size}, std::move(owner)};
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
