// Images of prompts.
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "core/tensor/device.h"
#include "generator/engine/engine_model.h"
#include "generator/limits.h"
#include "generator/settings_text.h"
#include "python/src/arrays.h"
#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/picture.h"
#include "python/src/sampling.h"
#include "python/src/ticket.h"
#include "python/src/timings.h"
#include "python/src/typed.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

// An image that is being made: `done` of `total` lines of codes, or steps of a flow.
struct Preview {
  Picture picture;
  int done = 0, total = 0;
};

using Drawn = Ticket<GeneratedImage, Preview>;

struct Wish {
  std::string prompt, negative_prompt;
  std::optional<double> cfg_scale;
  std::optional<int64_t> steps;
  Sampling sampling;
  bool special_tokens = false;
  int64_t preview_every = 0;  // lines or steps; 0: none

  void check() const { (void)request({}); }
  // What is not given is the model's.
  ImageRequest request(const ImageDefaults& defaults) const {
    return as<RequestError>([&] {
      if (cfg_scale) kGuidance.check("cfg_scale", *cfg_scale);
      if (steps) kFlowSteps.check("steps", *steps);
      IntRange{}.check("preview_every", preview_every);
      return ImageRequest{.prompt = prompt,
                          .negative_prompt = negative_prompt,
                          .guidance = cfg_scale ? static_cast<float>(*cfg_scale) : defaults.guidance,
                          .steps = steps_of(defaults),
                          .sampling = sampling.options(),
                          .special_tokens = special_tokens};
    });
  }

 private:
  std::optional<int> steps_of(const ImageDefaults& defaults) const {
    if (steps) return static_cast<int>(*steps);
    return defaults.flows() ? std::optional(defaults.steps) : std::nullopt;
  }
};

ImageDefaults defaults_of(const RunningModel& running) {
  return running.model().engine_model().image_defaults();
}

Drawn draw(const OpenModel& model, const Wish& wish, uint64_t key) {
  std::shared_ptr<RunningModel> running = model.running();
  const auto pending = model.new_pending<GeneratedImage, Preview>(key);
  const Unlocked unlocked;
  ImageSink sink{.on_done = [pending](GeneratedImage& image) { pending->finish(std::move(image)); },
                 .on_error = [pending](std::exception_ptr error) { pending->fail(std::move(error)); }};
  if (wish.preview_every > 0) {
    sink.on_line = [pending, every = wish.preview_every](const ImageSoFar& image) {
      if (image.lines % every != 0 || image.lines == image.all_lines) return;
      pending->push({{std::make_shared<const Image>(image.make())}, image.lines, image.all_lines});
    };
  }
  const RequestId id = running->submit(wish.request(defaults_of(*running)), std::move(sink));
  return {std::move(running), pending, id};
}

// The texts that the program puts into the image's file. name, type: as the model was asked for.
ImageText text_of(const OpenModel& model, const Wish& wish, const Picture& picture, const std::string& name,
                  const std::string& type) {
  const std::shared_ptr<RunningModel> running = model.running();
  OrderedJson settings = request_settings(wish.request(defaults_of(*running)));
  settings.update({{"width", picture.image->width}, {"height", picture.image->height}});
  settings.update(provenance_json({.model = name,
                                   .fingerprint = running->fingerprint(),
                                   .type = type,
                                   .device = running->model().device().name()}));
  return settings_text(settings);
}

DictByName dict_of(GeneratedImage made) {
  DictByName dict;
  dict["picture"] = Picture{std::make_shared<const Image>(std::move(made.image))};
  dict["seed"] = made.seed;
  dict["timings"] = timings_dict(made.timings);
  if (!made.codes.codes.empty()) dict["codes"] = numpy_of(std::move(made.codes));
  if (!made.latent.values.empty()) dict["latent"] = numpy_of(std::move(made.latent));
  return dict;
}

}  // namespace

void bind_drawing(nb::module_& module, BoundModel& model) {
  nb::class_<Wish>(module, "Wish", "What is asked for an image.")
      .def(nb::init<>())
      .def("check", &Wish::check, "Raises RequestError for numbers out of range.")
      .def_rw("prompt", &Wish::prompt)
      .def_rw("negative_prompt", &Wish::negative_prompt)
      .def_rw("cfg_scale", &Wish::cfg_scale, nb::arg("value").none())
      .def_rw("steps", &Wish::steps, nb::arg("value").none())
      .def_rw("sampling", &Wish::sampling)
      .def_rw("special_tokens", &Wish::special_tokens)
      .def_rw("preview_every", &Wish::preview_every, "Lines of codes, or steps; 0: no previews.");
  nb::class_<Preview>(module, "Preview", "An image that is being made.")
      .def_ro("picture", &Preview::picture)
      .def_ro("done", &Preview::done, "Lines of codes, or steps.")
      .def_ro("total", &Preview::total);
  bind_ticket<GeneratedImage, Preview>(module, "ImageTicket",
                                       [](GeneratedImage made) { return dict_of(std::move(made)); })
      .def("next", &Drawn::next, nb::arg("seconds"),
           "The next preview, waiting for it so long at most; None where there is none yet.");
  model.def("text_of", &text_of, nb::arg("wish"), nb::arg("picture"), nb::arg("name"), nb::arg("type"),
            "The texts that the program puts into such an image's file, by keyword.");
  model.def("draw", &draw, nb::arg("wish"), nb::arg("key"), "Begins an image. Raises RequestError.");
}

}  // namespace janus::python
