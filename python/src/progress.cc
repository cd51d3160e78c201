#include "python/src/progress.h"

#include <nanobind/stl/string.h>

#include <memory>
#include <utility>

#include "python/src/unlocked.h"

namespace janus::python {

namespace nb = nanobind;

Progress progress_to(nb::object function) {
  // Copies of the progress are made and dropped where nobody holds Python's lock.
  const std::shared_ptr<nb::object> shared(new nb::object(std::move(function)), [](nb::object* object) {
    const nb::gil_scoped_acquire locked;
    delete object;
  });
  return [shared](const char* phase, int64_t done, int64_t total) {
    const nb::gil_scoped_acquire locked;
    leave_where_python_ends();
    if (PyErr_CheckSignals() != 0) throw nb::python_error();
    if (!shared->is_none()) (*shared)(phase, done, total);
  };
}

}  // namespace janus::python
