#include "vision/formats/tame_libraries.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "vision/formats/library_links.h"

namespace janus {
namespace {

// What the libraries take for stderr.
FILE* nowhere = nullptr;

int zeroed_memalign(void** memory, size_t alignment, size_t bytes) {
  const int fault = posix_memalign(memory, alignment, bytes);
  if (fault == 0) std::memset(*memory, 0, bytes);
  return fault;
}

void* zeroed_malloc(size_t bytes) { return std::calloc(1, bytes); }

void* zeroed_new_array(size_t bytes) {
  void* memory = ::operator new[](bytes);
  std::memset(memory, 0, bytes);
  return memory;
}

}  // namespace

void tame_libraries() {
  nowhere = fopencookie(nullptr, "w", {});
  if (nowhere != nullptr) {
    for (const char* library : {"libjxl.so", "libheif.so", "libde265.so", "libdav1d.so", "libaom.so"}) {
      relink_library(library, "stderr", &nowhere);
    }
  }
  relink_library("libde265.so", "posix_memalign", reinterpret_cast<const void*>(zeroed_memalign));
  relink_library("libde265.so", "malloc", reinterpret_cast<const void*>(zeroed_malloc));
  relink_library("libheif.so", "_Znam", reinterpret_cast<const void*>(zeroed_new_array));  // operator new[]
}

}  // namespace janus
