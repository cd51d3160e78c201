#include "generator/builtin_model.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>

#include "core/base/error.h"

// The table that cmake/embed.cmake writes.
extern "C" {
struct JanusEmbeddedFile {
  const char* name;
  const std::byte* data;
  uint64_t bytes;
};
extern const JanusEmbeddedFile janus_embedded_files[];
extern const uint64_t janus_embedded_count;
}

namespace janus {

FileSet builtin_model() {
  std::map<std::string, std::span<const std::byte>> files;
  for (const JanusEmbeddedFile& file : std::span(janus_embedded_files, janus_embedded_count)) {
    files.emplace(file.name, std::span(file.data, file.bytes));
  }
  check(!files.empty(), "built-in model: this build of janus has none; open a model folder");
  return FileSet::builtin("janus-tiny (built in)", std::move(files));
}

std::unique_ptr<Model> open_builtin_model(std::shared_ptr<Device> device, const ModelOptions& options) {
  return open_model(Checkpoint::open(builtin_model()), std::move(device), options);
}

}  // namespace janus
