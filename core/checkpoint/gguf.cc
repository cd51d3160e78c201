#include "core/checkpoint/gguf.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/gguf_format.h"
#include "core/checkpoint/stand_in.h"

namespace janus {
namespace {

using namespace gguf;

constexpr int kDeepestArray = 4;
constexpr size_t kLongestKey = 65535;

std::string shown(std::string_view name) { return excerpt(std::string(name), 200); }

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads numbers and strings one behind the other, none of them beyond the end.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(&where) {}

  const std::string& where() const { return *where_; }
  size_t at() const { return at_; }
  uint64_t left() const { return bytes_.size() - at_; }

  std::span<const std::byte> take(uint64_t count, std::string_view what) {
    check(count <= left(), "{}: {}: expected {} bytes from byte {} on, found {}", where(), what, count, at_,
          left());
    const auto taken = bytes_.subspan(at_, count);
    at_ += count;
    return taken;
  }
  template <typename T>
  T number(std::string_view what) {
    T value{};
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }
  std::string_view string(std::string_view what) { return text_of(take(number<uint64_t>(what), what)); }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  const std::string* where_;
};

struct Value {
  uint32_t type = 0;
  uint32_t element_type = 0;         // of an array
  std::span<const std::byte> bytes;  // of a string or a number; of an array's elements
};

uint64_t size_of_value(uint32_t type) {
  switch (type) {
    case kU8:
    case kI8:
    case kBool:
      return 1;
    case kU16:
    case kI16:
      return 2;
    case kU32:
    case kI32:
    case kF32:
      return 4;
    case kU64:
    case kI64:
    case kF64:
      return 8;
    default:
      return 0;
  }
}

Value read_value(Cursor& cursor, uint32_t type, std::string_view what, int depth);

Value read_array(Cursor& cursor, std::string_view what, int depth) {
  check(depth < kDeepestArray, "{}: {}: expected arrays at most {} deep, found more", cursor.where(), what,
        kDeepestArray);
  Value value{.type = kArray, .element_type = cursor.number<uint32_t>(what), .bytes = {}};
  const auto count = cursor.number<uint64_t>(what);
  if (const uint64_t size = size_of_value(value.element_type); size > 0) {
    check(count <= cursor.left() / size, "{}: {}: expected {} values of {} bytes, found {} bytes",
          cursor.where(), what, count, size, cursor.left());
    value.bytes = cursor.take(count * size, what);
    return value;
  }
  for (uint64_t index = 0; index < count; ++index) read_value(cursor, value.element_type, what, depth + 1);
  return value;
}

Value read_value(Cursor& cursor, uint32_t type, std::string_view what, int depth) {
  if (type == kArray) return read_array(cursor, what, depth);
  const uint64_t size = size_of_value(type);
  check(size > 0 || type == kString, "{}: {}: expected a value type of at most {}, found {}", cursor.where(),
        what, static_cast<uint32_t>(kF64), type);
  const uint64_t length = type == kString ? cursor.number<uint64_t>(what) : size;
  return {.type = type, .element_type = 0, .bytes = cursor.take(length, what)};
}

using Metadata = std::map<std::string, Value, std::less<>>;

Metadata read_metadata(Cursor& cursor, uint64_t count) {
  Metadata metadata;
  for (uint64_t index = 0; index < count; ++index) {
    const std::string key(cursor.string(fmt::format("key {} of {}", index, count)));
    check(!key.empty() && key.size() <= kLongestKey,
          "{}: key {} of {}: expected a name of 1 to {} bytes, found {}", cursor.where(), index, count,
          kLongestKey, key.size());
    const std::string what = "key " + shown(key);
    const Value value = read_value(cursor, cursor.number<uint32_t>(what), what, 0);
    check(metadata.emplace(key, value).second, "{}: {}: expected it once, found it again", cursor.where(),
          what);
  }
  return metadata;
}

uint64_t read_alignment(const Metadata& metadata, const std::string& where) {
  const auto found = metadata.find("general.alignment");
  if (found == metadata.end()) return kAlignment;
  uint32_t alignment = 0;
  if (found->second.type == kU32) std::memcpy(&alignment, found->second.bytes.data(), sizeof(alignment));
  constexpr uint32_t kLargest = 1 << 20;
  check(alignment >= 8 && alignment <= kLargest && (alignment & (alignment - 1)) == 0,
        "{}: general.alignment: expected a power of two from 8 to {}, found {}", where, kLargest,
        found->second.type == kU32 ? std::to_string(alignment) : "another type");
  return alignment;
}

void check_architecture(const Metadata& metadata, const std::string& where) {
  const auto found = metadata.find("general.architecture");
  const bool named = found != metadata.end() && found->second.type == kString;
  const std::string_view architecture = named ? text_of(found->second.bytes) : "";
  check(architecture == kGgufArchitecture,
        "{}: general.architecture: expected \"{}\", found {}, which holds no whole Janus model; use a file "
        "that `janus quantize` made, or the model's folder",
        where, kGgufArchitecture, named ? shown(architecture) : "none");
}

struct Entry {
  std::string name;
  StoredTensor tensor;
  uint64_t begin = 0, bytes = 0;  // in the file's data part
};

// Sizes lie innermost first in the file.
Shape read_shape(Cursor& cursor, const std::string& what) {
  const auto rank = cursor.number<uint32_t>(what);
  check(rank >= 1 && rank <= Shape::kMaxRank, "{}: {}: expected 1 to {} sizes, found {}", cursor.where(),
        what, Shape::kMaxRank, rank);
  std::array<int64_t, Shape::kMaxRank> sizes{};
  uint64_t elements = 1;
  for (uint32_t axis = rank; axis-- > 0;) {
    const auto size = cursor.number<uint64_t>(what);
    constexpr uint64_t kMost = uint64_t{1} << 60;  // as Shape has it
    check(size > 0 && size <= kMost / elements,
          "{}: {}: expected sizes above 0 whose product is below 2^60, "
          "found {} beside {} elements",
          cursor.where(), what, size, elements);
    elements *= size;
    sizes[axis] = static_cast<int64_t>(size);
  }
  return Shape(std::span<const int64_t>(sizes.data(), rank));
}

std::string readable_types() {
  std::vector<const char*> names;
  for (const DType type : weight_types()) names.push_back(format_of(type).ggml_name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Entry read_entry(Cursor& cursor, uint64_t index, uint64_t alignment) {
  Entry entry;
  entry.name = cursor.string(fmt::format("tensor {}", index));
  const std::string what = "tensor " + shown(entry.name);
  check(!entry.name.empty() && entry.name.size() <= kLongestName,
        "{}: {}: expected a name of 1 to {} bytes, found {}", cursor.where(), what, kLongestName,
        entry.name.size());
  StoredTensor& tensor = entry.tensor;
  tensor.shape = read_shape(cursor, what);
  const auto number = cursor.number<uint32_t>(what);
  const Format* const format = format_of_ggml_type(number);
  check(format != nullptr, "{}: {}: expected a type that janus reads ({}), found ggml's number {}",
        cursor.where(), what, readable_types(), number);
  tensor.type = format->ggml_name;
  tensor.dtype = format->dtype;
  const int block = format_of(tensor.dtype).block;
  check(tensor.shape.back() % block == 0, "{}: {}: expected rows of whole blocks of {}, found {}",
        cursor.where(), what, block, tensor.shape.back());
  entry.bytes = bytes_of(tensor.dtype, tensor.shape.elements());
  entry.begin = cursor.number<uint64_t>(what);
  check(entry.begin % alignment == 0, "{}: {}: expected an offset that is a multiple of {}, found {}",
        cursor.where(), what, alignment, entry.begin);
  return entry;
}

uint64_t aligned(uint64_t bytes, uint64_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

// In the order of their bytes, tensors must follow each other with nothing but padding between.
void check_layout(std::vector<Entry>& entries, uint64_t data_bytes, uint64_t alignment,
                  const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.bytes) < std::pair(b.begin, b.bytes);
  });
  uint64_t end = 0;
  for (const Entry& entry : entries) {
    const uint64_t next = aligned(end, alignment);
    check(entry.begin <= data_bytes && entry.bytes <= data_bytes - entry.begin,
          "{}: tensor {}: expected {} bytes from byte {} of the data on, found only {} bytes", where,
          shown(entry.name), entry.bytes, entry.begin, data_bytes);
    check(entry.begin == next, "{}: tensor {}: expected data from byte {}, found {}: {}", where,
          shown(entry.name), next, entry.begin,
          entry.begin < next ? "it overlaps another tensor" : "a hole before it");
    end = entry.begin + entry.bytes;
  }
  check(data_bytes <= aligned(end, alignment), "{}: expected {} bytes of tensors, found {}", where,
        aligned(end, alignment), data_bytes);
}

// The name in the model's folder.
std::string full_name(const std::string& name, const Metadata& metadata, const std::string& where) {
  const size_t dot = name.find('.');
  if (dot == name.npos) return name;
  const auto found = metadata.find(std::string(kPrefixKey) + name.substr(0, dot));
  if (found == metadata.end()) return name;
  check(found->second.type == kString && found->second.bytes.size() <= 1000,
        "{}: key {}: expected a string of at most 1000 bytes, found {}", where, shown(found->first),
        found->second.type == kString ? "a longer one" : "another type");
  return std::string(text_of(found->second.bytes)) + name.substr(dot);
}

std::map<std::string, StoredTensor> read_tensors(Cursor& cursor, const FileBytes& file, uint64_t count,
                                                 const Metadata& metadata, const std::string& name) {
  const uint64_t alignment = read_alignment(metadata, cursor.where());
  std::vector<Entry> entries;
  for (uint64_t index = 0; index < count; ++index) entries.push_back(read_entry(cursor, index, alignment));
  // A file of no tensors may end without the padding.
  const uint64_t begin = std::min<uint64_t>(aligned(cursor.at(), alignment), file.bytes.size());
  const auto data = file.bytes.subspan(begin);
  check_layout(entries, data.size(), alignment, cursor.where());

  std::map<std::string, StoredTensor> tensors;
  for (Entry& entry : entries) {
    entry.tensor.data = {data.subspan(entry.begin, entry.bytes), file.owner};
    entry.tensor.file = name;
    const std::string full = full_name(entry.name, metadata, cursor.where());
    check(tensors.emplace(full, std::move(entry.tensor)).second,
          "{}: tensor {}: expected it once, found it again", cursor.where(), shown(full));
  }
  return tensors;
}

std::map<std::string, FileBytes> read_files(const Metadata& metadata, const FileBytes& file,
                                            const std::string& where) {
  std::map<std::string, FileBytes> files;
  for (auto it = metadata.lower_bound(kFileKey); it != metadata.end(); ++it) {
    const auto& [key, value] = *it;
    if (!key.starts_with(kFileKey)) break;
    const bool bytes = value.type == kArray && (value.element_type == kU8 || value.element_type == kI8);
    check(value.type == kString || bytes, "{}: key {}: expected a string or an array of bytes, found type {}",
          where, shown(key), value.type == kArray ? value.element_type : value.type);
    files.emplace(key.substr(kFileKey.size()), FileBytes{value.bytes, file.owner});
  }
  return files;
}

// Throws unless the file begins as one of a version that this page reads.
void check_version(Cursor& cursor) {
  const std::string_view magic = text_of(cursor.take(std::min<uint64_t>(4, cursor.left()), "magic"));
  check(magic == kGgufMagic,
        "{}: expected a GGUF file, found one that begins {}; give a file of `janus quantize`", cursor.where(),
        shown(magic));
  const auto version = cursor.number<uint32_t>("version");
  check(version != __builtin_bswap32(kVersion),
        "{}: expected a little-endian GGUF file, found a big-endian one; make it again with `janus quantize`",
        cursor.where());
  check(version == kVersion, "{}: expected GGUF version {}, found {}; make it again with `janus quantize`",
        cursor.where(), kVersion, version);
}

template <typename Read>
auto damaged_if_unreadable(Read read) try {
  return read();
} catch (const Error& error) {
  fail("{}; the file is damaged, make or download it again", error.what());
}

}  // namespace

