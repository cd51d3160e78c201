#include <png.h>

#include <csetjmp>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

constexpr int kLevel = 6;  // of zlib's 9

void keep_silent(png_structp, png_const_charp) {}
void on_fault(png_structp library, png_const_charp) { png_longjmp(library, 1); }

// Must not throw through libpng; a vector that cannot grow ends the write.
void write_bytes(png_structp library, png_bytep from, png_size_t count) {
  auto& bytes = *static_cast<std::vector<std::byte>*>(png_get_io_ptr(library));
  bool fits = true;
  try {
    bytes.insert(bytes.end(), reinterpret_cast<const std::byte*>(from),
                 reinterpret_cast<const std::byte*>(from) + count);
  } catch (const std::bad_alloc&) {
    fits = false;
  }
  if (!fits) png_error(library, "no memory");
}

void no_work(png_structp) {}

// Calls setjmp(), so it holds nothing with a destructor. False where libpng gave up.
bool write(png_structp library, png_infop info, const Image& image, std::vector<std::byte>& bytes) {
  if (setjmp(png_jmpbuf(library)) != 0) return false;
  png_set_write_fn(library, &bytes, write_bytes, no_work);
  png_set_user_limits(library, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_compression_level(library, kLevel);
  png_set_compression_strategy(library, 0);  // zlib's default one
  png_set_IHDR(library, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(library, info);
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  for (int y = 0; y < image.height; ++y) png_write_row(library, image.pixels.data() + y * row_bytes);
  png_write_end(library, info);
  return true;
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image, int /*quality*/) {
  std::vector<std::byte> bytes;
  struct Writer {
    png_structp library = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_fault, keep_silent);
    png_infop info = library == nullptr ? nullptr : png_create_info_struct(library);
    ~Writer() { png_destroy_write_struct(&library, &info); }
  } const writer;
  check(writer.info != nullptr && write(writer.library, writer.info, image, bytes),
        "picture of {} x {}: expected memory to encode it as PNG, found too little; close other programs, or "
        "make the picture smaller",
        image.width, image.height);
  return bytes;
}

}  // namespace janus
