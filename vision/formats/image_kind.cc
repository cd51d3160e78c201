#include "vision/image_kind.h"

#include "vision/formats/codecs.h"
#include "vision/formats/foreign_kind.h"

namespace janus {

std::optional<ImageKind> image_kind_of(std::span<const std::byte> head) {
  if (const auto format = format_of(head)) return ImageKind{name_of(*format), /*readable=*/true};
  const ForeignKind kind = foreign_kind(head);
  return kind.image.empty() ? std::nullopt : std::optional(ImageKind{kind.image});
}

}  // namespace janus
