// Memory that holds a byte of the caller's choice before anybody writes to it: what depends on it was never
// written.
#pragma once

namespace janus::test {

// From here to its end, memory that is allocated, and the stack below the caller, begin as this byte.
// calloc() gives zeros all the same. One at a time.
class Poisoned {
 public:
  explicit Poisoned(unsigned char byte);
  ~Poisoned();
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;
};

}  // namespace janus::test
