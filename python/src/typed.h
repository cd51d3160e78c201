// Python's containers as stubs name them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/typing.h>

namespace janus::python {

using DictByName = nanobind::typed<nanobind::dict, nanobind::str, nanobind::any>;
using ListOfAny = nanobind::typed<nanobind::list, nanobind::any>;

}  // namespace janus::python
