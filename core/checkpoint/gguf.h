// The GGUF container, version 3: metadata by key, tensors by name, then their bytes.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
//
// A file of ours is a whole model: beside the keys that every reader knows it carries the files of the
// model's folder under `janus.file.NAME`, and its tensors have the names they have there. docs/checkpoint.md
// lists the keys.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/file_set.h"
#include "core/checkpoint/stored_tensor.h"

namespace janus {

inline constexpr std::string_view kGgufMagic = "GGUF";
inline constexpr std::string_view kGgufEnding = ".gguf";
inline constexpr std::string_view kGgufArchitecture = "janus";

struct GgufContent {
  std::map<std::string, FileBytes> files;       // of the model's folder, by name
  std::map<std::string, StoredTensor> tensors;  // under the names of the model's folder
};

// Lists what a file holds without reading its tensors; everything refers to `file` and keeps it. `name` is
// the file's name, `where` its path for messages. Throws Error naming file, key or tensor, expected and found
// for another architecture or version and for anything the format forbids: counts, lengths and offsets that
// overflow or lead beyond the file, duplicate names, sizes of zero, unknown types, rows that are no whole
// number of blocks, tensors that overlap or leave holes.
GgufContent read_gguf(const FileBytes& file, const std::string& name, const std::string& where);

// Whether the file at `path` begins as a GGUF file does. Throws Error if it cannot be read.
bool is_gguf(const std::string& path);
// A GGUF file as the folder it was made of, with the file itself under its own name, which ends in ".gguf".
FileSet gguf_files(const std::string& path);

// Everything of a file that stands before its tensors' bytes.
class GgufHeader {
 public:
  void add_string(std::string_view key, std::string_view text);  // of UTF-8
  void add_bytes(std::string_view key, std::span<const std::byte> bytes);
  void add_u32(std::string_view key, uint32_t number);
  void add_f32(std::string_view key, float number);
  // `janus.file.NAME`, as text where it is UTF-8.
  void add_file(std::string_view name, std::span<const std::byte> bytes);
  // From here on tensors whose names begin with `full` are written as `brief` and the rest: the format takes
  // names of at most 63 bytes.
  void abbreviate(std::string_view brief, std::string_view full);
  // The next tensor in the file. Throws Error for a name that is too long, or a type that GGUF has no number
  // for.
  void add_tensor(const std::string& name, DType dtype, const Shape& shape);

  // The header's bytes, with the padding before the first tensor.
  std::string bytes() const;
  // Zeros that follow a tensor of `bytes` bytes.
  static uint64_t padding(uint64_t bytes);
  // The bytes of all tensors added so far, with their padding.
  uint64_t tensor_bytes() const { return tensor_bytes_; }

 private:
  void add_key(std::string_view key, uint32_t type);

  std::string keys_, tensors_;
  uint64_t key_count_ = 0, tensor_count_ = 0, tensor_bytes_ = 0;
  std::vector<std::pair<std::string, std::string>> abbreviations_;  // brief, full
};

}  // namespace janus
