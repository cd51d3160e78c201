#include "vision/formats/heif_items.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/base/error.h"
#include "vision/formats/heif_brands.h"
#include "vision/formats/iso_boxes.h"

namespace janus {
namespace {

struct Link {
  std::string_view kind;
  uint64_t kind_position = 0;
  uint32_t from = 0;
  std::vector<uint32_t> to;
};

struct Item {
  std::string kind;  // four letters: hvc1, av01, grid, Exif
  IsoBox box;
};

// What the meta box says, of which this file takes no more than it needs.
struct Meta {
  uint32_t primary = 0;
  std::map<uint32_t, Item> items;
  std::vector<Link> links;
  std::vector<IsoBox> properties;
  std::map<uint32_t, std::vector<size_t>> properties_of;  // item -> places in `properties`
};

// Numbers of 2 or 4 bytes, one behind another.
struct Reader {
  const ByteView& view;
  uint64_t position;

  uint32_t next(int bytes) {
    const uint32_t value = bytes == 1   ? view.u8(position)
                           : bytes == 2 ? view.u16(position)
                                        : view.u32(position);
    position += bytes;
    return value;
  }
};

void read_items(const ByteView& view, const IsoBox& list, Meta& meta) {
  const int count_bytes = view.u8(list.start) == 0 ? 2 : 4;
  for (const IsoBox& box : iso_boxes(view, list.start + 4 + count_bytes, list.end)) {
    const int version = view.u8(box.start);
    if (!view.has_text(box.type_position, "infe") || version < 2) continue;
    Reader reader{view, box.start + 4};
    const uint32_t id = reader.next(version == 2 ? 2 : 4);
    reader.next(2);  // protection
    Item item{"", box};
    for (int i = 0; i < 4; ++i) item.kind += static_cast<char>(reader.next(1));
    meta.items.emplace(id, std::move(item));
  }
}

void read_links(const ByteView& view, const IsoBox& list, Meta& meta) {
  const int id_bytes = view.u8(list.start) == 0 ? 2 : 4;
  for (const IsoBox& box : iso_boxes(view, list.start + 4, list.end)) {
    Link link;
    link.kind_position = box.type_position;
    for (const std::string_view kind : {"dimg", "auxl", "prem"}) {
      if (view.has_text(box.type_position, kind)) link.kind = kind;
    }
    Reader reader{view, box.start};
    link.from = reader.next(id_bytes);
    const uint32_t count = reader.next(2);
    for (uint32_t i = 0; i < count && reader.position + id_bytes <= box.end; ++i) {
      link.to.push_back(reader.next(id_bytes));
    }
    meta.links.push_back(std::move(link));
  }
}

void read_properties(const ByteView& view, const IsoBox& box, Meta& meta) {
  const auto parts = iso_boxes(view, box.start, box.end);
  const auto container = find_iso_box(view, parts, "ipco");
  if (!container) return;
  meta.properties = iso_boxes(view, container->start, container->end);
  for (const IsoBox& part : parts) {
    if (!view.has_text(part.type_position, "ipma")) continue;
    const int id_bytes = view.u8(part.start) == 0 ? 2 : 4;
    const int index_bytes = (view.u8(part.start + 3) & 1) != 0 ? 2 : 1;
    Reader reader{view, part.start + 4};
    const uint32_t count = reader.next(4);
    for (uint32_t i = 0; i < count && reader.position < part.end; ++i) {
      auto& places = meta.properties_of[reader.next(id_bytes)];
      for (uint32_t left = reader.next(1); left > 0; --left) {
        const uint32_t index =
            reader.next(index_bytes) & (index_bytes == 1 ? 0x7F : 0x7FFF);  // the rest: essential
        if (index > 0 && index <= meta.properties.size()) places.push_back(index - 1);
      }
    }
  }
}

Meta read_meta(const ByteView& view, const IsoBox& box, const std::string& name, const char* format) {
  Meta meta;
  const auto parts = iso_boxes(view, box.start + 4, box.end);
  const auto primary = find_iso_box(view, parts, "pitm");
  const auto items = find_iso_box(view, parts, "iinf");
  check(primary && items,
        "picture {}: expected {} {} with a primary image, found none in it; convert the original anew", name,
        "an", format);
  meta.primary = view.u8(primary->start) == 0 ? view.u16(primary->start + 4) : view.u32(primary->start + 4);
  read_items(view, *items, meta);
  if (const auto links = find_iso_box(view, parts, "iref")) read_links(view, *links, meta);
  if (const auto properties = find_iso_box(view, parts, "iprp")) read_properties(view, *properties, meta);
  return meta;
}

bool holds_alpha(const ByteView& view, const Meta& meta, uint32_t id) {
  const auto found = meta.properties_of.find(id);
  if (found == meta.properties_of.end()) return false;
  return std::any_of(found->second.begin(), found->second.end(), [&](size_t place) {
    const IsoBox& property = meta.properties[place];
    const uint64_t kind = property.start + 4;
    return view.has_text(property.type_position, "auxC") &&
           (view.has_text(kind, "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha") ||
            view.has_text(kind, "urn:mpeg:avc:2015:auxid:1") ||
            view.has_text(kind, "urn:mpeg:hevc:2015:auxid:1"));
  });
}

// Collects what the item is made of, and refuses what libheif would not decode or not survive.
class Parts {
 public:
  Parts(const Meta& meta, const std::string& name, const char* format)
      : meta_(meta), name_(name), format_(format) {}

