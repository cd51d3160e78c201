// Texts as ids, and back.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "generator/limits.h"
#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/unlocked.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

std::vector<int32_t> tokenize(const OpenModel& model, const std::string& text, bool add_begin) {
  const std::shared_ptr<RunningModel> running = model.running();
  const Unlocked unlocked;
  return as<ModelError>([&] { return running->model().tokenizer().encode(text, add_begin); });
}

// Bytes: the ids may end within a character.
nb::bytes detokenize(const OpenModel& model, const std::vector<int32_t>& ids) {
  const std::shared_ptr<RunningModel> running = model.running();
  const std::string text = [&] {
    const Unlocked unlocked;
    const TextTokenizer& tokenizer =
        as<ModelError>([&]() -> const TextTokenizer& { return running->model().tokenizer(); });
    // Refuses one that is not there.
    as<RequestError>([&] {
      for (const int32_t id : ids) (void)tokenizer.token_of(id);
    });
    return tokenizer.decode(ids);
  }();
  return nb::bytes(text.data(), text.size());
}

}  // namespace

void bind_text(BoundModel& model) {
  model.def("tokenize", &tokenize, nb::arg("text"), nb::arg("add_begin"),
            "The ids of a text. Raises ModelError where the model has no tokenizer.");
  model.def("detokenize", &detokenize, nb::arg("ids"), "The text of ids, in UTF-8. Raises RequestError.");
}

}  // namespace janus::python
