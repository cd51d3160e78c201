#include <libheif/heif.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "core/base/error.h"
#include "vision/formats/codecs.h"
#include "vision/formats/heif_items.h"

namespace janus {
namespace {

// libheif's words, which may hold line ends.
std::string words_of(const heif_error& error) {
  std::string words(error.message);
  for (char& letter : words) {
    if (letter == '\n') letter = ' ';
  }
  while (!words.empty() && (words.back() == ' ' || words.back() == '.')) words.pop_back();
  return words;
}

class HeifFile {
 public:
  HeifFile(const HeifItems& items, const std::string& name)
      : format_(items.format), name_(name), context_(heif_context_alloc(), heif_context_free) {
    check_error(heif_context_read_from_memory_without_copy(context_.get(), items.file.data(),
                                                           items.file.size(), nullptr));
  }

  using Handle = std::unique_ptr<heif_image_handle, void (*)(const heif_image_handle*)>;
  Handle image(uint32_t id) const {
    heif_image_handle* handle = nullptr;
    check_error(heif_context_get_image_handle(context_.get(), id, &handle));
    return {handle, heif_image_handle_release};
  }

  // Throws Error in the name of the file.
  void check_error(const heif_error& error) const {
    if (error.code == heif_error_Ok) return;
    check(error.subcode != heif_suberror_Unsupported_codec,
          "picture {}: expected a decoder of {} in libheif, found none; install the one for it (Debian: "
          "libheif1 brings "
          "libde265 for HEIC and dav1d for AVIF), or convert the picture to PNG or JPEG",
          name_, format_ == ReadableImageFormat::avif ? "AV1" : "HEVC");
    check(error.code != heif_error_Memory_allocation_error,
          "picture {}: expected an image within libheif's limits, found one beyond them ({}); convert it to "
          "PNG or JPEG",
          name_, words_of(error));
    check(error.code != heif_error_Unsupported_feature,
          "picture {}: expected {} of a kind that libheif decodes, found another ({}); convert it to PNG or "
          "JPEG",
          name_, name_of(format_), words_of(error));
    fail("picture {}: expected {} that decodes, found it damaged ({}); copy or download it again", name_,
         name_of(format_), words_of(error));
  }

 private:
  ReadableImageFormat format_;
  const std::string& name_;
  std::unique_ptr<heif_context, void (*)(heif_context*)> context_;
};

using DecodedHeif = std::unique_ptr<heif_image, void (*)(const heif_image*)>;

// Samples of `bits`, of which those above 8 take two bytes, to 8 bits, rounded to the nearest.
class To8Bits {
 public:
  // `limited`: black and white lie at 16 and 235 of 8 bits.
  To8Bits(int bits, bool limited) : wide_(bits > 8), table_(size_t{1} << bits) {
    const int unit = 1 << (bits - 8);
    const int black = limited ? 16 * unit : 0;
    const int range = limited ? 219 * unit : static_cast<int>(table_.size()) - 1;
    for (size_t value = 0; value < table_.size(); ++value) {
      const int above = std::clamp(static_cast<int>(value) - black, 0, range);
      table_[value] = static_cast<uint8_t>((above * int64_t{255} + range / 2) / range);
    }
  }

  // Writes every `step`th byte.
  void operator()(const uint8_t* row, int count, int step, uint8_t* to) const {
    for (int x = 0; x < count; ++x, to += step) {
      uint16_t value = row[x];
      if (wide_) std::memcpy(&value, row + size_t{2} * x, sizeof(value));
      *to = table_[std::min<size_t>(value, table_.size() - 1)];
    }
  }