  void add(uint32_t id, int depth = 0) {
    constexpr int kDeepest = 8;
    constexpr int kMostDecodes = 16384;
    check(depth < kDeepest && ++decodes_ <= kMostDecodes,
          "picture {}: expected {} made of at most {} images, {} deep, found more; it is damaged", name_,
          format_, kMostDecodes, kDeepest);
    const auto item = meta_.items.find(id);
    check(item != meta_.items.end(),
          "picture {}: expected {} with its image {}, found no such item; it is damaged", name_, format_, id);
    check_kind(item->second.kind);
    ids_.insert(id);
    const bool derived =
        item->second.kind == "grid" || item->second.kind == "iovl" || item->second.kind == "iden";
    if (!derived) return;
    for (const Link& link : meta_.links) {
      if (link.kind != "dimg" || link.from != id) continue;
      for (const uint32_t part : link.to) add(part, depth + 1);
    }
  }
  bool contains(uint32_t id) const { return ids_.contains(id); }

 private:
  void check_kind(const std::string& kind) const {
    for (const char* known : {"hvc1", "av01", "grid", "iovl", "iden"}) {
      if (kind == known) return;
    }
    struct Coding {
      const char* kind;
      const char* found;
    };
    for (const Coding& coding :
         {Coding{"avc1", "H.264"}, Coding{"vvc1", "H.266"}, Coding{"jpeg", "JPEG"},
          Coding{"j2k1", "JPEG 2000"}, Coding{"unci", "uncompressed"}, Coding{"tmap", "tone-mapped"}}) {
      check(kind != coding.kind,
            "picture {}: expected {} with HEVC or AV1 pixels, found {} ones; convert it to PNG or JPEG",
            name_, format_, coding.found);
    }
    fail(
        "picture {}: expected {} with HEVC or AV1 pixels, found an item of another kind; convert it to PNG "
        "or JPEG",
        name_, format_);
  }

  const Meta& meta_;
  const std::string& name_;
  const char* format_;
  std::set<uint32_t> ids_;
  int decodes_ = 0;
};

std::optional<uint32_t> find_alpha(const ByteView& view, const Meta& meta, const Parts& parts,
                                   const std::string& name) {
  bool of_part = false;
  for (const Link& link : meta.links) {
    if (link.kind != "auxl" || !holds_alpha(view, meta, link.from)) continue;
    if (std::find(link.to.begin(), link.to.end(), meta.primary) != link.to.end()) return link.from;
    of_part = of_part ||
              std::any_of(link.to.begin(), link.to.end(), [&](uint32_t id) { return parts.contains(id); });
  }
  check(!of_part,
        "picture {}: expected transparency of the whole image, found it in its parts; convert it to PNG",
        name);
  return std::nullopt;
}

void write_text(std::vector<std::byte>& file, uint64_t position, std::string_view text) {
  for (const char letter : text) file[position++] = static_cast<std::byte>(letter);
}

}  // namespace

HeifItems read_heif_items(std::span<const std::byte> bytes, const std::string& name) {
  const ByteView view(bytes, ByteView::Order::big);
  const ReadableImageFormat format = is_avif(view) ? ReadableImageFormat::avif : ReadableImageFormat::heic;
  const auto boxes = iso_boxes(view, 0, view.size());
  const auto meta_box = find_iso_box(view, boxes, "meta");
  for (const char* kind : {"meta", "mdat", "moov"}) {
    const auto box = find_iso_box(view, boxes, kind);
    if (box && box->end > view.size()) fail_cut_short(format, bytes.size(), name);
  }
  if (!meta_box) {
    check(
        find_iso_box(view, boxes, "moov").has_value() || view.has_text(8, "avis") || view.has_text(8, "msf1"),
        "picture {}: expected a whole {}, found no image in its {} bytes; copy or download it again", name,
        name_of(format), bytes.size());
    fail(
        "picture {}: expected a still image, found an {} image sequence without one; save a frame of it as "
        "PNG or JPEG",
        name, name_of(format));
  }

  const Meta meta = read_meta(view, *meta_box, name, name_of(format));
  HeifItems items;
  items.format = format;
  items.primary = meta.primary;
  Parts parts(meta, name, name_of(format));
  parts.add(meta.primary);
  items.alpha = find_alpha(view, meta, parts, name);
  if (items.alpha) parts.add(*items.alpha);

  items.file.assign(bytes.begin(), bytes.end());
  for (const auto& [id, item] : meta.items) {
    constexpr std::byte kHidden{1};
    if (parts.contains(id)) {
      items.file[item.box.start + 3] &= ~kHidden;
    } else {
      write_text(items.file, item.box.type_position, "free");
    }
  }
  for (const Link& link : meta.links) {
    if (link.kind == "prem" && link.from == meta.primary) items.premultiplied = items.alpha.has_value();
    if (link.kind != "dimg" || !parts.contains(link.from)) write_text(items.file, link.kind_position, "free");
  }
  return items;
}

}  // namespace janus
