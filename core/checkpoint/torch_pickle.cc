#include "core/checkpoint/torch_pickle.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/pickle.h"
#include "core/checkpoint/zip_archive.h"

namespace janus {
namespace {

using Archive = std::map<std::string, ZipEntry, std::less<>>;
using Values = std::span<const PickleValue* const>;
constexpr size_t kMostAxes = 8;

struct ElementType {
  std::string_view global;
  std::string_view type;  // as safetensors names it
  int64_t bytes;
};

// Storages by class, and the types that newer tensors name beside an untyped storage.
constexpr std::array<ElementType, 30> kElementTypes{{
    {"torch.FloatStorage", "F32", 4},
    {"torch.HalfStorage", "F16", 2},
    {"torch.BFloat16Storage", "BF16", 2},
    {"torch.DoubleStorage", "F64", 8},
    {"torch.LongStorage", "I64", 8},
    {"torch.IntStorage", "I32", 4},
    {"torch.ShortStorage", "I16", 2},
    {"torch.CharStorage", "I8", 1},
    {"torch.ByteStorage", "U8", 1},
    {"torch.BoolStorage", "BOOL", 1},
    {"torch.ComplexFloatStorage", "C64", 8},
    {"torch.ComplexDoubleStorage", "C128", 16},
    {"torch.storage.UntypedStorage", "U8", 1},
    {"torch.float32", "F32", 4},
    {"torch.float16", "F16", 2},
    {"torch.bfloat16", "BF16", 2},
    {"torch.float64", "F64", 8},
    {"torch.int64", "I64", 8},
    {"torch.int32", "I32", 4},
    {"torch.int16", "I16", 2},
    {"torch.int8", "I8", 1},
    {"torch.uint64", "U64", 8},
    {"torch.uint32", "U32", 4},
    {"torch.uint16", "U16", 2},
    {"torch.uint8", "U8", 1},
    {"torch.bool", "BOOL", 1},
    {"torch.complex64", "C64", 8},
    {"torch.float8_e4m3fn", "F8_E4M3", 1},
    {"torch.float8_e5m2", "F8_E5M2", 1},
    {"torch.float8_e8m0fnu", "F8_E8M0", 1},
}};

constexpr std::string_view kTensorV1 = "torch._utils._rebuild_tensor";
constexpr std::string_view kTensorV2 = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kTensorV3 = "torch._utils._rebuild_tensor_v3";
constexpr std::string_view kParameter = "torch._utils._rebuild_parameter";
constexpr std::string_view kParameterWithState = "torch._utils._rebuild_parameter_with_state";

std::vector<std::string_view> allowed_globals() {
  std::vector<std::string_view> globals{
      "collections.OrderedDict", kTensorV1, kTensorV2, kTensorV3, kParameter, kParameterWithState};
  for (const ElementType& type : kElementTypes) globals.push_back(type.global);
  return globals;
}

// What to do about a name that is not allowed.
std::string advice_on(std::string_view global) {
  for (const char* package :
       {"torchao.", "optimum.quanto.", "quanto.", "bitsandbytes.", "hqq.", "torch.ao."}) {
    if (global.starts_with(package))
      return "the weights are quantised by its package: take the unquantised model";
  }
  if (global == "torch._utils._rebuild_qtensor" || global == "torch._utils._rebuild_wrapper_subclass")
    return "the weights are quantised by torch: take the unquantised model";
  return "do not trust the file, or save its state_dict alone with torch.save";
}

const ElementType* element_type(const PickleValue& value) {
  if (value.kind != PickleKind::global) return nullptr;
  const auto* type = std::find_if(kElementTypes.begin(), kElementTypes.end(),
                                  [&](const ElementType& known) { return known.global == value.text; });
  return type == kElementTypes.end() ? nullptr : type;
}

bool is_call_of(const PickleValue& value, std::initializer_list<std::string_view> names) {
  return value.kind == PickleKind::call &&
         std::find(names.begin(), names.end(), value.items[0]->text) != names.end();
}

// What a tensor looks at, in elements.
struct View {
  int64_t offset = 0;
  std::vector<int64_t> sizes, strides;
  int64_t elements = 1;

