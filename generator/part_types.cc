#include "generator/part_types.h"

#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "core/base/error.h"

namespace janus {
namespace {

constexpr std::array<std::pair<const char*, WeightType PartTypes::*>, 5> kParts{
    {{"language", &PartTypes::language},
     {"heads", &PartTypes::heads},
     {"vision", &PartTypes::vision},
     {"vq", &PartTypes::vq},
     {"vae", &PartTypes::vae}}};

bool is_block_format(WeightType type) { return type != WeightType::native && is_quantized(type.dtype()); }

}  // namespace

PartTypes::PartTypes(WeightType type) : language(type), heads(type), vision(type), vq(type), vae(type) {
  if (is_block_format(type)) heads = vision = DType::q8_0;
  if (is_block_format(type) || type == WeightType::f16) vq = vae = WeightType::native;
}

WeightType& PartTypes::operator[](std::string_view part) {
  for (const auto& [name, member] : kParts) {
    if (name == part) return this->*member;
  }
  fail("part of the model: expected one of {}, found {}; name one of these", fmt::join(part_names(), ", "),
       part);
}

void PartTypes::check() const {
  for (const auto& [name, type] : {std::pair("vq", vq), std::pair("vae", vae)}) {
    janus::check(!is_block_format(type), "type of {}: expected native, f32, f16 or bf16, found {}", name,
                 name_of(type));
  }
}

std::vector<std::string> part_names() {
  std::vector<std::string> names;
  for (const auto& [name, member] : kParts) names.emplace_back(name);
  return names;
}

}  // namespace janus
