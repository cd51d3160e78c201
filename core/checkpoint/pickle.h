// A reader of Python pickles that can build plain data and nothing else: it calls nothing, and every global
// that the caller does not list is refused by its name. Source: CPython, Lib/pickletools.py (protocols 2 to
// 5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace janus {

enum class PickleKind : uint8_t {
  none,
  boolean,
  integer,
  real,
  text,
  list,
  tuple,
  dictionary,
  global,
  call,
  reference
};

struct PickleValue {
  PickleKind kind = PickleKind::none;
  int64_t integer = 0;    // boolean, integer
  std::string_view text;  // text; of a global its name, "collections.OrderedDict"
  // list, tuple: its items; dictionary: key, value, key, value, in the order of the file; call: the global
  // and the tuple of its arguments; reference: the id that stands for data outside the pickle. Lists and
  // dictionaries may hold themselves.
  std::vector<const PickleValue*> items;
};

// What to do about a global that may not stand in a pickle, for the message that refuses it.
using GlobalAdvice = std::string (*)(std::string_view global);

// What a pickle holds. Texts point into the pickle's bytes.
class Pickle {
 public:
  // Reads one pickle. `globals` are the names that may stand in it ("torch.FloatStorage"); calls of them are
  // kept as calls, except that an OrderedDict without arguments is a dictionary. Attributes set on a
  // dictionary (the _metadata of a state_dict) are dropped. `where` names the pickle in messages. Throws
  // Error with the byte's number for any other global, opcodes unknown or out of place, and more data than
  // any checkpoint has.
  Pickle(std::span<const std::byte> bytes, std::span<const std::string_view> globals,
         const std::string& where, GlobalAdvice advice);

  const PickleValue& root() const { return *root_; }

 private:
  std::deque<PickleValue> values_;  // a deque: addresses stay good, and nothing recurses when it goes
  const PickleValue* root_ = nullptr;
};

}  // namespace janus
