// What read_torch_pickle lists lies inside the file or is a copy as large as its shape, whatever the file
// says.
#include <span>
#include <string_view>

#include "core/checkpoint/torch_pickle.h"
#include "core/checkpoint/zip_archive.h"
#include "tests/core/torch_file.h"
#include "tests/fuzz/fuzz.h"

namespace {

using janus::test::TorchTensor;
using janus::test::ZipPart;
namespace pickle = janus::test::pickle;

using janus::fuzz::require;
using janus::fuzz::takes;

void require_sound(const janus::StoredTensor& tensor) {
  const std::span<const std::byte> bytes = tensor.data.bytes;
  unsigned sum = 0;
  for (const std::byte byte : bytes) sum += std::to_integer<unsigned>(byte);  // all of them are there
  const auto elements = static_cast<size_t>(tensor.shape.elements());
  const size_t element = tensor.is_f64() ? sizeof(double) : janus::size_of(tensor.dtype);
  require(!tensor.unreadable.empty() || elements * element == bytes.size(), "another size than the shape's");
  require(sum <= 255 * bytes.size(), "a sum");
}

void read(std::span<const std::byte> file, bool verify) {
  takes(
      [&] {
        for (const auto& [name, tensor] : janus::read_torch_pickle({file, nullptr}, "file", "file", verify)) {
          require_sound(tensor);
        }
      },
      janus::fuzz::require_ascii_line);
}

// The archive anew around the entries as they are, so that checksums are right: damage to the pickle would
// never get beyond them.
std::string with_right_checksums(std::span<const std::byte> file) {
  std::vector<ZipPart> parts;
  takes(
      [&] {
        for (const auto& [name, entry] : janus::read_zip(file, "file")) {
          const auto* begin = reinterpret_cast<const char*>(entry.bytes.data());
          parts.push_back({.name = name, .bytes = {begin, begin + entry.bytes.size()}});
        }
      },
      janus::fuzz::require_ascii_line);
  return janus::test::ZipFile(parts).bytes();
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  using janus::test::state_dict_parts;
  using janus::test::torch_parts;
  using janus::test::ZipFile;
  const std::string data(24, '\1');
  const std::vector<TorchTensor> tensors{
      {.name = "a.weight", .type = "FloatStorage", .sizes = {2, 3}, .bytes = data},
      {.name = "a.turned", .type = "FloatStorage", .sizes = {3, 2}, .strides = {1, 3}, .key = "0"},
      {.name = "a.bias", .type = "BFloat16Storage", .sizes = {4}, .bytes = data.substr(0, 8)},
      {.name = "none", .type = "HalfStorage", .sizes = {0, 7}, .bytes = ""},
      {.name = "scalar", .type = "LongStorage", .sizes = {}, .bytes = data.substr(0, 8)}};
  const std::string first = janus::test::rebuilt_tensor(tensors[0], "0", 6);
  const std::string wrapped =
      pickle::dictionary(pickle::text("epoch") + pickle::number(70000) + pickle::text("state_dict") +
                         pickle::dictionary(pickle::text("t") +
                                            pickle::call(pickle::global("torch._utils", "_rebuild_parameter"),
                                                         first + "\x88" + pickle::ordered_dict())));
  const std::vector<ZipPart> storage{{.name = "archive/data/0", .bytes = data}};
  const std::string harm = pickle::call(pickle::global("os", "system"), pickle::text("true"));
  const std::string memo =
      std::string("}q") + '\0' + "(" + pickle::text("t") + "q\1" + first + "h\1h" + '\0' + "\x86u";
  return {ZipFile({}).bytes(),
          ZipFile(state_dict_parts(tensors), {.alignment = 1}).bytes(),
          ZipFile(state_dict_parts(tensors, "m/"), {.zip64 = true, .alignment = 1}).bytes(),
          ZipFile(torch_parts(pickle::whole(wrapped), storage), {.alignment = 1}).bytes(),
          ZipFile(torch_parts(pickle::whole(memo), storage), {.alignment = 1}).bytes(),
          ZipFile(torch_parts(pickle::whole(harm), storage), {.alignment = 1}).bytes()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span file(reinterpret_cast<const std::byte*>(data), size);
  read(file, /*verify=*/false);
  const std::string right = with_right_checksums(file);
  read(std::as_bytes(std::span(right)), /*verify=*/true);
  return 0;
}
