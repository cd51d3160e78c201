#include "vision/formats/silence_libraries.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>

namespace janus {
namespace {

#if defined(__x86_64__)
constexpr uint64_t kAddressOfData = R_X86_64_GLOB_DAT;
#elif defined(__aarch64__)
constexpr uint64_t kAddressOfData = R_AARCH64_GLOB_DAT;
#else
constexpr uint64_t kAddressOfData = UINT64_MAX;
#endif

// What the libraries take for stderr.
FILE* nowhere = nullptr;

// The parts of a loaded library's dynamic section that lead to the addresses it looked up.
struct Lookups {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const ElfW(Rela) * entries = nullptr;
  size_t count = 0;
};

Lookups lookups_of(const dl_phdr_info& library, const ElfW(Dyn) * dynamic) {
  // The loader has turned offsets into addresses on most systems, not on all.
  const auto address = [&](ElfW(Addr) value) {
    return value < library.dlpi_addr ? value + library.dlpi_addr : value;
  };
  Lookups lookups;
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    const ElfW(Addr) value = dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) lookups.symbols = reinterpret_cast<const ElfW(Sym)*>(address(value));
    if (dynamic->d_tag == DT_STRTAB) lookups.names = reinterpret_cast<const char*>(address(value));
    if (dynamic->d_tag == DT_RELA) lookups.entries = reinterpret_cast<const ElfW(Rela)*>(address(value));
    if (dynamic->d_tag == DT_RELASZ) lookups.count = dynamic->d_un.d_val / sizeof(ElfW(Rela));
  }
  if (lookups.symbols == nullptr || lookups.names == nullptr || lookups.entries == nullptr) lookups.count = 0;
  return lookups;
}

// The page is read-only once the loader has filled it in, and is made so again.
void store(FILE*** place, bool read_only) {
  const auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(place) / page_bytes * page_bytes);
  if (read_only && mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return;
  *place = &nowhere;
  if (read_only) mprotect(page, page_bytes, PROT_READ);
}

void silence(const dl_phdr_info& library) {
  const ElfW(Dyn)* dynamic = nullptr;
  uintptr_t sealed = 0, sealed_end = 0;
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    const auto& part = library.dlpi_phdr[i];
    const uintptr_t start = library.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_DYNAMIC) dynamic = reinterpret_cast<const ElfW(Dyn)*>(start);
    if (part.p_type == PT_GNU_RELRO) {
      sealed = start;
      sealed_end = start + part.p_memsz;
    }
  }
  if (dynamic == nullptr) return;
  const Lookups lookups = lookups_of(library, dynamic);
  for (size_t i = 0; i < lookups.count; ++i) {
    const auto& entry = lookups.entries[i];
    if (ELF64_R_TYPE(entry.r_info) != kAddressOfData) continue;
    const std::string_view name = lookups.names + lookups.symbols[ELF64_R_SYM(entry.r_info)].st_name;
    if (name != "stderr") continue;
    const uintptr_t place = library.dlpi_addr + entry.r_offset;
    store(reinterpret_cast<FILE***>(place), place >= sealed && place < sealed_end);
  }
}

int visit(dl_phdr_info* library, size_t /*size*/, void* context) {
  const auto& names = *static_cast<const std::span<const std::string_view>*>(context);
  const std::string_view path = library->dlpi_name;
  const std::string_view file = path.substr(path.rfind('/') + 1);
  if (std::any_of(names.begin(), names.end(),
                  [&](std::string_view name) { return file.starts_with(name); })) {
    silence(*library);
  }
  return 0;
}

}  // namespace

void silence_libraries(std::span<const std::string_view> names) {
  if (nowhere == nullptr) nowhere = fopencookie(nullptr, "w", {});
  if (nowhere != nullptr) dl_iterate_phdr(visit, &names);
}

}  // namespace janus
