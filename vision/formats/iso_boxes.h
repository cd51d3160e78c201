// The boxes of ISO base media files (ISO/IEC 14496-12), of which HEIF is one kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "vision/formats/byte_view.h"

namespace janus {

struct IsoBox {
  uint64_t type_position = 0;  // where its four letters stand
  uint64_t start = 0;          // of its content, behind the header
  uint64_t end = 0;            // may lie behind the end of the file
};

// The box that begins at `position`, at most up to `end`, where one does. A size of 0 means: to `end`.
std::optional<IsoBox> iso_box_at(const ByteView& file, uint64_t position, uint64_t end);

// The boxes one behind another in [position, end); those that reach behind `end` are the last.
std::vector<IsoBox> iso_boxes(const ByteView& file, uint64_t position, uint64_t end);

// The first box of that type; nothing if there is none.
std::optional<IsoBox> find_iso_box(const ByteView& file, const std::vector<IsoBox>& boxes,
                                   std::string_view type);

}  // namespace janus
