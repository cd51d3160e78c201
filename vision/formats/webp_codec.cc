// WebP by libwebp. Of an animation the first frame counts, placed on its canvas.
#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

#include <memory>

#include "core/base/error.h"
#include "vision/formats/byte_view.h"
#include "vision/formats/codecs.h"
#include "vision/formats/exif.h"

namespace janus {
namespace {

const uint8_t* as_webp(std::span<const std::byte> bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

using Demuxer = std::unique_ptr<WebPDemuxer, void (*)(WebPDemuxer*)>;

// Throws where the file is cut short or its structure is damaged.
Demuxer open(std::span<const std::byte> bytes, const std::string& name) {
  const WebPData data{as_webp(bytes), bytes.size()};
  WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
  Demuxer demuxer(WebPDemuxPartial(&data, &state), WebPDemuxDelete);
  if (state == WEBP_DEMUX_PARSING_HEADER || state == WEBP_DEMUX_PARSED_HEADER) {
    fail_cut_short(ReadableImageFormat::webp, bytes.size(), name);
  }
  check(demuxer != nullptr && state == WEBP_DEMUX_DONE,
        "picture {}: expected a WebP whose parts fit together, found others; it is damaged", name);
  return demuxer;
}

// The first image of the file: its own chunks, and where it stands on the canvas.
WebPIterator first_frame(const Demuxer& demuxer, const std::string& name) {
  WebPIterator frame{};
  check(WebPDemuxGetFrame(demuxer.get(), 1, &frame) != 0 && frame.complete != 0,
        "picture {}: expected a WebP with pixels, found none in it; copy or download it again", name);
  return frame;
}

int exif_of(const Demuxer& demuxer) {
  WebPChunkIterator chunk{};
  if (WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  const int orientation = exif_orientation(std::as_bytes(std::span(chunk.chunk.bytes, chunk.chunk.size)));
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace

ImageHeader read_webp_header(std::span<const std::byte> bytes, const std::string& name) {
  ImageHeader header;
  header.format = ReadableImageFormat::webp;
  const ByteView view(bytes, ByteView::Order::little);
  if (view.has_text(12, "VP8X")) {  // a canvas without frames has a size to complain of
    header.width = int64_t{view.u24(24)} + 1;
    header.height = int64_t{view.u24(27)} + 1;
    check_size(header, name);
  }
  const Demuxer demuxer = open(bytes, name);
  header.width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  header.height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  header.orientation = exif_of(demuxer);
  check_size(header, name);
  WebPIterator frame = first_frame(demuxer, name);
  header.frame_left = frame.x_offset;
  header.frame_top = frame.y_offset;
  header.frame_width = frame.width;
  header.frame_height = frame.height;
  WebPDemuxReleaseIterator(&frame);
  return header;
}

Pixels decode_webp(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  const Demuxer demuxer = open(bytes, name);
  WebPIterator frame = first_frame(demuxer, name);
  const int channels = frame.has_alpha != 0 ? 4 : 3;
  Pixels pixels{frame.width, frame.height, channels, {}};
  pixels.values.resize(static_cast<size_t>(frame.width) * frame.height * channels);
  const auto decode = channels == 4 ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  const bool decoded = decode(frame.fragment.bytes, frame.fragment.size, pixels.values.data(),
                              pixels.values.size(), frame.width * channels) != nullptr;
  WebPDemuxReleaseIterator(&frame);
  check(decoded, "picture {}: expected a WebP that decodes, found it damaged; copy or download it again",
        name);
  check(pixels.width == header.frame_width && pixels.height == header.frame_height,
        "picture {}: expected {} x {} pixels as its header says, found {} x {}; it is damaged", name,
        header.frame_width, header.frame_height, pixels.width, pixels.height);
  return pixels;
}

std::vector<std::byte> encode_webp(const Image& image, int quality) {
  uint8_t* bytes = nullptr;
  const auto* pixels = image.pixels.data();
  const int row_bytes = image.width * 3;
  const size_t count =
      quality == kQualities.high
          ? WebPEncodeLosslessRGB(pixels, image.width, image.height, row_bytes, &bytes)
          : WebPEncodeRGB(pixels, image.width, image.height, row_bytes, static_cast<float>(quality), &bytes);
  const std::unique_ptr<uint8_t, void (*)(void*)> owner(bytes, WebPFree);
  check(count > 0, "picture of {} x {}: expected it to fit a WebP, found that it does not; write a PNG",
        image.width, image.height);
  const auto* begin = reinterpret_cast<const std::byte*>(bytes);
  return {begin, begin + count};
}

}  // namespace janus
