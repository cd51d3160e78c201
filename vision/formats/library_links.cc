#include "vision/formats/library_links.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace janus {
namespace {

// Entries that hold the address of data or of a function, on x86-64 and on 64-bit Arm, neither of which uses
// the other's numbers.
constexpr std::array<uint64_t, 4> kAddressKinds{R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT, R_AARCH64_GLOB_DAT,
                                                R_AARCH64_JUMP_SLOT};

struct Link {
  std::string_view library, symbol;
  const void* address;
};

// The parts of a loaded library's dynamic section that lead to the addresses it looked up.
struct Lookups {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  std::array<std::span<const ElfW(Rela)>, 2> entries;  // of data and of calls
};

Lookups lookups_of(const dl_phdr_info& library, const ElfW(Dyn) * dynamic) {
  // The loader has turned offsets into addresses on most systems, not on all.
  const auto address = [&](ElfW(Addr) value) {
    return value < library.dlpi_addr ? value + library.dlpi_addr : value;
  };
  Lookups lookups;
  std::array<const ElfW(Rela)*, 2> starts{};
  std::array<size_t, 2> counts{};
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    const ElfW(Addr) value = dynamic->d_un.d_ptr;
    if (dynamic->d_tag == DT_SYMTAB) lookups.symbols = reinterpret_cast<const ElfW(Sym)*>(address(value));
    if (dynamic->d_tag == DT_STRTAB) lookups.names = reinterpret_cast<const char*>(address(value));
    if (dynamic->d_tag == DT_RELA) starts[0] = reinterpret_cast<const ElfW(Rela)*>(address(value));
    if (dynamic->d_tag == DT_JMPREL) starts[1] = reinterpret_cast<const ElfW(Rela)*>(address(value));
    if (dynamic->d_tag == DT_RELASZ) counts[0] = value / sizeof(ElfW(Rela));
    if (dynamic->d_tag == DT_PLTRELSZ) counts[1] = value / sizeof(ElfW(Rela));
  }
  if (lookups.symbols == nullptr || lookups.names == nullptr) return {};
  for (size_t i = 0; i < starts.size(); ++i) {
    if (starts[i] != nullptr) lookups.entries[i] = {starts[i], counts[i]};
  }
  return lookups;
}

// The page is read-only once the loader has filled it in, and is made so again.
void store(const void** place, const void* address, bool read_only) {
  const auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(place) / page_bytes * page_bytes);
  if (read_only && mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return;
  *place = address;
  if (read_only) mprotect(page, page_bytes, PROT_READ);
}

void relink(const dl_phdr_info& library, const Link& link) {
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
  for (const auto& entries : lookups.entries) {
    for (const ElfW(Rela) & entry : entries) {
      const uint64_t kind = ELF64_R_TYPE(entry.r_info);
      if (std::find(kAddressKinds.begin(), kAddressKinds.end(), kind) == kAddressKinds.end()) continue;
      if (link.symbol != lookups.names + lookups.symbols[ELF64_R_SYM(entry.r_info)].st_name) continue;
      const uintptr_t place = library.dlpi_addr + entry.r_offset;
      store(reinterpret_cast<const void**>(place), link.address, place >= sealed && place < sealed_end);
    }
  }
}

int visit(dl_phdr_info* library, size_t /*size*/, void* context) {
  const Link& link = *static_cast<const Link*>(context);
  const std::string_view path = library->dlpi_name;
  if (path.substr(path.rfind('/') + 1).starts_with(link.library)) relink(*library, link);
  return 0;
}

}  // namespace

void relink_library(std::string_view library, std::string_view symbol, const void* address) {
  Link link{library, symbol, address};
  dl_iterate_phdr(visit, &link);
}

}  // namespace janus
