// PNG by libpng. Gamma and colour profiles change nothing, as in Pillow.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

// All that libpng and its callbacks share. libpng jumps where it gives up: the functions below that call
// setjmp() hold nothing that has a destructor.
struct Reader {
  png_structp library = nullptr;
  png_infop info = nullptr;
  const std::byte* next = nullptr;
  size_t left = 0;
  bool cut = false;       // libpng asked for more than there is
  bool complete = false;  // all pixels are there
  int height = 0, passes = 1;
  char fault_words[128] = "";
};

void on_fault(png_structp library, png_const_charp words) {
  auto& reader = *static_cast<Reader*>(png_get_error_ptr(library));
  // Of what stands behind the last row, libpng complains while it hands that row over.
  const bool interlaced = reader.passes > 1;
  if (reader.cut &&
      (interlaced ? png_get_current_pass_number(library) >= reader.passes
                  : png_get_current_row_number(library) >= static_cast<png_uint_32>(reader.height))) {
    reader.complete = reader.height > 0;
  }
  std::snprintf(reader.fault_words, sizeof(reader.fault_words), "%s", words);
  png_longjmp(library, 1);
}

void keep_silent(png_structp, png_const_charp) {}

void read_bytes(png_structp library, png_bytep to, png_size_t count) {
  auto& reader = *static_cast<Reader*>(png_get_io_ptr(library));
  if (count > reader.left) {
    reader.cut = true;
    png_error(library, "cut short");
  }
  std::memcpy(to, reader.next, count);
  reader.next += count;
  reader.left -= count;
}

// Chunks that say nothing about the pixels as we show them; a damaged or huge one is not even unpacked.
constexpr png_byte kPassedOver[] =
    "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";

// Each of these calls setjmp(), and returns false where libpng gave up.
bool start(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.library)) != 0) return false;
  png_set_read_fn(reader.library, &reader, read_bytes);
  png_set_user_limits(reader.library, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // the header's size is checked
  png_set_keep_unknown_chunks(reader.library, PNG_HANDLE_CHUNK_NEVER, kPassedOver, sizeof(kPassedOver) / 5);
  png_read_info(reader.library, reader.info);
  png_set_expand(reader.library);    // palettes to RGB, few bits to 8, transparent colours to alpha
  png_set_strip_16(reader.library);  // keeps the high byte
  png_set_interlace_handling(reader.library);
  png_read_update_info(reader.library, reader.info);
  return true;
}

bool read_rows(Reader& reader, uint8_t* to, size_t row_bytes) {
  if (setjmp(png_jmpbuf(reader.library)) != 0) return false;
  for (int pass = 0; pass < reader.passes; ++pass) {
    for (int y = 0; y < reader.height; ++y) png_read_row(reader.library, to + y * row_bytes, nullptr);
  }
  reader.complete = true;
  png_read_end(reader.library, nullptr);
  return true;
}

[[noreturn]] void fail_damaged(const Reader& reader, size_t bytes, const std::string& name) {
  if (reader.cut) fail_cut_short(ReadableImageFormat::png, bytes, name);
  const bool checksum = std::strstr(reader.fault_words, "CRC error") != nullptr;
  check(!checksum, "picture {}: expected intact PNG chunks, found a wrong checksum; it is damaged", name);
  fail("picture {}: expected a PNG that decodes, found it damaged ({}); copy or download it again", name,
       reader.fault_words);
}

}  // namespace

Pixels decode_png(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  Reader reader;
  reader.next = bytes.data();
  reader.left = bytes.size();
  reader.library = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_fault, keep_silent);
  check(reader.library != nullptr,
        "picture {}: expected memory to read a PNG, found too little; close other programs, or make the "
        "picture smaller",
        name);
  struct Closer {
    Reader& reader;
    ~Closer() { png_destroy_read_struct(&reader.library, &reader.info, nullptr); }
  } const closer{reader};
  reader.info = png_create_info_struct(reader.library);
  check(reader.info != nullptr,
        "picture {}: expected memory to read a PNG, found too little; close other programs, or make the "
        "picture smaller",
        name);
  if (!start(reader)) fail_damaged(reader, bytes.size(), name);

  const size_t row_bytes = png_get_rowbytes(reader.library, reader.info);
  Pixels pixels{static_cast<int>(header.width),
                static_cast<int>(header.height),
                png_get_channels(reader.library, reader.info),
                {}};
  pixels.values.resize(row_bytes * pixels.height);
  reader.height = pixels.height;
  reader.passes = png_get_interlace_type(reader.library, reader.info) == PNG_INTERLACE_NONE ? 1 : 7;
  if (!read_rows(reader, pixels.values.data(), row_bytes)) {
    if (!reader.complete || !reader.cut) fail_damaged(reader, bytes.size(), name);
    pixels.warning = "picture " + name + ": the PNG is cut short behind its last pixel";
  }
  return pixels;
}

}  // namespace janus