GgufContent read_gguf(const FileBytes& file, const std::string& name, const std::string& where) {
  Cursor cursor(file.bytes, where);
  check_version(cursor);
  uint64_t tensor_count = 0;
  const Metadata metadata = damaged_if_unreadable([&] {
    tensor_count = cursor.number<uint64_t>("number of tensors");
    return read_metadata(cursor, cursor.number<uint64_t>("number of keys"));
  });
  // Before the tensors: another architecture may well have types that are unknown here.
  check_architecture(metadata, where);
  return damaged_if_unreadable([&] {
    return GgufContent{.files = read_files(metadata, file, where),
                       .tensors = read_tensors(cursor, file, tensor_count, metadata, name)};
  });
}

bool is_gguf(const std::string& path) { return text_of(map_file(path).bytes).starts_with(kGgufMagic); }

FileSet gguf_files(const std::string& path) {
  const FileBytes file = map_file(path);
  check_no_stand_in(file.bytes, path);
  std::string name = std::filesystem::path(path).filename().string();
  if (!name.ends_with(kGgufEnding)) name += kGgufEnding;
  std::map<std::string, FileBytes> files = read_gguf(file, name, path).files;
  check(files.contains("config.json"),
        "{}: expected the key {}config.json, found none; use a file that `janus quantize` made", path,
        kFileKey);
  files.insert_or_assign(name, file);
  return FileSet::in_memory(path, std::move(files));
}

}  // namespace janus
