// What read_gguf lists lies inside the file and fits its shape, whatever the file says.
#include <map>
#include <span>

#include "core/checkpoint/gguf.h"
#include "tests/core/gguf_file.h"
#include "tests/fuzz/fuzz.h"

namespace {

using janus::fuzz::require;
using janus::fuzz::takes;

void require_inside(std::span<const std::byte> file, std::span<const std::byte> bytes) {
  require(bytes.empty() ||
              (bytes.data() >= file.data() && bytes.data() + bytes.size() <= file.data() + file.size()),
          "bytes outside the file");
}

void read(std::span<const std::byte> file) {
  takes(
      [&] {
        const janus::GgufContent content = janus::read_gguf({file, nullptr}, "file", "file");
        for (const auto& [name, part] : content.files) require_inside(file, part.bytes);
        std::map<const std::byte*, const std::byte*> places;
        for (const auto& [name, tensor] : content.tensors) {
          const std::span<const std::byte> bytes = tensor.data.bytes;
          require_inside(file, bytes);
          require(tensor.unreadable.empty() && !bytes.empty() &&
                      janus::bytes_of(tensor.dtype, tensor.shape.elements()) == bytes.size(),
                  "another size than the shape's");
          require(places.emplace(bytes.data(), bytes.data() + bytes.size()).second, "overlap");
        }
        const std::byte* last = nullptr;
        for (const auto& [begin, end] : places) {
          require(last == nullptr || begin >= last, "an overlap");
          last = end;
        }
      },
      janus::fuzz::require_ascii_line);
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  using namespace janus::test;
  const std::string data(200, '\1');
  std::vector<std::string> seeds{
      gguf_file({}),
      gguf_file({.tensors = {gguf_tensor("a", {3, 2}, 0, 0), gguf_tensor("b", {32, 2}, 8, 32)},
                 .data = data.substr(0, 100)}),
      gguf_file({.keys = gguf_keys({gguf_string("janus.prefix.v", "model.vision"),
                                    gguf_bytes("janus.file.tokenizer.model", "abc")}),
                 .tensors = {gguf_tensor("v.a", {256}, 12, 0), gguf_tensor("v.b", {1}, 1, 160)},
                 .data = data.substr(0, 162)}),
      gguf_file({.keys = gguf_keys({gguf_u32("general.alignment", 8)}),
                 .tensors = {gguf_tensor("a", {1, 1, 1, 1}, 30, 0), gguf_tensor("b", {2}, 0, 8)},
                 .data = data.substr(0, 16),
                 .alignment = 8}),
      gguf_file({.keys = gguf_keys({Bytes()
                                        .string("list")
                                        .number<uint32_t>(9)
                                        .number<uint32_t>(8)
                                        .number<uint64_t>(2)
                                        .string("x")
                                        .string("yz")
                                        .text()})})};
  for (const janus::DType type : janus::weight_types()) {
    const uint32_t number = janus::format_of(type).ggml_type;
    seeds.push_back(gguf_file({.tensors = {gguf_tensor("t", {256}, number, 0)},
                               .data = std::string(janus::bytes_of(type, 256), 'd')}));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span file(reinterpret_cast<const char*>(data), size);
  read(std::as_bytes(file));
  return 0;
}
