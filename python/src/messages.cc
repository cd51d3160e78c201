// Conversations as messages of roles.
#include "generator/messages.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/picture.h"
#include "python/src/typed.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

struct Turns {
  std::vector<ChatTurn> turns;
  std::vector<Prepared> images;
};

// (role, path, parts), a part being a text or a picture.
Message message_of(const nb::tuple& given) {
  Message message;
  message.path = nb::cast<std::string>(given[1]);
  message.role = role_of(nb::cast<std::string>(given[0]), message.path + ".role");
  for (const nb::handle part : nb::cast<nb::list>(given[2])) {
    if (nb::isinstance<Prepared>(part)) {
      message.parts.push_back({.image = nb::cast<Prepared>(part).pixels});
    } else {
      message.parts.push_back({.text = nb::cast<std::string>(part)});
    }
  }
  return message;
}

Turns turns_of(const ListOfAny& messages) {
  return as<RequestError>([&] {
    std::vector<Message> all;
    for (const nb::handle one : messages) all.push_back(message_of(nb::cast<nb::tuple>(one)));
    AnswerRequest request = answer_request(all);
    Turns turns{.turns = std::move(request.turns), .images = {}};
    for (PromptImage& image : request.images) turns.images.push_back({std::move(image)});
    return turns;
  });
}

}  // namespace

void bind_messages(nb::module_& module) {
  nb::class_<Turns>(module, "Turns", "A conversation up to a question.")
      .def_ro("turns", &Turns::turns)
      .def_ro("images", &Turns::images);
  module.def("turns_of", &turns_of, nb::arg("messages"),
             "The conversation of messages (role, path, [text or Prepared, ...]). Raises RequestError.");
}

}  // namespace janus::python
