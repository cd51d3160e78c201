// TIFF by libtiff: its decoders give the samples of strips and tiles, TiffPixels what they mean. Only YCbCr
// outside JPEG goes through libtiff's own conversion, which knows 8 bits of few kinds.
#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/exif.h"
#include "vision/formats/tiff_file.h"
#include "vision/formats/tiff_layout.h"
#include "vision/formats/tiff_pixels.h"

namespace janus {
namespace {

// A tile, or a strip: where it lies in the image. Its numbers in the file differ by plane.
struct Piece {
  int64_t x, y;
  int64_t width, height;  // the part inside the image
  int64_t rows;           // those stored
};

class Pieces {
 public:
  Pieces(const TiffFile& file, const TiffLayout& layout) : file_(file), layout_(layout) {}

  template <typename Use>
  void for_each(Use use) const {
    for (int64_t y = 0; y < layout_.height; y += layout_.piece_height) {
      for (int64_t x = 0; x < layout_.width; x += layout_.piece_width) {
        const int64_t height = std::min(layout_.piece_height, layout_.height - y);
        use(Piece{x, y, std::min(layout_.piece_width, layout_.width - x), height,
                  layout_.tiled ? layout_.piece_height : height});
      }
    }
  }

  // Throws Error where the file ends before a piece's bytes do, of which compressed ones need one at least.
  void check_bytes() const {
    for_each([&](const Piece& piece) {
      for (size_t plane = 0; plane < layout_.planes(); ++plane) stored(piece, plane);
    });
  }

  // Fills `to`, as many bytes as the piece has decoded in one plane.
  void decode(const Piece& piece, size_t plane, std::span<uint8_t> to) {
    std::span<const std::byte> bytes = stored(piece, plane);
    const bool cut = layout_.compressed && bytes.size() < count_of(number_of(piece, plane));
    // libtiff turns the bits of these files in place, and back.
    if (file_.u16(TIFFTAG_FILLORDER, FILLORDER_MSB2LSB) != FILLORDER_MSB2LSB) {
      turned_.assign(bytes.begin(), bytes.end());
      bytes = turned_;
    }
    const bool decoded =
        TIFFReadFromUserBuffer(file_.handle(), number_of(piece, plane), const_cast<std::byte*>(bytes.data()),
                               static_cast<tmsize_t>(bytes.size()), to.data(),
                               static_cast<tmsize_t>(to.size())) != 0;
    if (cut && (!decoded || !file_.damage().empty())) fail_cut();
    if (!decoded) file_.fail_damaged();
  }

 private:
  uint32_t number_of(const Piece& piece, size_t plane) const {
    const uint16_t sample = layout_.separate ? layout_.used[plane] : 0;
    const auto x = static_cast<uint32_t>(piece.x);
    const auto y = static_cast<uint32_t>(piece.y);
    return layout_.tiled ? TIFFComputeTile(file_.handle(), x, y, 0, sample)
                         : TIFFComputeStrip(file_.handle(), y, sample);
  }

  uint64_t count_of(uint32_t number) const { return TIFFGetStrileByteCount(file_.handle(), number); }

  // The piece's bytes in the file. What is stored plainly has a known size, whatever the file says of it.
  std::span<const std::byte> stored(const Piece& piece, size_t plane) const {
    const uint32_t number = number_of(piece, plane);
    const uint64_t offset = TIFFGetStrileOffset(file_.handle(), number);
    const uint64_t needed = layout_.compressed ? 1 : static_cast<uint64_t>(piece.rows * layout_.row_bytes);
    const ByteView view(file_.bytes(), ByteView::Order::little);
    if (!view.contains(offset, needed)) fail_cut();
    const uint64_t count = layout_.compressed ? count_of(number) : needed;
    check(offset != 0 && count != 0,
          "picture {}: expected pixels in each strip and tile of its TIFF, found one without; "
          "it is damaged or not wholly written",
          file_.name());
    return view.part(offset, count);
  }

  [[noreturn]] void fail_cut() const {
    fail_cut_short(ReadableImageFormat::tiff, file_.bytes().size(), file_.name());
  }

