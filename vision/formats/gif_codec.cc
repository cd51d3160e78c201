#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

constexpr int kChannels = 3;
constexpr int kMostCodes = 4096;

// A GIF in memory, opened and read up to the data of its only frame.
class GifFrame {
 public:
  // Throws Error where giflib does not find the frame.
  GifFrame(std::span<const std::byte> bytes, const std::string& name) : rest_(bytes) {
    int code = 0;
    file_.reset(DGifOpen(this, read, &code));
    bool found = false;
    for (GifRecordType type{}; file_ && !found && DGifGetRecordType(file_.get(), &type) == GIF_OK;) {
      if (type == IMAGE_DESC_RECORD_TYPE) {
        found = DGifGetImageDesc(file_.get()) == GIF_OK;
        if (!found) break;
      } else if (type != EXTENSION_RECORD_TYPE || !read_extension()) {
        break;
      }
    }
    // What giflib took last is the code size before the blocks of codes.
    const size_t taken = bytes.size() - rest_.size();
    code_size_ = taken > 0 ? static_cast<int>(bytes[taken - 1]) : 0;
    check(found && file_->SColorMap != nullptr,
          "picture {}: expected a GIF that decodes, found it damaged where its first frame begins; copy or "
          "download it again",
          name);
  }

  GifFileType* file() const { return file_.get(); }
  int code_size() const { return code_size_; }
  int transparent_index() const { return transparent_; }  // -1: none

 private:
  static int read(GifFileType* file, GifByteType* to, int count) {
    auto& rest = static_cast<GifFrame*>(file->UserData)->rest_;
    const size_t taken = std::min<size_t>(rest.size(), std::max(count, 0));
    if (taken > 0) std::memcpy(to, rest.data(), taken);
    rest = rest.subspan(taken);
    return static_cast<int>(taken);
  }

  bool read_extension() {
    int kind = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(file_.get(), &kind, &block) != GIF_OK) return false;
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (kind == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent_ = control.TransparentColor;
      }
      if (DGifGetExtensionNext(file_.get(), &block) != GIF_OK) return false;
    }
    return true;
  }

  struct Close {
    void operator()(GifFileType* file) const { DGifCloseFile(file, nullptr); }
  };

  std::span<const std::byte> rest_;
  int code_size_ = 0;
  int transparent_ = NO_TRANSPARENT_COLOR;
  std::unique_ptr<GifFileType, Close> file_;
};

// How many pixels stand before the first code that is wrong, the end code or the end of the data. giflib
// makes up pixels for codes that its table does not have, and says nothing.
int64_t count_sound_pixels(const GifFrame& gif, int64_t most) {
  const int clear = 1 << gif.code_size();
  const int first = clear + 2;
  std::array<int, kMostCodes> lengths{};
  std::fill_n(lengths.begin(), clear, 1);
  int next = first;  // the code that is defined next
  int last = -1;     // the code before; -1 behind a clear code
  int64_t pixels = 0;
  for (int code = 0; pixels < most && DGifGetLZCodes(gif.file(), &code) == GIF_OK && code >= 0;) {
    if (code == clear) {
      next = first;
      last = -1;
      continue;
    }
    const bool own_prefix = code == next && last >= 0 && next < kMostCodes;
    if (code >= next && !own_prefix) break;
    const int length = own_prefix ? lengths[last] + 1 : lengths[code];
    if (last >= 0 && next < kMostCodes) lengths[next++] = lengths[last] + 1;
    pixels += length;
    last = code;
  }
  return std::min(pixels, most);
}

// The image's row that comes as number `order` in an interlaced file: every 8th, those between, and so on.
int interlaced_row(int order, int height) {
  struct Pass {
    int start, step;
  };
  for (const Pass& pass : {Pass{0, 8}, Pass{4, 8}, Pass{2, 4}, Pass{1, 2}}) {
    const int rows = height <= pass.start ? 0 : (height - pass.start - 1) / pass.step + 1;
    if (order < rows) return pass.start + order * pass.step;
    order -= rows;
  }
  return height - 1;
}

// Paints `count` pixels; false where an index lies beyond the colour table.
bool paint(const GifPixelType* indices, int count, const GifFrame& gif, uint8_t* to) {
  const ColorMapObject& colors = *gif.file()->SColorMap;
  bool known = true;
  for (int i = 0; i < count; ++i, to += kChannels) {
    const int index = indices[i];
    if (index >= colors.ColorCount) known = false;
    if (index == gif.transparent_index() || index >= colors.ColorCount) continue;
    to[0] = colors.Colors[index].Red;
    to[1] = colors.Colors[index].Green;
    to[2] = colors.Colors[index].Blue;
  }
  return known;
}

}  // namespace

// `bytes` hold one frame that fills its screen (read_gif_header). What is transparent, missing or of a colour
// beyond the table is white here already: a fourth channel would cost a large screen much memory for one bit.
Pixels decode_gif(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  const GifFrame gif(bytes, name);
  const GifImageDesc& frame = gif.file()->Image;
  const int64_t most = int64_t{frame.Width} * frame.Height;
  int64_t left = count_sound_pixels(GifFrame(bytes, name), most);
  if (left == 0 && !header.warning.empty()) fail_cut_short(header.format, bytes.size(), name);
  check(left > 0,
        "picture {}: expected a GIF that decodes, found its first pixel damaged; copy or download it again",
        name);

  Pixels pixels{frame.Width, frame.Height, kChannels, {}};
  pixels.values.assign(static_cast<size_t>(most) * kChannels, 255);
  if (left < most) {
    pixels.warning = "picture " + name + ": the GIF is damaged; the part that is missing is blank";
  }
  std::vector<GifPixelType> row(frame.Width);
  bool known = true;
  for (int order = 0; left > 0; ++order) {
    const int count = static_cast<int>(std::min<int64_t>(frame.Width, left));
    if (DGifGetLine(gif.file(), row.data(), count) != GIF_OK) break;
    const int y = frame.Interlace ? interlaced_row(order, frame.Height) : order;
    known = paint(row.data(), count, gif, &pixels.values[size_t{3} * y * frame.Width]) && known;
    left -= count;
  }
  if (!known && pixels.warning.empty()) {
    pixels.warning =
        "picture " + name + ": the GIF uses colours that it does not define; they are left white";
  }
  return pixels;
}

}  // namespace janus
