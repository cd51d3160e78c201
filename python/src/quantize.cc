// A whole model as one file with smaller weights.
#include "generator/quantize.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <map>
#include <string>

#include "core/base/atomic_file.h"
#include "core/tensor/device.h"
#include "generator/builtin_model.h"
#include "generator/memory_check.h"
#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/progress.h"
#include "python/src/typed.h"
#include "python/src/unlocked.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

PartTypes types_of(const std::string& type, const std::map<std::string, std::string>& keep) {
  return as<RequestError>([&] {
    PartTypes types(weight_type_from_name(type));
    for (const auto& [part, kept] : keep) types[part] = weight_type_from_name(kept);
    types.check();
    return types;
  });
}

DictByName dict_of(const QuantizePlan& plan) {
  DictByName facts;
  facts["bytes"] = plan.bytes;
  facts["parameters"] = plan.parameters;
  facts["parts"] = nb::cast(plan.parts);
  facts["vae"] = plan.has_vae.value_or(false) ? nb::cast(plan.vae_path) : nb::none();
  return facts;
}

DictByName quantize(const LoadSettings& settings, const std::map<std::string, std::string>& keep,
                    const std::string& name, const std::string& output, nb::object progress) {
  const Progress tell = progress_to(std::move(progress));
  const QuantizePlan plan = [&] {
    const Unlocked unlocked;
    const PartTypes types = types_of(settings.type, keep);
    return as<ModelError>([&] {
      const Checkpoint checkpoint =
          Checkpoint::open(settings.path.empty() ? builtin_model() : open_model_files(settings.path),
                           {.verify = settings.verify});
      QuantizePlan planned = plan_quantize(checkpoint, types, name, settings.vae);
      check_room(quantize_memory(planned), "model " + name, "close other programs", machine_memory());
      const std::shared_ptr<Device> device = open_device("cpu", {.threads = settings.threads});
      AtomicFile file(output, {.name = "output, " + output, .advice = "choose another output"});
      file.reserve(static_cast<uint64_t>(planned.bytes));
      write_quantized(
          planned, *device, [&](std::span<const std::byte> bytes) { file.append(bytes); }, tell);
      file.commit();
      return planned;
    });
  }();
  return dict_of(plan);
}

}  // namespace

void bind_quantize(nb::module_& module) {
  module.def("quantize", &quantize, nb::arg("settings"), nb::arg("keep"), nb::arg("name"), nb::arg("output"),
             nb::arg("progress").none(),
             "Writes the model of settings as one GGUF file. Raises ModelError, RequestError.");
}

}  // namespace janus::python
