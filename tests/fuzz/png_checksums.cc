#include "tests/fuzz/png_checksums.h"

#include <span>

#include "core/base/crc32.h"
#include "core/base/error.h"
#include "vision/formats/png_chunks.h"

namespace janus::fuzz {

bool mend_png_checksums(std::string& file) {
  if (!file.starts_with(kPngSignature)) return false;
  const std::string name = "picture", before = file;
  try {
    PngChunks chunks(std::as_bytes(std::span(before)), name);
    for (PngChunk chunk; chunks.next(chunk);) {
      const uint32_t sum = crc32(chunk.type_and_data);
      const size_t at = reinterpret_cast<const char*>(chunk.type_and_data.data()) +
                        chunk.type_and_data.size() - before.data();
      for (size_t i = 0; i < 4; ++i) file[at + i] = static_cast<char>(sum >> (24 - 8 * i));
    }
  } catch (const Error&) {
    // The rest of the chunks is out of reach, which the decoder shall find out.
  }
  return file != before;
}

}  // namespace janus::fuzz
