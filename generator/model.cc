#include "generator/model.h"

#include "core/error.h"
#include "core/json.h"
#include "generator/janus_model.h"

namespace janus {
namespace {

// The one table of model families: a new family is one line here and files of its own.
struct Family {
  bool (*recognises)(const nlohmann::json& config);
  std::unique_ptr<Model> (*open)(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                 const ModelOptions& options);
};

template <typename T>
std::unique_ptr<Model> open_as(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                               const ModelOptions& options) {
  return std::make_unique<T>(checkpoint, std::move(device), options);
}

constexpr Family kFamilies[] = {
    {is_janus, open_as<JanusModel>},
};

std::string type_of(const nlohmann::json& config) {
  const auto type = config.find("model_type");
  return type != config.end() && type->is_string() ? "\"" + type->get<std::string>() + "\"" : "none";
}

}  // namespace

std::unique_ptr<Model> open_model(const Checkpoint& checkpoint, std::shared_ptr<Device> device,
                                  const ModelOptions& options) {
  for (const Family& family : kFamilies) {
    if (family.recognises(checkpoint.config())) return family.open(checkpoint, std::move(device), options);
  }
  fail(
      "{}/config.json: model_type: expected \"multi_modality\" or \"janus\", found {}; use a Janus or "
      "Janus-Pro model",
      checkpoint.files().name(), type_of(checkpoint.config()));
}

}  // namespace janus
