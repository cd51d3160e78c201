#include "core/checkpoint/pickle.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

// The largest released checkpoint has some thousand tensors: 200 kB of pickle, 30,000 values.
constexpr size_t kMostBytes = size_t{1} << 26;
constexpr size_t kMostValues = size_t{1} << 20;
constexpr int kNewestProtocol = 5;
constexpr std::string_view kOrderedDict = "collections.OrderedDict";

// Opcodes by their names in pickletools.
enum Opcode : uint8_t {
  kMark = '(',
  kStop = '.',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kEmptyList = ']',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kEmptyDict = '}',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8A,
  kShortBinUnicode = 0x8C,
  kBinUnicode8 = 0x8D,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::span<const std::string_view> globals,
          const std::string& where, GlobalAdvice advice, std::deque<PickleValue>& values)
      : bytes_(bytes), globals_(globals), where_(where), advice_(advice), values_(values) {}

  const PickleValue* run() {
    require(bytes_.size() <= kMostBytes, "at most 67108864 bytes");
    while (true) {
      opcode_at_ = at_;
      const auto opcode = static_cast<uint8_t>(unsigned_number(1));
      if (opcode == kStop) break;
      if (!step_data(opcode) && !step_container(opcode) && !step_memo(opcode)) {
        fail(
            "{}: byte {}: expected an opcode of a dictionary of tensors, found 0x{:02x}; load the file with "
            "torch where you trust it, and save its state_dict again",
            where_, opcode_at_, opcode);
      }
    }
    const PickleValue* root = pop();
    require(stack_.empty() && marks_.empty(), "nothing left on the stack");
    return root;
  }

 private:
  using Value = PickleValue;
  using Kind = PickleKind;

  void require(bool condition, const char* expected) const {
    check(condition, "{}: byte {}: expected {}, found otherwise", where_, opcode_at_, expected);
  }

  // -- the bytes
  // ---------------------------------------------------------------------------------------------

  std::string_view take(uint64_t size) {
    require(size <= bytes_.size() - at_, "a pickle that goes on");
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += size;
    return {begin, static_cast<size_t>(size)};
  }
  // Little-endian, of 1, 2, 4 or 8 bytes.
  uint64_t unsigned_number(size_t size) {
    uint64_t value = 0;
    const std::string_view text = take(size);
    for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<uint8_t>(text[i]);
    return value;
  }
  // Two's complement of any size up to 8 bytes.
  int64_t long_number(size_t size) {
    require(size <= 8, "whole numbers of at most 64 bits");
    const uint64_t value = unsigned_number(size);
    if (size == 0 || size == 8) return static_cast<int64_t>(value);
    const uint64_t sign = uint64_t{1} << (8 * size - 1);
    return static_cast<int64_t>((value ^ sign) - sign);
  }
  std::string_view take_line() {
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    const size_t length = std::string_view(begin, bytes_.size() - at_).find('\n');
    require(length != std::string_view::npos, "a line that ends");
    return take(length + 1).substr(0, length);
  }

  // -- the stack
  // ---------------------------------------------------------------------------------------------

  Value* make(Kind kind) {
    require(values_.size() < kMostValues, "at most 1048576 values");
    Value& value = values_.emplace_back();
    value.kind = kind;
    return &value;
  }
  void push(Value* value) { stack_.push_back(value); }
  void push_integer(Kind kind, int64_t number) {
    push(make(kind));
    stack_.back()->integer = number;
  }
  void push_text(std::string_view text) {
    push(make(Kind::text));
    stack_.back()->text = text;
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  Value* top() {
    require(stack_.size() > floor(), "a value on the stack");
    return stack_.back();
  }
  Value* pop() {
    Value* value = top();
    stack_.pop_back();
    return value;
  }
  // What lies above the last mark, which goes.
  std::vector<Value*> pop_marked() {
    require(!marks_.empty(), "a mark on the stack");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Value*> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
  }
  void push_tuple(const std::vector<Value*>& items) {
    push(make(Kind::tuple));
    stack_.back()->items.assign(items.begin(), items.end());
  }
  void push_tuple(size_t count) {
    std::vector<Value*> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push_tuple(items);
  }

  // -- opcodes; each step is true where the opcode was one of its own
  // -----------------------------------------

  bool step_data(uint8_t opcode) {
    switch (opcode) {
      case kProto:
        require(unsigned_number(1) <= kNewestProtocol, "a protocol of at most 5");
        return true;
      case kFrame:
        require(unsigned_number(8) <= bytes_.size() - at_, "a frame within the pickle");
        return true;
      case kNone:
        push(make(Kind::none));
        return true;
      case kNewTrue:
      case kNewFalse:
        push_integer(Kind::boolean, opcode == kNewTrue ? 1 : 0);
        return true;
      case kBinInt:
        push_integer(Kind::integer, long_number(4));
        return true;
      case kBinInt1:
      case kBinInt2:
        push_integer(Kind::integer, static_cast<int64_t>(unsigned_number(opcode == kBinInt1 ? 1 : 2)));
        return true;
      case kLong1:
        push_integer(Kind::integer, long_number(unsigned_number(1)));
        return true;
      case kBinFloat:
        take(8);  // no tensor is made of one: its value does not matter
        push(make(Kind::real));
        return true;
      case kBinUnicode:
        push_text(take(unsigned_number(4)));
        return true;
      case kShortBinUnicode:
        push_text(take(unsigned_number(1)));
        return true;
      case kBinUnicode8:
        push_text(take(unsigned_number(8)));
        return true;
      case kGlobal: {
        const std::string_view module = take_line();
        push_global(module, take_line());
        return true;
      }
      case kStackGlobal: {
        const Value* name = pop();
        const Value* module = pop();
        require(name->kind == Kind::text && module->kind == Kind::text, "two texts that name a global");
        push_global(module->text, name->text);
        return true;
      }
      default:
        return false;
    }
  }

  bool step_container(uint8_t opcode) {
    switch (opcode) {
      case kEmptyDict:
        push(make(Kind::dictionary));
        return true;
      case kEmptyList:
        push(make(Kind::list));
        return true;
      case kEmptyTuple:
        push_tuple(0);
        return true;
      case kTuple1:
      case kTuple2:
      case kTuple3:
        push_tuple(opcode - kTuple1 + size_t{1});
        return true;
      case kTuple:
        push_tuple(pop_marked());
        return true;
      case kMark:
        marks_.push_back(stack_.size());
        return true;
      case kAppend:
        extend(Kind::list, {pop()});
        return true;
      case kAppends:
        extend(Kind::list, pop_marked());
        return true;
      case kSetItem: {
        Value* value = pop();
        Value* key = pop();
        extend(Kind::dictionary, {key, value});
        return true;
      }
      case kSetItems:
        extend(Kind::dictionary, pop_marked());
        return true;
      case kReduce:
        reduce();
        return true;
      case kBuild:
        pop();
        require(top()->kind == Kind::dictionary, "attributes of dictionaries alone");
        return true;
      case kBinPersId: {
        Value* id = pop();
        push(make(Kind::reference));
        stack_.back()->items = {id};
        return true;
      }
      default:
        return false;
    }
  }

  bool step_memo(uint8_t opcode) {
    switch (opcode) {
      case kBinPut:
        memoize(unsigned_number(1));
        return true;
      case kLongBinPut:
        memoize(unsigned_number(4));
        return true;
      case kMemoize:
        memoize(memo_.size());
        return true;
      case kBinGet:
        recall(unsigned_number(1));
        return true;
      case kLongBinGet:
        recall(unsigned_number(4));
        return true;
      default:
        return false;
    }
  }

  void push_global(std::string_view module, std::string_view name) {
    std::string full(module);
    full.append(".").append(name);
    const auto known = std::find(globals_.begin(), globals_.end(), full);
    if (known == globals_.end()) {
      fail("{}: byte {}: expected tensors and plain data, found the global {}, which is refused; {}", where_,
           opcode_at_, excerpt(full), advice_(full));
    }
    push(make(Kind::global));
    stack_.back()->text = *known;
  }

  void extend(Kind kind, const std::vector<Value*>& items) {
    Value* container = top();
    require(container->kind == kind && (kind == Kind::list || items.size() % 2 == 0),
            kind == Kind::list ? "a list to append to" : "a dictionary and pairs for it");
    container->items.insert(container->items.end(), items.begin(), items.end());
  }

  void reduce() {
    Value* arguments = pop();
    Value* callable = pop();
    require(callable->kind == Kind::global && arguments->kind == Kind::tuple, "a global and a tuple for it");
    if (callable->text == kOrderedDict) {
      require(arguments->items.empty(), "an OrderedDict without arguments");
      push(make(Kind::dictionary));
      return;
    }
    push(make(Kind::call));
    stack_.back()->items = {callable, arguments};
  }

  void memoize(uint64_t index) {
    require(index < kMostValues, "memo numbers below 1048576");
    if (index >= memo_.size()) memo_.resize(index + 1, nullptr);
    memo_[index] = top();
  }

  void recall(uint64_t index) {
    require(index < memo_.size() && memo_[index] != nullptr, "a memo number in use");
    push(memo_[index]);
  }

  std::span<const std::byte> bytes_;
  std::span<const std::string_view> globals_;
  const std::string& where_;
  GlobalAdvice advice_;
  std::deque<PickleValue>& values_;
  std::vector<Value*> stack_;
  std::vector<size_t> marks_;  // sizes of the stack
  std::vector<Value*> memo_;
  uint64_t at_ = 0, opcode_at_ = 0;
};

}  // namespace

Pickle::Pickle(std::span<const std::byte> bytes, std::span<const std::string_view> globals,
               const std::string& where, GlobalAdvice advice) {
  root_ = Machine(bytes, globals, where, advice, values_).run();
}

}  // namespace janus