  const TiffFile& file_;
  const TiffLayout& layout_;
  std::vector<std::byte> turned_;
};

void decode_samples(const TiffFile& file, const TiffLayout& layout, Pixels& pixels) {
  TiffPixels converter(file, layout);
  pixels.channels = converter.channels();
  const int64_t out_row = layout.width * pixels.channels;
  pixels.values.resize(static_cast<size_t>(out_row * layout.height));
  const bool direct = converter.is_plain() && !layout.tiled && layout.row_bytes == out_row;
  std::vector<std::vector<uint8_t>> planes(direct ? 0 : layout.planes());
  std::vector<const uint8_t*> rows(planes.size());

  Pieces pieces(file, layout);
  pieces.for_each([&](const Piece& piece) {
    const auto bytes = static_cast<size_t>(piece.rows * layout.row_bytes);
    if (direct) {
      pieces.decode(piece, 0, std::span(pixels.values).subspan(piece.y * out_row, bytes));
      return;
    }
    for (size_t p = 0; p < planes.size(); ++p) {
      // Zeros, so that what a decoder leaves out is the same in every run.
      planes[p].assign(bytes, 0);
      pieces.decode(piece, p, planes[p]);
      rows[p] = planes[p].data();
    }
    for (int64_t y = 0; y < piece.height; ++y) {
      converter.convert(rows, piece.width,
                        &pixels.values[(piece.y + y) * out_row + piece.x * pixels.channels]);
      for (const uint8_t*& row : rows) row += layout.row_bytes;
    }
  });
}

void decode_by_libtiff(const TiffFile& file, const TiffLayout& layout, Pixels& pixels) {
  std::array<char, 1024> reason{};
  TIFFRGBAImage image{};
  constexpr int kStopAtErrors = 1;
  if (TIFFRGBAImageBegin(&image, file.handle(), kStopAtErrors, reason.data()) == 0) file.fail_damaged();
  const std::unique_ptr<TIFFRGBAImage, void (*)(TIFFRGBAImage*)> guard(&image, TIFFRGBAImageEnd);
  image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;  // rows as stored
  std::vector<uint32_t> raster(static_cast<size_t>(layout.width * layout.height));
  if (TIFFRGBAImageGet(&image, raster.data(), image.width, image.height) == 0) file.fail_damaged();

  pixels.channels = 3;
  pixels.values.resize(raster.size() * 3);
  uint8_t* to = pixels.values.data();
  for (const uint32_t value : raster) {
    *to++ = TIFFGetR(value);
    *to++ = TIFFGetG(value);
    *to++ = TIFFGetB(value);
  }
}

}  // namespace

ImageHeader read_tiff_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::tiff;
  // The size first, before libtiff makes room for strips.
  const auto directory = read_tiff_directory(bytes);
  if (!directory || directory->tags.empty()) fail_cut_short(header.format, bytes.size(), name);
  header.width = std::min<uint64_t>(directory->value(TIFFTAG_IMAGEWIDTH, 0), UINT32_MAX);
  header.height = std::min<uint64_t>(directory->value(TIFFTAG_IMAGELENGTH, 0), UINT32_MAX);
  check_size(header, name);

  TiffFile file(bytes, name);
  const TiffLayout layout = read_tiff_layout(file);
  const bool same = layout.width == header.width && layout.height == header.height;
  check(same, "picture {}: expected one size in its TIFF, found {} x {} and {} x {}; it is damaged", name,
        header.width, header.height, layout.width, layout.height);
  header.alpha = layout.alpha;
  header.orientation = layout.orientation;
  if (layout.colors != TiffLayout::Colors::ycbcr) Pieces(file, layout).check_bytes();
  return header;
}

Pixels decode_tiff(const ImageHeader& /*header*/, std::span<const std::byte> bytes, const std::string& name) {
  TiffFile file(bytes, name);
  const TiffLayout layout = read_tiff_layout(file);
  Pixels pixels;
  pixels.width = static_cast<int>(layout.width);
  pixels.height = static_cast<int>(layout.height);
  if (layout.colors == TiffLayout::Colors::ycbcr) {
    decode_by_libtiff(file, layout, pixels);
  } else {
    decode_samples(file, layout, pixels);
  }
  const std::string damage = file.damage();
  if (!damage.empty())
    pixels.warning = fmt::format("picture {}: parts of the TIFF are damaged ({})", name, damage);
  return pixels;
}

}  // namespace janus
