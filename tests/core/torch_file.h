// Makes files of torch.save in memory or sparse on disk, whole or broken on purpose.
#pragma once

#include <cstdint>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/crc32.h"

namespace janus::test {

inline std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  return text;
}

// -- zip
// -----------------------------------------------------------------------------------------------------

struct ZipPart {
  std::string name;
  std::string bytes = {};
  uint64_t hole_bytes = 0;           // as many zeros, not written, in place of `bytes`
  std::optional<uint32_t> crc = {};  // in place of the right one
  uint16_t method = 0, flags = 0;
};

// The pieces of a zip archive at their places; what lies between is zero.
class ZipFile {
 public:
  struct Options {
    bool zip64 = false;       // sizes and offsets in ZIP64 fields, as where they do not fit 32 bits
    uint64_t alignment = 64;  // of the parts' bytes, by torch's padding field; 1 = none
    std::string comment = {};
  };

  ZipFile(const std::vector<ZipPart>& parts, const Options& options) : options_(options) {
    for (const ZipPart& part : parts) add(part);
    const uint64_t begin = size_;
    append(directory_);
    end(begin, parts.size());
  }
  explicit ZipFile(const std::vector<ZipPart>& parts) : ZipFile(parts, Options{}) {}

  std::string bytes() const {
    std::string file(size_, '\0');
    for (const auto& [offset, text] : pieces_) file.replace(offset, text.size(), text);
    return file;
  }
  void write_sparse(const std::string& path) const {
    std::ofstream file(path, std::ios::binary);
    for (const auto& [offset, text] : pieces_) {
      file.seekp(static_cast<std::streamoff>(offset));
      file << text;
    }
  }

 private:
  void append(const std::string& text) {
    pieces_.emplace_back(size_, text);
    size_ += text.size();
  }

  void add(const ZipPart& part) {
    const uint64_t length = part.hole_bytes > 0 ? part.hole_bytes : part.bytes.size();
    const uint32_t crc = part.crc.value_or(crc32(std::as_bytes(std::span(part.bytes))));
    const uint64_t header = size_;
    const uint64_t small = options_.zip64 ? 0xFFFFFFFF : length;
    std::string extra;
    if (options_.zip64)
      extra =
          little_endian(1, 2) + little_endian(16, 2) + little_endian(length, 8) + little_endian(length, 8);
    const uint64_t unpadded = header + 30 + part.name.size() + extra.size() + 4;
    if (options_.alignment > 1) {
      const uint64_t padding = (options_.alignment - unpadded % options_.alignment) % options_.alignment;
      extra += "FB" + little_endian(padding, 2) + std::string(padding, 'Z');
    }
    // What local header and directory share: flags, method, time, date, checksum, sizes, length of the name.
    const std::string common = little_endian(part.flags, 2) + little_endian(part.method, 2) +
                               std::string(4, '\0') + little_endian(crc, 4) + little_endian(small, 4) +
                               little_endian(small, 4) + little_endian(part.name.size(), 2);
    append("PK\3\4" + little_endian(45, 2) + common + little_endian(extra.size(), 2) + part.name + extra);
    if (part.hole_bytes > 0) {
      size_ += part.hole_bytes;
    } else {
      append(part.bytes);
    }
    std::string directory_extra;
    if (options_.zip64) {
      directory_extra = little_endian(1, 2) + little_endian(24, 2) + little_endian(length, 8) +
                        little_endian(length, 8) + little_endian(header, 8);
    }
    directory_ += "PK\1\2" + little_endian(45, 2) + little_endian(45, 2) + common +
                  little_endian(directory_extra.size(), 2) + std::string(2 + 2 + 2 + 4, '\0') +
                  little_endian(options_.zip64 ? 0xFFFFFFFF : header, 4) + part.name + directory_extra;
  }

  void end(uint64_t begin, uint64_t entries) {
    const uint64_t length = directory_.size(), end64 = size_;
    if (options_.zip64) {
      append("PK\6\6" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
             std::string(8, '\0') + little_endian(entries, 8) + little_endian(entries, 8) +
             little_endian(length, 8) + little_endian(begin, 8));
      append("PK\6\7" + little_endian(0, 4) + little_endian(end64, 8) + little_endian(1, 4));
    }
    const auto small = [&](uint64_t value, int bytes) {
      return little_endian(options_.zip64 ? UINT64_MAX : value, bytes);
    };
    append("PK\5\6" + std::string(4, '\0') + small(entries, 2) + small(entries, 2) + small(length, 4) +
           small(begin, 4) + little_endian(options_.comment.size(), 2) + options_.comment);
  }

  Options options_;
  std::vector<std::pair<uint64_t, std::string>> pieces_;
  std::string directory_;
  uint64_t size_ = 0;
};

// -- pickles, opcode by opcode
// -------------------------------------------------------------------------------

