// Makes safetensors files in memory, whole or broken on purpose.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace janus::test {

// The bytes of a safetensors file with this header; `length` is what the file says of its header.
inline std::string safetensors_bytes(std::string_view header, std::string_view data, uint64_t length) {
  std::string file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(length >> (8 * i) & 0xFF));
  return file.append(header).append(data);
}
inline std::string safetensors_bytes(std::string_view header, std::string_view data = "") {
  return safetensors_bytes(header, data, header.size());
}

struct TestTensor {
  std::string name;
  std::string type;
  std::vector<int64_t> shape;
  std::string bytes;
};

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// Spaces before the data start: 0 to 7 make every alignment; real files are padded to 8.
inline std::string safetensors_file(const std::vector<TestTensor>& tensors, size_t misaligned = 0) {
  nlohmann::json header;
  header["__metadata__"] = {{"format", "pt"}};
  std::string data;
  for (const TestTensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", tensor.type},
                           {"shape", tensor.shape},
                           {"data_offsets", {data.size(), data.size() + tensor.bytes.size()}}};
    data += tensor.bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8 + misaligned, ' ');
  return safetensors_bytes(text, data);
}

}  // namespace janus::test
