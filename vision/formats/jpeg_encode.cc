// jpeglib.h uses what <cstdio> declares and does not include it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on

#include <csetjmp>
#include <cstdlib>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

struct Writer {
  jpeg_compress_struct library;
  jpeg_error_mgr errors;
  std::jmp_buf fault;
  char fault_words[JMSG_LENGTH_MAX];
  unsigned char* bytes;
  unsigned long count;
};

[[noreturn]] void on_fault(j_common_ptr library) {
  auto& writer = *static_cast<Writer*>(library->client_data);
  library->err->format_message(library, writer.fault_words);
  std::longjmp(writer.fault, 1);
}

void keep_silent(j_common_ptr) {}

// Calls setjmp(), so it holds nothing with a destructor. False where libjpeg gave up.
bool write(Writer& writer, const uint8_t* pixels, int width, int height, int quality) {
  writer.library.err = jpeg_std_error(&writer.errors);
  writer.errors.error_exit = on_fault;
  writer.errors.output_message = keep_silent;
  if (setjmp(writer.fault) != 0) return false;
  writer.library.client_data = &writer;
  jpeg_create_compress(&writer.library);
  jpeg_mem_dest(&writer.library, &writer.bytes, &writer.count);
  writer.library.image_width = width;
  writer.library.image_height = height;
  writer.library.input_components = 3;
  writer.library.in_color_space = JCS_RGB;
  jpeg_set_defaults(&writer.library);
  jpeg_set_quality(&writer.library, quality, TRUE);
  jpeg_start_compress(&writer.library, TRUE);
  const size_t row_bytes = static_cast<size_t>(width) * 3;
  while (writer.library.next_scanline < writer.library.image_height) {
    auto* row = const_cast<JSAMPROW>(pixels + writer.library.next_scanline * row_bytes);
    jpeg_write_scanlines(&writer.library, &row, 1);
  }
  jpeg_finish_compress(&writer.library);
  return true;
}

}  // namespace

std::vector<std::byte> encode_jpeg(const Image& image, int quality) {
  Writer writer{};
  struct Closer {
    Writer& writer;
    ~Closer() {
      jpeg_destroy_compress(&writer.library);
      std::free(writer.bytes);
    }
  } const closer{writer};
  check(write(writer, image.pixels.data(), image.width, image.height, quality),
        "picture of {} x {}: expected it to fit a JPEG, found: {}; write a PNG", image.width, image.height,
        writer.fault_words);
  const auto* begin = reinterpret_cast<const std::byte*>(writer.bytes);
  return {begin, begin + writer.count};
}

}  // namespace janus
