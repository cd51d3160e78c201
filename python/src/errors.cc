#include "python/src/errors.h"

#include "generator/engine/request.h"

namespace janus::python {

namespace nb = nanobind;

void bind_errors(nb::module_& module) {
  const nb::exception<Error> error(module, "Error", PyExc_Exception);
  const auto kind_of = [&](PyObject* plain) { return nb::make_tuple(error, nb::handle(plain)); };
  // Translators are asked in the reverse order of their making: the kinds before the error that they are.
  const nb::exception<ImageError> image(module, "ImageError", kind_of(PyExc_ValueError));
  const nb::exception<ModelError> model(module, "ModelError", kind_of(PyExc_RuntimeError));
  const nb::exception<RequestError> request(module, "RequestError", kind_of(PyExc_ValueError));
  const nb::exception<Cancelled> cancelled(module, "Cancelled", error);
}

}  // namespace janus::python
