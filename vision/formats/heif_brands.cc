#include "vision/formats/heif_brands.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace janus {
namespace {

constexpr std::string_view kAvifBrands[] = {"avif", "avis", "avio"};
constexpr std::string_view kHeicBrands[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs",
                                            "mif1", "mif2", "msf1", "miaf", "avci", "avcs", "j2ki"};

bool names_one_of(const ByteView& start, std::span<const std::string_view> brands) {
  if (!start.has_text(4, "ftyp")) return false;
  constexpr uint64_t kMostBytes = 1024;
  const uint64_t size = uint64_t{start.u8(0)} << 24 | start.u8(1) << 16 | start.u8(2) << 8 | start.u8(3);
  const uint64_t end = std::min(size, kMostBytes);
  for (uint64_t at = 8; at + 4 <= end; at += at == 8 ? 8 : 4) {  // the version stands behind the main brand
    const auto is_here = [&](std::string_view brand) { return start.has_text(at, brand); };
    if (std::any_of(brands.begin(), brands.end(), is_here)) return true;
  }
  return false;
}

}  // namespace

bool is_avif(const ByteView& start) { return names_one_of(start, kAvifBrands); }
bool is_heic(const ByteView& start) { return !is_avif(start) && names_one_of(start, kHeicBrands); }

}  // namespace janus
