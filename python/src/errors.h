// The kinds of errors that Python callers tell apart; each has a class of its own in the package.
#pragma once

#include <nanobind/nanobind.h>

#include "core/base/error.h"

namespace janus::python {

// A picture that cannot be read.
struct ImageError : Error {
  using Error::Error;
};
// A model that cannot be opened or used.
struct ModelError : Error {
  using Error::Error;
};
// What no model can be asked for.
struct RequestError : Error {
  using Error::Error;
};

// Calls `action`, and throws its Error as a `Kind`.
template <typename Kind, typename Action>
decltype(auto) as(const Action& action) {
  try {
    return action();
  } catch (const Kind&) {
    throw;
  } catch (const Error& error) {
    throw Kind(error.what());
  }
}

void bind_errors(nanobind::module_& module);

}  // namespace janus::python
