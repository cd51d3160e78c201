#include "generator/builtin_model.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "core/base/embedded_file.h"
#include "core/base/error.h"

namespace janus {

extern "C" const EmbeddedFile janus_embedded_builtin_model[];
extern "C" const uint64_t janus_embedded_builtin_model_count;

FileSet builtin_model() {
  std::map<std::string, std::span<const std::byte>> files;
  for (const EmbeddedFile& file :
       std::span(janus_embedded_builtin_model, janus_embedded_builtin_model_count)) {
    files.emplace(file.name, std::span(file.data, file.bytes));
  }
  check(!files.empty(), "built-in model: this build of janus has none; open a model folder");
  return FileSet::builtin("janus-tiny (built in)", std::move(files));
}

std::unique_ptr<Model> open_builtin_model(std::shared_ptr<Device> device, const ModelOptions& options) {
  return open_model(Checkpoint::open(builtin_model()), std::move(device), options);
}

}  // namespace janus