  bool row_major() const {
    int64_t expected = 1;
    for (size_t axis = sizes.size(); axis-- > 0;) {
      if (sizes[axis] != 1 && strides[axis] != expected) return false;
      expected *= sizes[axis];
    }
    return true;
  }
};

// The last element of the view, which has at least one; nothing where its number does not fit.
std::optional<int64_t> last_element(const View& view) {
  int64_t last = view.offset;
  for (size_t axis = 0; axis < view.sizes.size(); ++axis) {
    int64_t step = 0;
    if (__builtin_mul_overflow(view.sizes[axis] - 1, view.strides[axis], &step) ||
        __builtin_add_overflow(last, step, &last)) {
      return std::nullopt;
    }
  }
  return last;
}

// Elements of one axis and all behind it, to `to`, which moves on.
void copy_axis(const View& view, size_t axis, const std::byte* from, size_t bytes, std::byte*& to) {
  if (axis == view.sizes.size()) {
    std::memcpy(to, from, bytes);
    to += bytes;
    return;
  }
  for (int64_t i = 0; i < view.sizes[axis]; ++i) {
    copy_axis(view, axis + 1, from + static_cast<size_t>(i * view.strides[axis]) * bytes, bytes, to);
  }
}

class Reader {
 public:
  Reader(const FileBytes& file, const std::string& name, const std::string& where, bool verify)
      : file_(file), name_(name), where_(where), verify_(verify), archive_(read_zip(file.bytes, where)) {}

  std::map<std::string, StoredTensor> run() {
    find_root();
    check_small_entries();
    const std::string entry = root_ + "data.pkl";
    const std::vector<std::string_view> globals = allowed_globals();
    const Pickle pickle(archive_.find(entry)->second.bytes, globals, where_ + ": " + entry, advice_on);
    const PickleValue& state = state_dict(pickle.root());
    std::map<std::string, StoredTensor> tensors;
    for (size_t i = 0; i < state.items.size(); i += 2) {
      const std::string tensor = tensor_name(*state.items[i]);
      check(tensors.emplace(tensor, read_tensor(tensor, *state.items[i + 1])).second,
            "{}: expected each tensor once, found {} twice", where_, tensor);
    }
    return tensors;
  }

 private:
  // torch calls the folder within the archive after the file, or "archive".
  void find_root() {
    const auto named = [&](std::string_view file) {
      return std::find_if(archive_.begin(), archive_.end(), [&](const auto& entry) {
        const size_t slash = entry.first.find('/');
        return slash != std::string::npos && std::string_view(entry.first).substr(slash + 1) == file;
      });
    };
    check(named("constants.pkl") == archive_.end(),
          "{}: expected a state_dict, found a TorchScript archive; load it with torch.jit.load and save "
          "model.state_dict() with torch.save",
          where_);
    const auto pickle = named("data.pkl");
    check(pickle != archive_.end(),
          "{}: expected data.pkl in the archive, found none; give a file of torch.save", where_);
    root_ = pickle->first.substr(0, pickle->first.size() - std::string_view("data.pkl").size());
  }

  void check_small_entries() const {
    for (const auto& [entry, content] : archive_) {
      if (!entry.starts_with(root_ + "data/")) check_crc(content, entry, where_);
    }
    const auto order = archive_.find(root_ + "byteorder");
    if (order == archive_.end()) return;  // older than torch 2.1: as the writer's machine, little-endian
    const std::string found(reinterpret_cast<const char*>(order->second.bytes.data()),
                            std::min<size_t>(order->second.bytes.size(), 20));
    check(
        found == "little",
        "{}: byteorder: expected little, found {}; load it with torch and save it on a little-endian machine",
        where_, excerpt(found));
  }

  // The first dictionary on the way down that is no wrapper of training programs.
  const PickleValue& state_dict(const PickleValue& top) const {
    check(
        top.kind == PickleKind::dictionary,
        "{}: expected a dictionary of tensors, found something else; save model.state_dict() with torch.save",
        where_);
    for (size_t i = 0; i < top.items.size(); i += 2) {
      const PickleValue& key = *top.items[i];
      const bool wrapper = key.kind == PickleKind::text &&
                           (key.text == "state_dict" || key.text == "model" || key.text == "module");
      if (wrapper && top.items[i + 1]->kind == PickleKind::dictionary) return *top.items[i + 1];
    }
    return top;
  }

  std::string tensor_name(const PickleValue& key) const {
    const auto printable = [](char c) { return ' ' <= c && c <= '~'; };
    check(key.kind == PickleKind::text && !key.text.empty() && key.text.size() <= 1000 &&
              std::all_of(key.text.begin(), key.text.end(), printable),
          "{}: expected names of tensors as keys, found {}; save model.state_dict() alone with torch.save",
          where_, key.kind == PickleKind::text ? excerpt(std::string(key.text)) : "another value");
    return std::string(key.text);
  }

