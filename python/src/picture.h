// Images between Python and the models.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "generator/engine/request.h"
#include "vision/image.h"

namespace janus::python {

// An 8-bit RGB image. Shared, so that numpy may look at its bytes.
struct Picture {
  std::shared_ptr<const Image> image;
};

// A picture as the vision tower takes it.
struct Prepared {
  PromptImage pixels;
};

void bind_pictures(nanobind::module_& module);

}  // namespace janus::python
