// NumPy's files: of an array that was read, the same is written and read again.
#include <cstring>

#include "cli/io/npy.h"
#include "tests/fuzz/fuzz.h"

namespace {

std::string written(const janus::Array& array) {
  const std::vector<std::byte> file = janus::cli::npy_file(array);
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// Of version 2.0 or 3.0, whose header has a length of four bytes.
std::string of_version(char version, const std::string& dictionary, const std::string& values) {
  const std::string start = std::string("\x93NUMPY") + version + '\0';
  return start + static_cast<char>(dictionary.size()) + std::string(3, '\0') + dictionary + values;
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  const std::string two = written({.shape = {1, 2}, .values = {1.5F, -2.0F}});
  return {two,
          written({.shape = {}, .values = {7.0F}}),
          written({.shape = {3, 0, 2}, .values = {}}),
          of_version(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", std::string(8, '\1')),
          of_version(3, "{'shape': (1, 1), 'fortran_order': False, 'descr': '<f4'}\n", "abcd"),
          of_version(2, "{'descr': '>f8', 'fortran_order': True, 'shape': (1,), }\n", std::string(8, '\1'))};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file = janus::fuzz::text_of(data, size);
  (void)janus::cli::is_npy(file);
  janus::fuzz::takes([&] {
    const janus::Array array = janus::cli::read_npy(file, "latent");
    size_t elements = 1;
    for (const int64_t length : array.shape) elements *= static_cast<size_t>(length);
    janus::fuzz::require(elements == array.values.size(), "as many values as the shape says");
    const janus::Array again = janus::cli::read_npy(written(array), "again");
    janus::fuzz::require(
        again.shape == array.shape &&
            (elements == 0 || std::memcmp(again.values.data(), array.values.data(), 4 * elements) == 0),
        "the same array from what was written of it");
  });
  return 0;
}
