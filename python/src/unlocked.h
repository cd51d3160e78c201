// Python's lock, given up while C++ works. Python's end waits for all who have given it up: a thread that
// asked for it later would be ended by Python amid C++, which aborts the process.
#pragma once

#include <nanobind/nanobind.h>

namespace janus::python {

// Raises SystemExit where Python ends, which ends a thread without a word: it is one that Python does not
// wait for. Nothing happens on the thread that Python ends on. Called with the lock.
void leave_where_python_ends();

// Counted among the calls under way while it lives.
class CallUnderWay {
 public:
  CallUnderWay();
  ~CallUnderWay();
  CallUnderWay(const CallUnderWay&) = delete;
  CallUnderWay& operator=(const CallUnderWay&) = delete;
};

// Made and destroyed where Python's lock is held; while it lives, it is not. Raises what
// leave_where_python_ends() does.
class Unlocked {
  const CallUnderWay call_;  // until the lock is held again
  const nanobind::gil_scoped_release release_;
};

// Gives the lock up for a call of a function that waits, and leaves where Python ends meanwhile.
template <typename Function>
auto unlocked(const Function& function) {
  auto result = [&] {
    const Unlocked free;
    return function();
  }();
  leave_where_python_ends();
  return result;
}

// After bind_errors: an error on a thread that Python does not wait for becomes a SystemExit, too, where
// Python ends.
void bind_calls(nanobind::module_& module);

}  // namespace janus::python
