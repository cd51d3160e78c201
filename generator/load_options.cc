#include "generator/load_options.h"

#include "core/base/error.h"

namespace janus {

LoadOptions load_options(const Checkpoint& checkpoint, const ModelOptions& options) {
  LoadOptions load{.plan = options.plan};
  if (!options.progress) return load;
  constexpr int64_t kMegabyte = 1'000'000;
  int64_t total = 0;
  for (const auto& [name, tensor] : checkpoint.tensors())
    total += static_cast<int64_t>(tensor.data.bytes.size());
  load.on_read = [progress = options.progress, total, done = int64_t{0}](int64_t bytes) mutable {
    progress("loading (MB)", done / kMegabyte, total / kMegabyte);
    done += bytes;
  };
  return load;
}

void check_not_smaller(const Checkpoint& checkpoint, WeightType type, const std::string& decoder) {
  if (type == WeightType::native) return;
  const std::string layers = decoder + ".layers.";
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (!name.starts_with(layers) || !is_quantized(tensor.dtype)) continue;
    check(!is_larger(type, tensor.dtype),
          "type of the weights: expected native, or one smaller than the {} of {} in {}, found {}; leave it "
          "out, or take the model that the file was made of",
          name_of(tensor.dtype), name, tensor.file, name_of(type));
  }
}

}  // namespace janus
