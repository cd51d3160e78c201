// JPEG 2000 by OpenJPEG: JP2 files and bare codestreams of grey or colours, with alpha or without.
#include <openjpeg.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

// A file in memory, as OpenJPEG reads it. Its callbacks return -1 for the end.
struct Source {
  std::span<const std::byte> bytes;
  size_t at = 0;
};

OPJ_SIZE_T read_bytes(void* to, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const size_t some = std::min<size_t>(count, source.bytes.size() - source.at);
  if (some == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(to, source.bytes.data() + source.at, some);
  source.at += some;
  return some;
}

OPJ_BOOL seek(OPJ_OFF_T to, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (to < 0 || static_cast<size_t>(to) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<size_t>(to);
  return OPJ_TRUE;
}

OPJ_OFF_T skip(OPJ_OFF_T count, void* user) {
  const auto& source = *static_cast<Source*>(user);
  const OPJ_OFF_T rest = static_cast<OPJ_OFF_T>(source.bytes.size() - source.at);
  if (count > rest) return seek(static_cast<OPJ_OFF_T>(source.bytes.size()), user) == OPJ_TRUE ? rest : -1;
  return seek(static_cast<OPJ_OFF_T>(source.at) + count, user) == OPJ_TRUE ? count : -1;
}

void keep_silent(const char*, void*) {}
void keep_words(const char* words, void* user) {
  std::string text(words);
  std::replace(text.begin(), text.end(), '\n', ' ');
  auto& kept = *static_cast<std::string*>(user);
  if (kept.empty()) kept = text.substr(0, text.find_last_not_of(' ') + 1);
}

// One file on its way through OpenJPEG.
class Reader {
 public:
  // Reads the header. Throws where it is none.
  Reader(std::span<const std::byte> bytes, const std::string& name) : name_(name), source_{bytes} {
    constexpr std::byte kStreamMark{0xFF};
    const bool bare = !bytes.empty() && bytes[0] == kStreamMark;
    codec_.reset(opj_create_decompress(bare ? OPJ_CODEC_J2K : OPJ_CODEC_JP2));
    stream_.reset(opj_stream_default_create(OPJ_TRUE));
    check(codec_ != nullptr && stream_ != nullptr,
          "picture {}: expected memory to read it, found too little; close other programs, or make the "
          "picture smaller",
          name);
    opj_set_info_handler(codec_.get(), keep_silent, nullptr);
    opj_set_warning_handler(codec_.get(), keep_silent, nullptr);
    opj_set_error_handler(codec_.get(), keep_words, &words_);
    opj_stream_set_read_function(stream_.get(), read_bytes);
    opj_stream_set_skip_function(stream_.get(), skip);
    opj_stream_set_seek_function(stream_.get(), seek);
    opj_stream_set_user_data(stream_.get(), &source_, nullptr);
    opj_stream_set_user_data_length(stream_.get(), bytes.size());
    opj_dparameters_t settings;
    opj_set_default_decoder_parameters(&settings);
    opj_image_t* image = nullptr;
    const bool read = opj_setup_decoder(codec_.get(), &settings) == OPJ_TRUE &&
                      opj_read_header(stream_.get(), codec_.get(), &image) == OPJ_TRUE;
    image_.reset(image);
    if (!read) fail_damaged();
  }

  void decode() {
    const bool decoded = opj_decode(codec_.get(), stream_.get(), image_.get()) == OPJ_TRUE &&
                         opj_end_decompress(codec_.get(), stream_.get()) == OPJ_TRUE;
    if (!decoded) fail_damaged();
  }
  const opj_image_t& image() const { return *image_; }

 private:
  [[noreturn]] void fail_damaged() const {
    fail(
        "picture {}: expected a JPEG 2000 that decodes, found it damaged or cut short ({}); copy or download "
        "it again",
        name_, words_.empty() ? "no reason told" : words_);
  }

  const std::string& name_;
  Source source_;
  std::string words_;  // of OpenJPEG's first complaint
  std::unique_ptr<opj_codec_t, void (*)(opj_codec_t*)> codec_{nullptr, opj_destroy_codec};
  std::unique_ptr<opj_stream_t, void (*)(opj_stream_t*)> stream_{nullptr, opj_stream_destroy};
  std::unique_ptr<opj_image_t, void (*)(opj_image_t*)> image_{nullptr, opj_image_destroy};
};

void check_kind(const opj_image_t& image, const std::string& name) {
  check(image.numcomps >= 1 && image.numcomps <= 4 && image.color_space != OPJ_CLRSPC_CMYK &&
            image.color_space != OPJ_CLRSPC_EYCC,
        "picture {}: expected a JPEG 2000 of grey or RGB, found other colours in {} channels; convert it to "
        "PNG",
        name, image.numcomps);
  const opj_image_comp_t& first = image.comps[0];
  for (OPJ_UINT32 i = 0; i < image.numcomps; ++i) {
    const opj_image_comp_t& channel = image.comps[i];
    check(channel.dx == 1 && channel.dy == 1 && channel.w == first.w && channel.h == first.h,
          "picture {}: expected a JPEG 2000 with channels of one size, found smaller ones; convert it to PNG",
          name);
    check(channel.prec >= 1 && channel.prec <= 16,
          "picture {}: expected a JPEG 2000 of 1 to 16 bits, found {}; convert it to PNG", name,
          channel.prec);
  }
}

// Alpha is the last channel of two or four, and nowhere else.
void check_alpha(const opj_image_t& image, const std::string& name) {
  constexpr int kStraight = 1;
  for (OPJ_UINT32 i = 0; i < image.numcomps; ++i) {
    const bool place = i + 1 == image.numcomps && image.numcomps % 2 == 0;
    check(place == (image.comps[i].alpha == kStraight) && image.comps[i].alpha <= kStraight,
          "picture {}: expected a JPEG 2000 of grey or RGB, with alpha last, found {} channels in another "
          "order; convert "
          "it to PNG",
          name, image.numcomps);
  }
}

// What has more than 8 bits keeps the highest.
uint8_t to_byte(const opj_image_comp_t& channel, size_t at) {
  const int64_t largest = (int64_t{1} << channel.prec) - 1;
  const int64_t value = channel.data[at] + (channel.sgnd != 0 ? int64_t{1} << (channel.prec - 1) : 0);
  const int64_t inside = std::clamp<int64_t>(value, 0, largest);
  if (channel.prec > 8) return static_cast<uint8_t>(inside >> (channel.prec - 8));
  return static_cast<uint8_t>((inside * 255 + largest / 2) / largest);
}

// From JFIF's luma and colour differences, which sYCC shares.
void to_rgb(uint8_t* pixel) {
  const double y = pixel[0], blue = pixel[1] - 128.0, red = pixel[2] - 128.0;
  const std::array<double, 3> rgb{y + 1.402 * red, y - 0.344136 * blue - 0.714136 * red, y + 1.772 * blue};
  for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(std::clamp(rgb[c] + 0.5, 0.0, 255.0));
}

}  // namespace

ImageHeader read_jp2_header(std::span<const std::byte> bytes, const std::string& name) {
  const Reader reader(bytes, name);
  ImageHeader header;
  header.format = ReadableImageFormat::jp2;
  header.width = int64_t{reader.image().x1} - reader.image().x0;
  header.height = int64_t{reader.image().y1} - reader.image().y0;
  check_size(header, name);
  check_kind(reader.image(), name);
  return header;
}

Pixels decode_jp2(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  Reader reader(bytes, name);
  reader.decode();
  const opj_image_t& image = reader.image();
  check_kind(image, name);  // again, with what only decoding shows: palettes, colours
  check_alpha(image, name);
  check(image.comps[0].w == header.width && image.comps[0].h == header.height,
        "picture {}: expected {} x {} pixels as its header says, found {} x {}; it is damaged", name,
        header.width, header.height, image.comps[0].w, image.comps[0].h);
  const auto channels = static_cast<int>(image.numcomps);
  Pixels pixels{static_cast<int>(header.width), static_cast<int>(header.height), channels, {}};
  pixels.values.resize(static_cast<size_t>(header.width) * header.height * channels);
  for (int c = 0; c < channels; ++c) {
    const opj_image_comp_t& channel = image.comps[c];
    check(channel.data != nullptr, "picture {}: expected a JPEG 2000 with pixels, found none; it is damaged",
          name);
    uint8_t* to = pixels.values.data() + c;
    for (size_t i = 0; i < static_cast<size_t>(header.width) * header.height; ++i, to += channels) {
      *to = to_byte(channel, i);
    }
  }
  if (image.color_space == OPJ_CLRSPC_SYCC && channels >= 3) {
    for (size_t at = 0; at < pixels.values.size(); at += channels) to_rgb(&pixels.values[at]);
  }
  return pixels;
}

}  // namespace janus
