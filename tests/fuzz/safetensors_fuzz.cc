// What read_safetensors lists lies inside the file and fits its shape, whatever the file says.
#include <algorithm>
#include <map>
#include <span>

#include "core/checkpoint/safetensors.h"
#include "tests/core/safetensors_file.h"
#include "tests/fuzz/fuzz.h"

namespace {

using janus::fuzz::require;
using janus::fuzz::takes;

void require_sound(std::span<const std::byte> file, const janus::StoredTensor& tensor) {
  const std::span<const std::byte> bytes = tensor.data.bytes;
  require(bytes.data() >= file.data() && bytes.data() + bytes.size() <= file.data() + file.size(),
          "bytes outside the file");
  const auto elements = static_cast<size_t>(tensor.shape.elements());
  const size_t element = tensor.is_f64() ? sizeof(double) : janus::size_of(tensor.dtype);
  require(!tensor.unreadable.empty() || elements * element == bytes.size(), "another size than the shape's");
}

void read(std::span<const std::byte> file) {
  takes(
      [&] {
        std::map<const std::byte*, const std::byte*> places;
        for (const auto& [name, tensor] : janus::read_safetensors({file, nullptr}, "file", "file")) {
          require_sound(file, tensor);
          const std::span<const std::byte> bytes = tensor.data.bytes;
          if (!bytes.empty())
            require(places.emplace(bytes.data(), bytes.data() + bytes.size()).second, "overlap");
        }
        const std::byte* last = nullptr;
        for (const auto& [begin, end] : places) {
          require(last == nullptr || begin == last, "an overlap or a hole");
          last = end;
        }
      },
      janus::fuzz::require_ascii_line);
}

// The file with the header length that its text calls for: damage to a number mostly shifts what follows, and
// would never get beyond the length otherwise.
std::string with_fitting_length(std::string file) {
  const size_t brace = file.rfind('}');
  if (brace == file.npos || brace < 8) return file;
  const size_t end = std::min(file.find_first_not_of(' ', brace + 1), file.size());
  for (int i = 0; i < 8; ++i) file[i] = static_cast<char>((end - 8) >> (8 * i) & 0xFF);
  return file;
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  using janus::test::safetensors_file;
  const std::string data(24, '\1');
  return {safetensors_file({}),
          safetensors_file({{"a.weight", "F32", {2, 3}, data}, {"a.bias", "BF16", {4}, data.substr(0, 8)}}),
          safetensors_file({{"none", "F16", {0, 7}, ""}, {"scalar", "F64", {}, data.substr(0, 8)}}, 3),
          safetensors_file({{"a", "U8", {2}, "12"}, {"b", "U8", {2}, "34"}, {"c", "I8", {1}, "5"}}),
          safetensors_file({{"conv", "F16", {1, 2, 3, 1, 2}, data}, {"bits", "F4", {6}, "abc"}})};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span file(reinterpret_cast<const char*>(data), size);
  read(std::as_bytes(file));
  const std::string fitting = with_fitting_length({file.begin(), file.end()});
  read(std::as_bytes(std::span(fitting)));
  return 0;
}
