#include "vision/formats/tiff_layout.h"

#include <algorithm>
#include <string_view>

#include "core/base/error.h"
#include "vision/formats/exif.h"

namespace janus {
namespace {

using Colors = TiffLayout::Colors;

// Tiles may be larger than a small image, but not without end; nor may a piece with the samples of no use.
constexpr int64_t kMaxTilePixels = int64_t{1} << 24;
constexpr int64_t kMaxPieceBytes = int64_t{1} << 31;

const char* name_of_photometric(uint16_t photometric) {
  switch (photometric) {
    case PHOTOMETRIC_MASK:
      return "a transparency mask";
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
      return "Lab colours";
    case PHOTOMETRIC_CFA:
      return "raw sensor data";
    case PHOTOMETRIC_LOGL:
    case PHOTOMETRIC_LOGLUV:
      return "logarithmic brightness";
    default:
      return "another kind";
  }
}

// Where the tag is missing, the number of samples tells, as libtiff has it.
uint16_t photometric_of(const TiffFile& file, uint32_t samples, uint16_t compression) {
  constexpr uint16_t kMissing = UINT16_MAX;
  const uint16_t photometric = file.u16(TIFFTAG_PHOTOMETRIC, kMissing);
  if (photometric != kMissing) return photometric;
  const bool fax = compression == COMPRESSION_CCITTFAX3 || compression == COMPRESSION_CCITTFAX4 ||
                   compression == COMPRESSION_CCITTRLE || compression == COMPRESSION_CCITTRLEW;
  if (samples < 3) return fax ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_MINISBLACK;
  check(samples == 3,
        "picture {}: expected a TIFF that says what its {} samples a pixel mean, found none; convert it",
        file.name(), samples);
  return PHOTOMETRIC_RGB;
}

Colors colors_of(const TiffFile& file, uint16_t photometric) {
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
      return Colors::grey;
    case PHOTOMETRIC_PALETTE:
      return Colors::palette;
    case PHOTOMETRIC_RGB:
      return Colors::rgb;
    case PHOTOMETRIC_YCBCR:
      return Colors::ycbcr;
    case PHOTOMETRIC_SEPARATED:
      check(file.u16(TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK,
            "picture {}: expected a TIFF of the inks CMYK, found others; convert it to RGB", file.name());
      return Colors::cmyk;
    default:
      fail(
          "picture {}: expected a TIFF of grey, palette, RGB, CMYK or YCbCr, found {} (photometric "
          "interpretation {}); "
          "convert it to RGB",
          file.name(), name_of_photometric(photometric), photometric);
  }
}

const char* name_of_sample_format(uint16_t format) {
  switch (format) {
    case SAMPLEFORMAT_INT:
      return "signed";
    case SAMPLEFORMAT_IEEEFP:
      return "floating point";
    case SAMPLEFORMAT_COMPLEXINT:
    case SAMPLEFORMAT_COMPLEXIEEEFP:
      return "complex";
    default:
      return "unsigned";
  }
}

// Readers do not agree on what is black and what white in other samples.
void check_samples(const TiffFile& file, const TiffLayout& layout) {
  const uint16_t format = file.u16(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  const int most = layout.colors == Colors::palette ? 16 : 32;
  check(
      (format == SAMPLEFORMAT_UINT || format == SAMPLEFORMAT_VOID) && layout.bits >= 1 && layout.bits <= most,
      "picture {}: expected a TIFF of unsigned samples of 1 to {} bits, found {} ones of {} bits; convert it "
      "to 8 bits",
      file.name(), most, name_of_sample_format(format), layout.bits);
}

// The first extra sample that is alpha by its tag counts. One that no tag describes is straight alpha, as
// Pillow, GIMP and ImageMagick have it; one that the tag calls unspecified is none.
void find_alpha(const TiffFile& file, const TiffDirectory& stored, uint16_t colors, TiffLayout& layout) {
  uint16_t count = 0;
  const uint16_t* kinds = nullptr;
  TIFFGetField(file.handle(), TIFFTAG_EXTRASAMPLES, &count, &kinds);
  const uint32_t extra = layout.samples - colors;
  const bool described = stored.find(TIFFTAG_EXTRASAMPLES) != nullptr;
  for (uint32_t i = 0; i < extra && !layout.has_alpha; ++i) {
    const uint16_t kind = i < count ? kinds[i] : EXTRASAMPLE_UNSPECIFIED;
    const bool undescribed = !described && extra == 1;
    if (kind != EXTRASAMPLE_ASSOCALPHA && kind != EXTRASAMPLE_UNASSALPHA && !undescribed) continue;
    layout.has_alpha = true;
    layout.alpha = kind == EXTRASAMPLE_ASSOCALPHA ? Alpha::premultiplied : Alpha::straight;
    layout.used.push_back(static_cast<uint16_t>(colors + i));
  }
  const bool inks = layout.colors == Colors::cmyk || layout.white_is_zero;
  check(!layout.has_alpha || layout.alpha == Alpha::straight || (!inks && layout.colors != Colors::palette),
        "picture {}: expected a TIFF whose alpha is multiplied into grey or RGB, found it multiplied into "
        "another kind; "
        "convert it to RGB",
        file.name());
}

void find_samples(const TiffFile& file, const TiffDirectory& stored, TiffLayout& layout) {
  const uint16_t colors = layout.colors == Colors::cmyk                                    ? 4
                          : layout.colors == Colors::rgb || layout.colors == Colors::ycbcr ? 3
                                                                                           : 1;
  check(layout.samples >= colors,
        "picture {}: expected {} samples a pixel in its TIFF, found {}; it is damaged", file.name(), colors,
        layout.samples);
  for (uint16_t c = 0; c < colors; ++c) layout.used.push_back(c);
  if (layout.samples > colors) find_alpha(file, stored, colors, layout);
}

// Lets the JPEG decoder convert, where it can; the rest is TIFFRGBAImage's.
void set_up_ycbcr(const TiffFile& file, uint16_t compression, TiffLayout& layout) {
  check(layout.samples == 3,
        "picture {}: expected a YCbCr TIFF of 3 samples a pixel, found {}; convert it to RGB", file.name(),
        layout.samples);
  if (compression == COMPRESSION_JPEG && !layout.separate) {
    TIFFSetField(file.handle(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout.colors = Colors::rgb;
    return;
  }
  std::array<char, 1024> reason{};
  const bool known = TIFFRGBAImageOK(file.handle(), reason.data()) == 1;
  check(known,
        "picture {}: expected a YCbCr TIFF of a kind that libtiff converts, found another ({}); convert it "
        "to RGB",
        file.name(), reason.data());
}

void find_pieces(const TiffFile& file, TiffLayout& layout) {
  TIFF* const tiff = file.handle();
  layout.tiled = TIFFIsTiled(tiff) != 0;
  layout.piece_width = layout.tiled ? file.u32(TIFFTAG_TILEWIDTH) : layout.width;
  layout.piece_height = layout.tiled
                            ? file.u32(TIFFTAG_TILELENGTH)
                            : std::min<int64_t>(file.u32(TIFFTAG_ROWSPERSTRIP, UINT32_MAX), layout.height);
  // Each is 0 where it would overflow.
  layout.row_bytes = layout.tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
  const int64_t piece_bytes =
      layout.tiled ? TIFFTileSize(tiff) : TIFFVStripSize(tiff, static_cast<uint32_t>(layout.piece_height));
  const int64_t planes = static_cast<int64_t>(layout.planes());
  const bool sound = layout.piece_width > 0 && layout.piece_height > 0 && layout.row_bytes > 0 &&
                     piece_bytes > 0 && piece_bytes <= kMaxPieceBytes / planes &&
                     piece_bytes / layout.row_bytes >= layout.piece_height &&
                     (!layout.tiled || layout.piece_width * layout.piece_height <=
                                           std::max(kMaxTilePixels, layout.width * layout.height));
  check(sound,
        "picture {}: expected a TIFF of strips or tiles of at most {} bytes, found {} x {} pixels with {} "
        "samples; "
        "convert it to 8 bits or smaller tiles",
        file.name(), kMaxPieceBytes, layout.piece_width, layout.piece_height, layout.samples);
}

}  // namespace

TiffLayout read_tiff_layout(TiffFile& file) {
  TiffLayout layout;
  layout.width = file.u32(TIFFTAG_IMAGEWIDTH);
  layout.height = file.u32(TIFFTAG_IMAGELENGTH);
  const uint16_t orientation = file.u16(TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  if (orientation >= ORIENTATION_TOPLEFT && orientation <= ORIENTATION_LEFTBOT)
    layout.orientation = orientation;
  const uint16_t compression = file.u16(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  layout.compressed = compression != COMPRESSION_NONE;
  check(TIFFIsCODECConfigured(compression) != 0,
        "picture {}: expected a TIFF compression that libtiff decodes, found number {}; convert it with LZW",
        file.name(), compression);

  layout.bits = file.u16(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = file.u16(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.separate =
      layout.samples > 1 && file.u16(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  const uint16_t photometric = photometric_of(file, layout.samples, compression);
  layout.colors = colors_of(file, photometric);
  // libtiff makes up some tags that are missing: extra samples of no kind, grey in place of a palette.
  const TiffDirectory stored = read_tiff_directory(file.bytes()).value_or(TiffDirectory{});
  check(stored.value(TIFFTAG_PHOTOMETRIC, photometric) == photometric,
        "picture {}: expected a palette in its TIFF, found none; it is damaged", file.name());
  layout.white_is_zero = photometric == PHOTOMETRIC_MINISWHITE;
  check_samples(file, layout);
  find_samples(file, stored, layout);
  if (layout.colors == Colors::ycbcr) set_up_ycbcr(file, compression, layout);
  find_pieces(file, layout);
  return layout;
}

}  // namespace janus