 private:
  bool wide_;
  std::vector<uint8_t> table_;
};

// libheif expands the limited range of colour images, not that of grey ones.
bool is_limited(const heif_image* image) {
  heif_color_profile_nclx* found = nullptr;
  heif_image_get_nclx_color_profile(image, &found);  // with some errors, too, one is found
  const std::unique_ptr<heif_color_profile_nclx, void (*)(heif_color_profile_nclx*)> profile(
      found, heif_nclx_color_profile_free);
  return found != nullptr && found->full_range_flag == 0;
}

// As it is stored: grey, or RGB where libheif converts from YCbCr.
Pixels decode_item(const HeifFile& file, uint32_t id, const std::string& name) {
  const HeifFile::Handle handle = file.image(id);
  heif_image* decoded = nullptr;
  file.check_error(
      heif_decode_image(handle.get(), &decoded, heif_colorspace_undefined, heif_chroma_undefined, nullptr));
  const DecodedHeif image(decoded, heif_image_release);

  const bool grey = heif_image_get_colorspace(decoded) == heif_colorspace_monochrome;
  std::vector<heif_channel> channels{heif_channel_R, heif_channel_G, heif_channel_B};
  if (grey) channels = {heif_channel_Y};
  Pixels pixels{heif_image_get_primary_width(decoded),
                heif_image_get_primary_height(decoded),
                static_cast<int>(channels.size()),
                {}};
  const size_t row = static_cast<size_t>(std::max(pixels.width, 0)) * pixels.channels;
  pixels.values.resize(row * std::max(pixels.height, 0));
  for (size_t c = 0; c < channels.size(); ++c) {
    int stride = 0;
    const uint8_t* plane = heif_image_get_plane_readonly(decoded, channels[c], &stride);
    const int bits = heif_image_get_bits_per_pixel_range(decoded, channels[c]);
    check(plane != nullptr && bits >= 8 && bits <= 16 &&
              heif_image_get_width(decoded, channels[c]) == pixels.width &&
              heif_image_get_height(decoded, channels[c]) == pixels.height,
          "picture {}: expected planes of one size and 8 to 16 bits, found others; convert it to PNG or JPEG",
          name);
    const To8Bits to_8_bits(bits, grey && is_limited(decoded));
    for (int y = 0; y < pixels.height; ++y) {
      to_8_bits(plane + static_cast<ptrdiff_t>(y) * stride, pixels.width, pixels.channels,
                &pixels.values[y * row + c]);
    }
  }
  return pixels;
}

Pixels with_alpha(const Pixels& colors, const Pixels& alpha) {
  Pixels pixels{colors.width, colors.height, colors.channels + 1, {}};
  const size_t count = static_cast<size_t>(colors.width) * colors.height;
  pixels.values.resize(count * pixels.channels);
  uint8_t* to = pixels.values.data();
  for (size_t i = 0; i < count; ++i) {
    to = std::copy_n(&colors.values[i * colors.channels], colors.channels, to);
    *to++ = alpha.values[i * alpha.channels];
  }
  return pixels;
}

}  // namespace

ImageHeader read_heif_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  const HeifItems items = read_heif_items(bytes, name);
  header.format = items.format;
  {
    const HeifFile file(items, name);
    const HeifFile::Handle handle = file.image(items.primary);
    // Upright already: libheif turns, mirrors and crops as the file says, and the EXIF block, which tells the
    // same again, does not count.
    header.width = heif_image_handle_get_width(handle.get());
    header.height = heif_image_handle_get_height(handle.get());
  }
  if (items.premultiplied) header.alpha = Alpha::premultiplied;
  return header;
}

Pixels decode_heif(const ImageHeader& /*header*/, std::span<const std::byte> bytes, const std::string& name) {
  const HeifItems items = read_heif_items(bytes, name);
  const HeifFile file(items, name);
  Pixels colors = decode_item(file, items.primary, name);
  if (!items.alpha) return colors;
  const Pixels alpha = decode_item(file, *items.alpha, name);
  check(alpha.width == colors.width && alpha.height == colors.height,
        "picture {}: expected transparency of {} x {} pixels, as the image has, found {} x {}; convert it to "
        "PNG",
        name, colors.width, colors.height, alpha.width, alpha.height);
  return with_alpha(colors, alpha);
}

}  // namespace janus
