// Files that the build puts into a library or a program (cmake/embed.cmake).
#pragma once

#include <cstddef>
#include <cstdint>

namespace janus {

// A row of the table that janus_embed(TARGET NAME FOLDER) makes. Whoever reads it declares it, as C has it:
//   extern "C" const EmbeddedFile janus_embedded_NAME[];
//   extern "C" const uint64_t janus_embedded_NAME_count;
struct EmbeddedFile {
  const char* name;  // without the folder
  const std::byte* data;
  uint64_t bytes;
};

}  // namespace janus