  template <typename... Args>
  void require(bool condition, const std::string& tensor, fmt::format_string<Args...> expected,
               Args&&... args) const {
    if (condition) return;
    fail("{}: tensor {}: expected {}", where_, tensor, fmt::format(expected, std::forward<Args>(args)...));
  }

  StoredTensor read_tensor(const std::string& tensor, const PickleValue& value) {
    const PickleValue* call = &value;
    if (is_call_of(*call, {kParameter, kParameterWithState})) {
      const Values arguments = call->items[1]->items;
      require(!arguments.empty(), tensor, "a parameter's data, found none");
      call = arguments[0];
    }
    require(is_call_of(*call, {kTensorV1, kTensorV2, kTensorV3}), tensor,
            "a tensor, found another value; save model.state_dict() alone with torch.save");
    const Values arguments = call->items[1]->items;
    const bool typed = call->items[0]->text == kTensorV3;
    require(arguments.size() >= (typed ? 7U : 4U), tensor,
            "a storage, an offset, sizes and strides, found {} values", arguments.size());
    const Storage& storage = find_storage(tensor, *arguments[0]);
    const ElementType* type = typed ? element_type(*arguments[6]) : storage.type;
    require(type != nullptr, tensor, "an element type, found none");
    const View view = read_view(tensor, arguments, static_cast<int64_t>(storage.bytes.size()) / type->bytes);

    StoredTensor stored;
    stored.describe(std::string(type->type), view.sizes, view.elements);
    stored.file = name_;
    stored.data = view_bytes(tensor, view, storage.bytes, static_cast<size_t>(type->bytes));
    return stored;
  }

  struct Storage {
    const ElementType* type = nullptr;
    std::span<const std::byte> bytes;
  };

  // reference(("storage", class, key, device, elements))
  const Storage& find_storage(const std::string& tensor, const PickleValue& reference) {
    const bool known = reference.kind == PickleKind::reference &&
                       reference.items[0]->kind == PickleKind::tuple && reference.items[0]->items.size() >= 5;
    require(known, tensor, "a reference to a storage, found another value");
    const Values id = reference.items[0]->items;
    const ElementType* type = element_type(*id[1]);
    require(id[0]->kind == PickleKind::text && id[0]->text == "storage" && type != nullptr &&
                id[2]->kind == PickleKind::text && id[4]->kind == PickleKind::integer,
            tensor, "a storage with a type, a key and a size, found otherwise");
    Storage& storage = storages_[std::string(id[2]->text)];
    if (storage.type == nullptr) storage = open_storage(tensor, *type, id[2]->text);
    require(storage.type == type, tensor, "storage {} as {}, found it as {} too; save each tensor's clone()",
            excerpt(std::string(id[2]->text)), storage.type->type, type->type);
    int64_t bytes = 0;
    require(!__builtin_mul_overflow(id[4]->integer, type->bytes, &bytes) &&
                bytes == static_cast<int64_t>(storage.bytes.size()),
            tensor, "a storage of {} elements of {}, found {} bytes", id[4]->integer, type->type,
            storage.bytes.size());
    return storage;
  }

  Storage open_storage(const std::string& tensor, const ElementType& type, std::string_view key) {
    const std::string entry = root_ + "data/" + std::string(key);
    const auto found = archive_.find(entry);
    require(found != archive_.end(), tensor, "{} in the archive, found no such entry", excerpt(entry));
    if (verify_) check_crc(found->second, entry, where_);
    return {.type = &type, .bytes = found->second.bytes};
  }

  std::vector<int64_t> numbers(const std::string& tensor, const PickleValue& tuple) const {
    require(tuple.kind == PickleKind::tuple && tuple.items.size() <= kMostAxes, tensor,
            "at most {} sizes and strides, found otherwise", kMostAxes);
    std::vector<int64_t> numbers;
    for (const PickleValue* item : tuple.items) {
      require(item->kind == PickleKind::integer && item->integer >= 0, tensor,
              "sizes and strides of 0 or more, found otherwise");
      numbers.push_back(item->integer);
    }
    return numbers;
  }

