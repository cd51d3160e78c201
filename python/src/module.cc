// The extension module janus_cpp._core: what is bound here is called by the package's Python alone, which
// checks what callers give.
#include <janus/version.h>
#include <nanobind/nanobind.h>

#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/picture.h"
#include "python/src/unlocked.h"

NB_MODULE(_core, module) {
  using namespace janus::python;  // NOLINT(google-build-using-namespace): the file is this
  module.attr("VERSION") = JANUS_VERSION;
  bind_errors(module);
  bind_calls(module);
  bind_pictures(module);
  BoundModel model = bind_model(module);
  bind_answers(module, model);
  bind_messages(module);
  bind_quantize(module);
  bind_drawing(module, model);
  bind_scores(module, model);
  bind_coding(module, model);
  bind_text(model);
}