namespace pickle {

inline const std::string kBegin = "\x80\x02", kEnd = ".";

inline std::string text(std::string_view value) {
  return "X" + little_endian(value.size(), 4) + std::string(value);
}
inline std::string number(int64_t value) {
  if (0 <= value && value < 256) return "K" + little_endian(static_cast<uint64_t>(value), 1);
  if (INT32_MIN <= value && value <= INT32_MAX) return "J" + little_endian(static_cast<uint64_t>(value), 4);
  return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8);
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::string& items) { return "(" + items + "t"; }
inline std::string numbers(const std::vector<int64_t>& values) {
  std::string items;
  for (const int64_t value : values) items += number(value);
  return tuple(items);
}
inline std::string call(const std::string& callable, const std::string& arguments) {
  return callable + tuple(arguments) + "R";
}
inline std::string ordered_dict() { return global("collections", "OrderedDict") + ")R"; }
// `pairs`: keys and values one after the other.
inline std::string dictionary(const std::string& pairs) { return "}(" + pairs + "u"; }
inline std::string whole(const std::string& value) { return kBegin + value + kEnd; }
inline std::string storage(const std::string& type, std::string_view key, int64_t elements) {
  return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") + number(elements)) + "Q";
}

}  // namespace pickle

// -- torch.save
// ----------------------------------------------------------------------------------------------

struct TorchTensor {
  std::string name;
  std::string type;  // "BFloat16Storage"
  std::vector<int64_t> sizes;
  std::string bytes = {};             // of its storage
  std::vector<int64_t> strides = {};  // row-major where empty
  int64_t offset = 0;
  std::string key = {};     // of an earlier tensor's storage, which it shares
  uint64_t hole_bytes = 0;  // in place of `bytes`
};

inline int64_t element_bytes(const std::string& type) {
  if (type == "FloatStorage" || type == "IntStorage") return 4;
  if (type == "DoubleStorage" || type == "LongStorage" || type == "ComplexFloatStorage") return 8;
  if (type == "HalfStorage" || type == "BFloat16Storage" || type == "ShortStorage") return 2;
  return 1;
}

inline std::vector<int64_t> row_major_strides(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size());
  int64_t step = 1;
  for (size_t axis = sizes.size(); axis-- > 0;) {
    strides[axis] = step;
    step *= sizes[axis];
  }
  return strides;
}

// A call of _rebuild_tensor_v2.
inline std::string rebuilt_tensor(const TorchTensor& tensor, std::string_view key, int64_t storage_elements) {
  const std::vector<int64_t> strides =
      tensor.strides.empty() ? row_major_strides(tensor.sizes) : tensor.strides;
  return pickle::call(pickle::global("torch._utils", "_rebuild_tensor_v2"),
                      pickle::storage(tensor.type, key, storage_elements) + pickle::number(tensor.offset) +
                          pickle::numbers(tensor.sizes) + pickle::numbers(strides) + "\x89" +
                          pickle::ordered_dict());
}

// The parts of an archive around a pickle, as torch orders them.
inline std::vector<ZipPart> torch_parts(const std::string& pickle, const std::vector<ZipPart>& storages,
                                        const std::string& root = "archive/",
                                        const std::string& order = "little") {
  std::vector<ZipPart> parts{{.name = root + "data.pkl", .bytes = pickle},
                             {.name = root + "byteorder", .bytes = order}};
  parts.insert(parts.end(), storages.begin(), storages.end());
  parts.push_back({.name = root + "version", .bytes = "3\n"});
  parts.push_back({.name = root + ".data/serialization_id", .bytes = "0123456789"});
  return parts;
}

// A state_dict as torch.save writes it: an OrderedDict with its _metadata.
inline std::vector<ZipPart> state_dict_parts(const std::vector<TorchTensor>& tensors,
                                             const std::string& root = "archive/") {
  std::string pairs;
  std::vector<ZipPart> storages;
  std::vector<uint64_t> lengths;
  for (const TorchTensor& tensor : tensors) {
    std::string key = tensor.key;
    if (key.empty()) {
      key = std::to_string(storages.size());
      lengths.push_back(tensor.hole_bytes > 0 ? tensor.hole_bytes : tensor.bytes.size());
      storages.push_back(
          {.name = root + "data/" + key, .bytes = tensor.bytes, .hole_bytes = tensor.hole_bytes});
    }
    const auto elements = static_cast<int64_t>(lengths.at(std::stoul(key))) / element_bytes(tensor.type);
    pairs += pickle::text(tensor.name) + rebuilt_tensor(tensor, key, elements);
  }
  const std::string metadata = pickle::dictionary(pickle::text("_metadata") + pickle::ordered_dict());
  return torch_parts(pickle::whole(pickle::ordered_dict() + "(" + pairs + "u" + metadata + "b"), storages,
                     root);
}

inline std::string torch_file(const std::vector<TorchTensor>& tensors) {
  return ZipFile(state_dict_parts(tensors)).bytes();
}

}  // namespace janus::test