  // Arguments 1 to 3: the offset, the sizes and the strides.
  View read_view(const std::string& tensor, Values arguments, int64_t storage_elements) const {
    View view{.offset = arguments[1]->integer,
              .sizes = numbers(tensor, *arguments[2]),
              .strides = numbers(tensor, *arguments[3])};
    require(arguments[1]->kind == PickleKind::integer && view.offset >= 0, tensor,
            "an offset of 0 or more, found otherwise");
    require(view.sizes.size() == view.strides.size(), tensor, "as many strides as sizes, found {} and {}",
            view.strides.size(), view.sizes.size());
    constexpr int64_t kMostElements = int64_t{1} << 59;  // whose bytes fit a Shape, whatever the type
    bool fits = true, none = false;
    for (const int64_t size : view.sizes) {
      none = none || size == 0;
      fits = fits && (size == 0 || view.elements <= kMostElements / size);
      if (fits && size > 0) view.elements *= size;
    }
    require(fits, tensor, "sizes whose product is below 2^59, found [{}]", fmt::join(view.sizes, ", "));
    if (none) view.elements = 0;
    if (view.elements == 0) return view;
    const std::optional<int64_t> last = last_element(view);
    require(last.has_value() && *last < storage_elements, tensor,
            "elements within its storage of {}, found sizes [{}], strides [{}] and offset {}",
            storage_elements, fmt::join(view.sizes, ", "), fmt::join(view.strides, ", "), view.offset);
    // An expanded tensor can name any number of elements of one: no weight does.
    require(view.elements <= storage_elements, tensor,
            "no more elements than the {} of its storage, found sizes [{}] with strides [{}]; save its "
            "contiguous()",
            storage_elements, fmt::join(view.sizes, ", "), fmt::join(view.strides, ", "));
    return view;
  }

  FileBytes view_bytes(const std::string& tensor, const View& view, std::span<const std::byte> storage,
                       size_t element) {
    if (view.elements == 0) return {};
    const auto bytes = static_cast<size_t>(view.elements) * element;
    const std::span<const std::byte> from = storage.subspan(static_cast<size_t>(view.offset) * element);
    if (view.row_major()) return {from.first(bytes), file_.owner};
    copied_bytes_ += bytes;
    require(
        copied_bytes_ <= file_.bytes.size(), tensor,
        "fewer tensors that are not row-major, found more than the file's {} bytes of them; save each one's "
        "contiguous()",
        file_.bytes.size());
    const std::shared_ptr<std::byte[]> copy(new std::byte[bytes]);
    std::byte* to = copy.get();
    copy_axis(view, 0, from.data(), element, to);
    return {{copy.get(), bytes}, copy};
  }

  const FileBytes& file_;
  const std::string& name_;
  const std::string& where_;
  const bool verify_;
  const Archive archive_;
  std::string root_;  // "archive/"
  std::map<std::string, Storage> storages_;
  size_t copied_bytes_ = 0;
};

void check_is_archive(const FileBytes& file, const std::string& where) {
  if (looks_like_zip(file.bytes)) return;
  // A header's length, which fits in 4 bytes, and its JSON.
  const auto* text = reinterpret_cast<const char*>(file.bytes.data());
  check(file.bytes.size() < 10 || std::string_view(text + 4, 4) != std::string_view("\0\0\0\0", 4) ||
            text[8] != '{',
        "{}: expected a torch file, found a safetensors file; rename it to model.safetensors", where);
  // torch before 1.6 wrote a row of pickles, of which the first begins with PROTO 2 and is a magic number.
  const bool old = file.bytes.size() > 2 && file.bytes[0] == std::byte{0x80};
  check(!old,
        "{}: expected a zip archive as torch 1.6 and later save it, found an older pickle; save it again: "
        "python3 -c \"import torch; f = '{}'; torch.save(torch.load(f, map_location='cpu', "
        "weights_only=True), f)\"",
        where, where);
  fail(
      "{}: expected a zip archive as torch.save writes it, found another {} bytes; the file is damaged, "
      "download it again",
      where, file.bytes.size());
}

}  // namespace

std::map<std::string, StoredTensor> read_torch_pickle(const FileBytes& file, const std::string& name,
                                                      const std::string& where, bool verify) {
  check_is_archive(file, where);
  try {
    return Reader(file, name, where, verify).run();
  } catch (const Error& error) {
    const std::string message = error.what();
    // Most faults say what to do; the others are damage.
    if (message.find("; ") != std::string::npos) throw;
    fail("{}; the file is damaged, download it again", message);
  }
}

}  // namespace janus
