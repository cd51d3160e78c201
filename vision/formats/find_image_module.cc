#include <map>
#include <mutex>

#include "core/base/shared_module.h"
#include "vision/formats/image_module.h"

namespace janus {
namespace {

struct Found {
  bool looked = false, opened = false;
  ImageModule module;
  std::string fault;
};

}  // namespace

const ImageModule* find_image_module(const std::string& name, std::string& fault) {
  static std::mutex mutex;
  static std::map<std::string, Found> known;
  const std::lock_guard lock(mutex);
  Found& found = known[name];
  if (!found.looked) {  // opening may throw for want of memory, and is tried again then
    const SharedModule shared = open_shared_module(name, kImageModuleEntry);
    found.opened = shared.entry != nullptr;
    found.fault = shared.fault;
    if (found.opened) reinterpret_cast<decltype(&janus_image_module)>(shared.entry)(found.module);
    found.looked = true;
  }
  fault = found.fault;
  return found.opened ? &found.module : nullptr;
}

}  // namespace janus
