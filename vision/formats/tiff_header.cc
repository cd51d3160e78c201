#include <algorithm>

#include "core/base/error.h"
#include "vision/formats/exif.h"
#include "vision/formats/image_header.h"

namespace janus {
namespace {

// Tag numbers of TIFF 6.0.
constexpr uint16_t kWidth = 256;
constexpr uint16_t kHeight = 257;
constexpr uint16_t kBitsPerSample = 258;
constexpr uint16_t kPhotometric = 262;
constexpr uint16_t kStripOffsets = 273;
constexpr uint16_t kSamplesPerPixel = 277;
constexpr uint16_t kStripByteCounts = 279;
constexpr uint16_t kTileOffsets = 324;
constexpr uint16_t kTileByteCounts = 325;
constexpr uint16_t kExtraSamples = 338;
constexpr uint16_t kSampleFormat = 339;

constexpr uint64_t kWhiteIsZero = 0;
constexpr uint64_t kBlackIsZero = 1;
constexpr uint64_t kUnsigned = 1;
constexpr uint64_t kUnknownSamples = 4;

// libtiff fills what is missing with grey and says so only on stderr.
void check_pieces(const TiffDirectory& directory, uint16_t offsets, uint16_t counts, size_t size,
                  const std::string& name) {
  const TiffTag* starts = directory.find(offsets);
  const TiffTag* lengths = directory.find(counts);
  if (starts == nullptr || lengths == nullptr) return;
  for (size_t i = 0; i < std::min(starts->values.size(), lengths->values.size()); ++i) {
    const bool inside = starts->values[i] <= size && lengths->values[i] <= size - starts->values[i];
    if (!inside) fail_cut_short(ReadableImageFormat::tiff, size, name);
  }
}

Alpha alpha_of(const TiffDirectory& directory, uint64_t bits) {
  constexpr uint64_t kPremultiplied = 1;
  constexpr uint64_t kStraight = 2;
  const uint64_t extra = directory.value(kExtraSamples, 0);
  if (extra == kPremultiplied) return Alpha::premultiplied;
  if (extra != kStraight) return Alpha::ignored;
  // libtiff multiplies on its own way to 8 bits.
  return bits == 16 ? Alpha::straight : Alpha::premultiplied;
}

// OpenCV turns TIFFs, some of them, by itself; with the tag set to 1 it turns none.
void clear_orientation(const TiffDirectory& directory, std::span<const std::byte> bytes,
                       ImageHeader& header) {
  const TiffTag* tag = directory.find(kTiffOrientation);
  header.rewritten.assign(bytes.begin(), bytes.end());
  for (int i = 0; i < tag->value_bytes; ++i) {
    const bool lowest = i == (directory.big_endian ? tag->value_bytes - 1 : 0);
    header.rewritten[tag->value_offset + i] = std::byte{lowest ? uint8_t{1} : uint8_t{0}};
  }
}

}  // namespace

ImageHeader read_tiff_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::tiff;
  header.needs_opencv = true;
  const auto directory = read_tiff_directory(bytes);
  if (!directory || directory->tags.empty()) fail_cut_short(header.format, bytes.size(), name);
  const auto clamped = [](uint64_t side) {
    return static_cast<int64_t>(std::min<uint64_t>(side, UINT32_MAX));
  };
  header.width = clamped(directory->value(kWidth, 0));
  header.height = clamped(directory->value(kHeight, 0));
  check_pieces(*directory, kStripOffsets, kStripByteCounts, bytes.size(), name);
  check_pieces(*directory, kTileOffsets, kTileByteCounts, bytes.size(), name);

  const uint64_t bits = directory->value(kBitsPerSample, 1);
  const uint64_t format = directory->value(kSampleFormat, kUnsigned);
  const uint64_t samples = directory->value(kSamplesPerPixel, 1);
  const uint64_t photometric = directory->value(kPhotometric, kBlackIsZero);
  check((format == kUnsigned || format == kUnknownSamples) &&
            (bits == 1 || bits == 4 || bits == 8 || bits == 16),
        "picture {}: expected a TIFF of 1, 4, 8 or 16 bits a channel, found {} bits{}; convert it to 8", name,
        bits, format == 3 ? " of floating point" : "");
  // OpenCV would drop the alpha.
  check(samples != 2,
        "picture {}: expected a TIFF of 1, 3 or 4 channels, found grey with alpha; convert it to PNG", name);
  header.alpha = alpha_of(*directory, bits);
  header.inverted_16_bit = bits == 16 && photometric == kWhiteIsZero;
  header.orientation = exif_orientation(bytes);
  if (header.orientation != 1) clear_orientation(*directory, bytes, header);
  return header;
}

}  // namespace janus
