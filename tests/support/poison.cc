#include "tests/support/poison.h"

#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#if defined(__SANITIZE_ADDRESS__)
#define JANUS_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JANUS_HAS_ASAN 1
#endif
#endif

namespace janus::test {
namespace {

std::atomic<int> poison{-1};  // -1: none

void fill(void* begin, size_t bytes) {
  const int byte = poison.load(std::memory_order_relaxed);
  if (byte >= 0 && begin != nullptr) std::memset(begin, byte, bytes);
}

// As far as decoders go down the stack.
__attribute__((noinline)) void fill_stack(unsigned char byte) {
  unsigned char stack[256 * 1024];
  std::memset(stack, byte, sizeof stack);
  __asm__ volatile("" : : "r"(stack) : "memory");  // nobody reads it, and yet it counts
}

}  // namespace

Poisoned::Poisoned(unsigned char byte) {
  fill_stack(byte);
  poison = byte;
}

Poisoned::~Poisoned() { poison = -1; }

#ifdef JANUS_HAS_ASAN
namespace {

// Above this, AddressSanitizer takes memory for calloc() from the system as it is, and fills none of it.
constexpr size_t kLargest = 64 * 1024;

}  // namespace
}  // namespace janus::test

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void*, size_t),
                                                         void (*free_hook)(const volatile void*));

namespace janus::test {
namespace {

[[maybe_unused]] const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void* begin, size_t bytes) {
      if (bytes <= kLargest) fill(const_cast<void*>(begin), bytes);
    },
    [](const volatile void*) {});

}  // namespace
}  // namespace janus::test
#else
}  // namespace janus::test

// The C library's own, under the names that it keeps for replacements such as these.
extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_realloc(void* old, size_t bytes);
void* __libc_memalign(size_t alignment, size_t bytes);

void* malloc(size_t bytes) {
  void* const begin = __libc_malloc(bytes);
  janus::test::fill(begin, bytes);
  return begin;
}

void* realloc(void* old, size_t bytes) {
  const size_t had = old == nullptr ? 0 : malloc_usable_size(old);
  void* const begin = __libc_realloc(old, bytes);
  if (begin != nullptr && bytes > had) janus::test::fill(static_cast<char*>(begin) + had, bytes - had);
  return begin;
}

void* memalign(size_t alignment, size_t bytes) {
  void* const begin = __libc_memalign(alignment, bytes);
  janus::test::fill(begin, bytes);
  return begin;
}

void* aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void** begin, size_t alignment, size_t bytes) {
  *begin = memalign(alignment, bytes);
  return *begin == nullptr ? ENOMEM : 0;
}
}
#endif
