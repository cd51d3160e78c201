// The formats of image files: how each is told by its first bytes, and what reads and writes it.
#include <algorithm>
#include <string_view>

#include "core/base/shared_module.h"
#include "core/base/transient_error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/heif_brands.h"
#include "vision/formats/image_module.h"
#include "vision/formats/png_chunks.h"

namespace janus {
namespace {

using namespace std::string_view_literals;

bool is_jpeg(const ByteView& view) { return view.has_text(0, "\xFF\xD8\xFF"); }
bool is_png(const ByteView& view) { return view.has_text(0, kPngSignature); }
bool is_gif(const ByteView& view) { return view.has_text(0, "GIF87a") || view.has_text(0, "GIF89a"); }
bool is_webp(const ByteView& view) { return view.has_text(0, "RIFF") && view.has_text(8, "WEBP"); }
bool is_tiff(const ByteView& view) {
  return view.has_text(0, "II\x2A\0"sv) || view.has_text(0, "MM\0\x2A"sv) || view.has_text(0, "II\x2B\0"sv) ||
         view.has_text(0, "MM\0\x2B"sv);
}
// A bare codestream, or one in boxes.
bool is_jxl(const ByteView& view) {
  return view.has_text(0, "\xFF\x0A") || view.has_text(0, "\0\0\0\x0CJXL \r\n\x87\n"sv);
}
// Two letters are little to go by: text may begin with them too.
bool is_bmp(const ByteView& view) {
  return view.has_text(0, "BM") && view.u32(14) >= 12 && view.u32(14) <= 256;
}

bool is_jp2(const ByteView& view) {
  return view.has_text(0, "\0\0\0\x0CjP  \r\n\x87\n"sv) || view.has_text(0, "\xFF\x4F\xFF\x51");
}

struct ReadableRow {
  ReadableImageFormat format;
  bool (*matches)(const ByteView& start);
  const char* module;         // libjanus_MODULE.so reads it; null where the program alone does
  HeaderReader* read_header;  // in the program; null where the module has it
  Decoder* decode;            // in the program, where the module is missing; null where nothing else reads it
};

constexpr ReadableRow kReadable[] = {
    {ReadableImageFormat::jpeg, is_jpeg, "images", read_jpeg_header, decode_jpeg_with_stb},
    {ReadableImageFormat::png, is_png, "images", read_png_header, decode_png_with_stb},
    {ReadableImageFormat::gif, is_gif, "images", read_gif_header, decode_with_stb},
    {ReadableImageFormat::bmp, is_bmp, nullptr, read_bmp_header, decode_bmp},
    {ReadableImageFormat::webp, is_webp, "images", nullptr, nullptr},
    {ReadableImageFormat::tiff, is_tiff, "tiff", nullptr, nullptr},
    {ReadableImageFormat::heic, is_heic, "heif", nullptr, nullptr},
    {ReadableImageFormat::avif, is_avif, "heif", nullptr, nullptr},
    {ReadableImageFormat::jxl, is_jxl, "heif", nullptr, nullptr},
    {ReadableImageFormat::jp2, is_jp2, "jp2", nullptr, nullptr},
    {ReadableImageFormat::pnm, is_pnm, nullptr, read_pnm_header, decode_pnm},
};

struct WritableRow {
  ImageFormat format;
  const char* module;
  Encoder* encode;  // in the program, where the module is missing; may be null
};

constexpr WritableRow kWritable[] = {
    {ImageFormat::png, "images", encode_png_with_stb},
    {ImageFormat::jpeg, "images", encode_jpeg_with_stb},
    {ImageFormat::webp, "images", nullptr},
};

template <typename Row, typename Format>
const Row& row_of(const Row* rows, Format format) {
  while (rows->format != format) ++rows;
  return *rows;
}

// What the row's module has for its format; nullptr where it is missing.
const ModuleDecoder* decoder_of(const ReadableRow& row, std::string& fault) {
  const ImageModule* module = row.module == nullptr ? nullptr : find_image_module(row.module, fault);
  if (module == nullptr) return nullptr;
  const auto found = std::find_if(module->decoders.begin(), module->decoders.end(),
                                  [&](const ModuleDecoder& decoder) { return decoder.format == row.format; });
  return found == module->decoders.end() ? nullptr : &*found;
}

Encoder* encoder_of(const WritableRow& row) {
  std::string fault;
  if (const ImageModule* module = find_image_module(row.module, fault)) {
    for (const ModuleEncoder& encoder : module->encoders) {
      if (encoder.format == row.format) return encoder.encode;
    }
  }
  return row.encode;
}

[[noreturn]] void fail_missing(const ReadableRow& row, const std::string& fault, const std::string& name) {
  throw TransientError(
      fmt::format("picture {}: expected {}, which reads {}, beside the program, found {}; install all of "
                  "janus, or convert the "
                  "picture to PNG",
                  name, shared_module_file(row.module), name_of(row.format),
                  fault.empty() ? "none of that name" : fault));
}

}  // namespace

std::optional<ReadableImageFormat> format_of(std::span<const std::byte> bytes) {
  const ByteView view(bytes, ByteView::Order::little);
  for (const ReadableRow& row : kReadable) {
    if (row.matches(view)) return row.format;
  }
  return std::nullopt;
}

std::string readable_formats() {
  std::string list;
  for (const ReadableRow& row : kReadable) {
    if (!list.empty()) list += &row == std::end(kReadable) - 1 ? " or " : ", ";
    list += name_of(row.format);
  }
  return list;
}

ImageHeader read_header(ReadableImageFormat format, std::span<const std::byte> bytes,
                        const std::string& name) {
  const ReadableRow& row = row_of(kReadable, format);
  if (row.read_header != nullptr) return row.read_header(bytes, name);
  std::string fault;
  const ModuleDecoder* decoder = decoder_of(row, fault);
  if (decoder == nullptr) fail_missing(row, fault, name);
  return decoder->read_header(bytes, name);
}

Pixels decode_pixels(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  const ReadableRow& row = row_of(kReadable, header.format);
  std::string fault;
  const ModuleDecoder* decoder = decoder_of(row, fault);
  if (decoder != nullptr) return decoder->decode(header, bytes, name);
  if (row.decode == nullptr) fail_missing(row, fault, name);
  return row.decode(header, bytes, name);
}

bool can_encode(ImageFormat format) {
  // A caller may have made a format of any number.
  return std::any_of(std::begin(kWritable), std::end(kWritable), [&](const WritableRow& row) {
    return row.format == format && encoder_of(row) != nullptr;
  });
}

std::vector<std::byte> encode_pixels(const Image& image, ImageFormat format, int quality) {
  return encoder_of(row_of(kWritable, format))(image, quality);
}

}  // namespace janus
