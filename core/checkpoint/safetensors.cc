#include "core/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kLongestHeader = 100'000'000;  // the official reader's limit
constexpr size_t kMostAxes = 8;

struct StoredType {
  std::string_view name;
  int64_t bits;
};

// All types of the format.
constexpr std::array<StoredType, 20> kTypes{
    {{"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"I64", 64},    {"I32", 32}, {"I16", 16},
     {"I8", 8},      {"U64", 64},    {"U32", 32},    {"U16", 16},    {"U8", 8},      {"BOOL", 8}, {"C64", 64},
     {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}}};

// The file is whole, but none that this page can read; the message says what to do.
class Unfit : public Error {
 public:
  using Error::Error;
};

// Names come from the file: escaped for messages, and long only as far as real ones are.
std::string quoted(const std::string& name) { return excerpt(name, 200); }

struct Entry {
  std::string name;
  StoredTensor tensor;
  uint64_t begin = 0, end = 0;  // in the file's data part
};

int64_t checked_elements(const std::vector<int64_t>& sizes, const std::string& where) {
  check(sizes.size() <= kMostAxes, "{}: expected at most {} axes, found {}", where, kMostAxes, sizes.size());
  int64_t elements = 1;
  for (const int64_t size : sizes) {
    check(!__builtin_mul_overflow(elements, size, &elements),
          "{}: expected sizes that fit 64 bits, found [{}]", where, fmt::join(sizes, ", "));
  }
  return elements;
}

uint64_t checked_bytes(int64_t elements, const StoredType& type, const std::string& where) {
  int64_t bits = 0;
  check(!__builtin_mul_overflow(elements, type.bits, &bits) && bits % 8 == 0,
        "{}: expected a whole number of bytes that fits 64 bits, found {} elements of {}", where, elements,
        type.name);
  return static_cast<uint64_t>(bits) / 8;
}

Entry read_entry(const std::string& name, const nlohmann::json& json, const std::string& file,
                 const std::string& where) {
  const JsonObject object(json, fmt::format("{}: tensor {}", where, quoted(name)), /*remedy=*/"");
  Entry entry;
  entry.name = name;
  StoredTensor& tensor = entry.tensor;
  tensor.file = file;
  const std::string named = object.required_string("dtype");
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const StoredType& known) { return known.name == named; });
  if (type == kTypes.end()) {
    throw Unfit(fmt::format(
        "{}: dtype: expected a type of the format such as BF16, found {}; save the model in bf16 or "
        "f32, or download it again where the file is damaged",
        object.where(), excerpt(named)));
  }

  check(object.contains("shape"), "{}: shape: expected a list of sizes, found no such key", object.where());
  const std::vector<int64_t> sizes = object.integers("shape", 0, INT64_MAX);
  const int64_t elements = checked_elements(sizes, object.where());
  const std::vector<int64_t> offsets = object.integers("data_offsets", 0, INT64_MAX);
  check(offsets.size() == 2 && offsets[0] <= offsets[1],
        "{}: data_offsets: expected begin and end, found [{}]", object.where(), fmt::join(offsets, ", "));
  entry.begin = static_cast<uint64_t>(offsets[0]);
  entry.end = static_cast<uint64_t>(offsets[1]);
  const uint64_t bytes = checked_bytes(elements, *type, object.where());
  check(entry.end - entry.begin == bytes, "{}: expected {} bytes for {} [{}], found {}", object.where(),
        bytes, named, fmt::join(sizes, ", "), entry.end - entry.begin);
  tensor.describe(named, sizes, elements);
  return entry;
}

std::string_view text_of(std::span<const std::byte> file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

std::string_view checked_header(std::span<const std::byte> file, const std::string& where) {
  check(file.size() >= kLengthBytes, "{}: expected a safetensors file, found {} bytes", where, file.size());
  uint64_t length = 0;
  for (int i = kLengthBytes; i-- > 0;) length = length << 8 | std::to_integer<uint64_t>(file[i]);
  check(length <= kLongestHeader, "{}: expected a safetensors header of at most {} bytes, found {}", where,
        kLongestHeader, length);
  check(length <= file.size() - kLengthBytes, "{}: expected a header of {} bytes, found a file of {}", where,
        length, file.size());
  return text_of(file).substr(kLengthBytes, length);
}

// Tensors in the order of their bytes must follow each other from the first byte to the last.
void check_layout(const std::vector<Entry>& entries, uint64_t data_bytes, const std::string& where) {
  uint64_t end = 0;
  for (const Entry& entry : entries) {
    check(entry.end <= data_bytes, "{}: tensor {}: expected data up to byte {}, found only {} bytes", where,
          quoted(entry.name), entry.end, data_bytes);
    check(entry.begin == end, "{}: tensor {}: expected data from byte {}, found {}: {}", where,
          quoted(entry.name), end, entry.begin,
          entry.begin < end ? "it overlaps another tensor" : "a hole before it");
    end = entry.end;
  }
  check(end == data_bytes, "{}: expected {} bytes of tensors, found {}", where, end, data_bytes);
}

std::vector<Entry> read_entries(std::string_view header, const std::string& file, const std::string& where) {
  const nlohmann::json json = parse_json(header, where + ": header", DuplicateKeys::refuse);
  check(json.is_object(), "{}: expected a JSON object as header, found {}", where, excerpt(json));
  const auto metadata = json.find("__metadata__");
  const bool is_mlx = metadata != json.end() && metadata->is_object() && metadata->contains("format") &&
                      metadata->at("format") == "mlx";
  if (is_mlx) {
    throw Unfit(
        fmt::format("{}: expected torch's order of weights, found a file of MLX, which orders convolutions "
                    "otherwise; take the model that it was made of",
                    where));
  }
  std::vector<Entry> entries;
  for (const auto& [name, value] : json.items()) {
    if (name != "__metadata__") entries.push_back(read_entry(name, value, file, where));
  }
  const auto place = [](const Entry& entry) { return std::pair(entry.begin, entry.end); };
  std::sort(entries.begin(), entries.end(),
            [&](const Entry& a, const Entry& b) { return place(a) < place(b); });
  return entries;
}

// Throws for files of other formats under this one's name.
void check_format(std::string_view text, const std::string& where) {
  check(!text.starts_with("PK\3\4"),
        "{}: expected a safetensors file, found a zip archive as torch.save writes it; rename it to "
        "pytorch_model.bin",
        where);
  check(!text.starts_with("GGUF"),
        "{}: expected a safetensors file, found a GGUF file; rename it to end in .gguf", where);
}

std::map<std::string, StoredTensor> list_tensors(const FileBytes& file, const std::string& name,
                                                 const std::string& where) {
  const std::string_view header = checked_header(file.bytes, where);
  const auto data = file.bytes.subspan(kLengthBytes + header.size());
  std::vector<Entry> entries = read_entries(header, name, where);
  check_layout(entries, data.size(), where);

  std::map<std::string, StoredTensor> tensors;
  for (Entry& entry : entries) {
    entry.tensor.data = {data.subspan(entry.begin, entry.end - entry.begin), file.owner};
    tensors.emplace(std::move(entry.name), std::move(entry.tensor));
  }
  return tensors;
}

}  // namespace

std::map<std::string, StoredTensor> read_safetensors(const FileBytes& file, const std::string& name,
                                                     const std::string& where) {
  check_format(text_of(file.bytes), where);
  try {
    return list_tensors(file, name, where);
  } catch (const Unfit&) {
    throw;
  } catch (const Error& error) {
    // Whatever else is wrong with such a file, its reader can only get it anew.
    fail("{}; the file is damaged, download it again", error.what());
  }
}

}  // namespace janus
