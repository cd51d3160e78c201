// JPEG by libjpeg-turbo with its default settings, which are those of Pillow and OpenCV: the slow exact DCT
// and smooth chroma.
// jpeglib.h uses what <cstdio> declares and does not include it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

// All that libjpeg and its error handler share. setjmp() is called only in the functions below that say so:
// they hold nothing that has a destructor, which a jump would skip.
struct Reader {
  jpeg_decompress_struct library;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  std::jmp_buf fault;
  char fault_words[JMSG_LENGTH_MAX];
  bool cut;        // libjpeg asked for more than there is
  bool damaged;    // it filled in for data that do not decode
  bool too_large;  // what it would take besides the pixels
};

Reader& reader_of(j_common_ptr library) { return *static_cast<Reader*>(library->client_data); }

[[noreturn]] void on_fault(j_common_ptr library) {
  Reader& reader = reader_of(library);
  library->err->format_message(library, reader.fault_words);
  std::longjmp(reader.fault, 1);
}

// Of libjpeg's warnings, those that cost pixels.
void on_message(j_common_ptr library, int level) {
  const int code = library->err->msg_code;
  if (level < 0 && (code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE ||
                    code == JWRN_MUST_RESYNC)) {
    reader_of(library).damaged = true;
  }
}

void keep_silent(j_common_ptr) {}
void no_work(j_decompress_ptr) {}

// Behind the last byte, an end marker: libjpeg then fills what is missing.
boolean fill_with_end(j_decompress_ptr library) {
  static constexpr JOCTET kEnd[] = {0xFF, JPEG_EOI};
  reader_of(reinterpret_cast<j_common_ptr>(library)).cut = true;
  library->src->next_input_byte = kEnd;
  library->src->bytes_in_buffer = sizeof(kEnd);
  return TRUE;
}

void skip(j_decompress_ptr library, long count) {
  if (count <= 0) return;
  jpeg_source_mgr& source = *library->src;
  if (static_cast<size_t>(count) > source.bytes_in_buffer) {
    fill_with_end(library);
    return;
  }
  source.next_input_byte += count;
  source.bytes_in_buffer -= static_cast<size_t>(count);
}

// Of an image whose pixels have three channels in full, and what blocks add at its edges.
int64_t most_coefficient_bytes(const ImageHeader& header) {
  constexpr int64_t kEdges = 1'000'000;
  return header.pixel_limit * 3 * static_cast<int64_t>(sizeof(JCOEF)) + kEdges;
}

// A JPEG of several scans is held whole before its first row comes, at whatever scale.
int64_t coefficient_bytes(jpeg_decompress_struct& library) {
  if (jpeg_has_multiple_scans(&library) == FALSE) return 0;
  int64_t blocks = 0;
  for (int i = 0; i < library.num_components; ++i) {
    const jpeg_component_info& channel = library.comp_info[i];
    blocks += int64_t{channel.width_in_blocks} * channel.height_in_blocks;
  }
  return blocks * DCTSIZE2 * static_cast<int64_t>(sizeof(JCOEF));
}

// Each of these calls setjmp(), and returns false where libjpeg gave up.
bool start(Reader& reader, const JOCTET* bytes, size_t count, const ImageHeader& header) {
  reader.library.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = on_fault;
  reader.errors.emit_message = on_message;
  reader.errors.output_message = keep_silent;
  if (setjmp(reader.fault) != 0) return false;
  reader.library.client_data = &reader;
  jpeg_create_decompress(&reader.library);
  reader.source = {bytes, count, no_work, fill_with_end, skip, jpeg_resync_to_restart, no_work};
  reader.library.src = &reader.source;
  jpeg_read_header(&reader.library, TRUE);
  if (reader.library.image_width != header.width || reader.library.image_height != header.height) {
    std::snprintf(reader.fault_words, sizeof(reader.fault_words), "two sizes");
    return false;  // before memory is taken for the other one
  }
  reader.too_large = coefficient_bytes(reader.library) > most_coefficient_bytes(header);
  if (reader.too_large) return false;
  reader.library.scale_num = 1;
  reader.library.scale_denom = static_cast<unsigned>(header.shrink);
  const bool inks = reader.library.num_components == 4;
  const bool grey = reader.library.num_components == 1;
  reader.library.out_color_space = inks ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&reader.library);
  return true;
}

bool read_rows(Reader& reader, uint8_t* to, size_t row_bytes) {
  if (setjmp(reader.fault) != 0) return false;
  while (reader.library.output_scanline < reader.library.output_height) {
    JSAMPROW row = to + reader.library.output_scanline * row_bytes;
    jpeg_read_scanlines(&reader.library, &row, 1);
  }
  jpeg_finish_decompress(&reader.library);
  return true;
}

// a * b / 255, rounded.
uint8_t multiply(int a, int b) {
  const int product = a * b + 128;
  return static_cast<uint8_t>((product + (product >> 8)) >> 8);
}

// Inks as nearly all CMYK JPEGs hold them, 255 for none, with Adobe's marker or without. The reckoning is
// Pillow's.
void inks_to_rgb(Pixels& pixels) {
  const size_t count = static_cast<size_t>(pixels.width) * pixels.height;
  const uint8_t* from = pixels.values.data();
  uint8_t* to = pixels.values.data();
  for (size_t i = 0; i < count; ++i, from += 4, to += 3) {
    const uint8_t paper = from[3];
    for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(paper - multiply(255 - from[c], paper));
  }
  pixels.channels = 3;
  pixels.values.resize(count * 3);
}

[[noreturn]] void fail_damaged(const Reader& reader, const ImageHeader& header, const std::string& name) {
  check(!reader.too_large,
        "picture {}: expected at most {} MB for a JPEG of several scans, found one of {} x {} pixels; save "
        "it as a "
        "baseline JPEG, which is shrunk while it is read, or raise the limit of pixels (--limit-pixels)",
        name, most_coefficient_bytes(header) / 1'000'000, header.width, header.height);
  fail("picture {}: expected a JPEG that decodes, found it damaged or of a rare kind ({}); convert it to PNG",
       name, reader.fault_words);
}

}  // namespace

Pixels decode_jpeg(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  Reader reader{};
  struct Closer {
    Reader& reader;
    ~Closer() { jpeg_destroy_decompress(&reader.library); }
  } const closer{reader};
  if (!start(reader, reinterpret_cast<const JOCTET*>(bytes.data()), bytes.size(), header))
    fail_damaged(reader, header, name);
  const int channels = reader.library.output_components;
  Pixels pixels{static_cast<int>(reader.library.output_width),
                static_cast<int>(reader.library.output_height),
                channels,
                {}};
  const size_t row_bytes = static_cast<size_t>(pixels.width) * channels;
  pixels.values.resize(row_bytes * pixels.height);
  if (!read_rows(reader, pixels.values.data(), row_bytes)) fail_damaged(reader, header, name);
  if (channels == 4) inks_to_rgb(pixels);
  if (reader.cut) {
    pixels.warning = "picture " + name + ": the JPEG is cut short; the part that is missing is filled";
  } else if (reader.damaged) {
    pixels.warning = "picture " + name + ": the JPEG is damaged; what does not decode is filled";
  }
  return pixels;
}

}  // namespace janus
