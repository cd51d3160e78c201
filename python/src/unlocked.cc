#include "python/src/unlocked.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "core/base/error.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

std::atomic<int> calls_under_way = 0;
std::atomic<bool> ends = false;
std::atomic<std::thread::id> ending_thread;

bool leaves() { return ends && std::this_thread::get_id() != ending_thread.load(); }

// Errors of threads that leave are those of models that were closed on them.
void leave_for_error(const std::exception_ptr& error, void* /*payload*/) {
  try {
    std::rethrow_exception(error);
  } catch (const Error&) {
    if (!leaves()) throw;
    PyErr_SetNone(PyExc_SystemExit);
  }
}

void begin_end() {
  ending_thread = std::this_thread::get_id();
  ends = true;
}

void end_calls() {
  const nb::gil_scoped_release unlocked;
  while (calls_under_way > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void pass_over_leaks() { nb::set_leak_warnings(false); }

// On a fork there are no other threads, whatever was under way. What they held is never let go of.
void forget_calls() {
  calls_under_way = 0;
  ends = false;
  pass_over_leaks();
}

}  // namespace

void leave_where_python_ends() {
  if (!leaves()) return;
  PyErr_SetNone(PyExc_SystemExit);
  throw nb::python_error();
}

CallUnderWay::CallUnderWay() {
  leave_where_python_ends();
  ++calls_under_way;
}

CallUnderWay::~CallUnderWay() { --calls_under_way; }

void bind_calls(nb::module_& module) {
  nb::register_exception_translator(&leave_for_error);
  module.def("begin_end", &begin_end, "Lets calls of all other threads leave; no new one begins.");
  module.def("end_calls", &end_calls, "Waits until all calls have left that are under way.");
  module.def("pass_over_leaks", &pass_over_leaks, "Lets Python end without a word of leaks.");
  module.def("forget_calls", &forget_calls, "On a fork: it has none of the calls that were under way.");
}

}  // namespace janus::python
