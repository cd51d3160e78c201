#include "generator/model.h"

#include "core/base/error.h"
#include "core/base/json.h"
#include "generator/janus/janus_memory.h"
#include "generator/janus/janus_model.h"

namespace janus {
namespace {

// The one table of model families: a new family is one line here and files of its own.
struct Family {
  bool (*recognises)(const nlohmann::json& config);
  std::unique_ptr<Model> (*open)(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                 const ModelOptions& options);
  MemoryNeed (*memory_need)(const Checkpoint& checkpoint, std::string_view device_name,
                            const ModelOptions& options, const Work& work);
};

template <typename T>
std::unique_ptr<Model> open_as(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                               const ModelOptions& options) {
  return std::make_unique<T>(checkpoint, std::move(device), options);
}

constexpr Family kFamilies[] = {
    {is_janus, open_as<JanusModel>, janus_memory_need},
};

std::string type_of(const nlohmann::json& config) {
  const auto type = config.find("model_type");
  return type != config.end() && type->is_string() ? "\"" + type->get<std::string>() + "\"" : "none";
}

const Family& family_of(const Checkpoint& checkpoint) {
  for (const Family& family : kFamilies) {
    if (family.recognises(checkpoint.config())) return family;
  }
  fail(
      "{}/config.json: model_type: expected \"multi_modality\" or \"janus\", found {}; use a Janus or "
      "Janus-Pro model",
      checkpoint.files().name(), type_of(checkpoint.config()));
}

}  // namespace

std::unique_ptr<Model> open_model(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                  const ModelOptions& options) {
  return family_of(checkpoint).open(checkpoint, std::move(device), options);
}

MemoryNeed memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                       const ModelOptions& options, const Work& work) {
  return family_of(checkpoint).memory_need(checkpoint, device_name, options, work);
}

}  // namespace janus
