// Loads the CUDA backend, a shared library beside the program, when a card is asked for.
#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/cuda/module.h"
#include "core/tensor/device.h"

namespace janus {
namespace {

constexpr const char* kModule = "libjanus_cuda.so";

// The folder of the program or library that this function is in.
std::filesystem::path own_folder() {
  Dl_info info{};
  std::error_code fault;
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) return {};
  // A program's own name may be relative, or found along PATH.
  const std::filesystem::path file = std::filesystem::read_symlink("/proc/self/exe", fault);
  const std::filesystem::path named(info.dli_fname);
  return (named.extension() == ".so" || fault ? std::filesystem::absolute(named, fault) : file).parent_path();
}

// Beside the program, in the library folder of its installation, or where the system looks. Stays loaded.
void* load_module(std::string_view device) {
  const std::filesystem::path folder = own_folder();
  std::string found = "none of that name";
  for (const std::filesystem::path& path :
       {folder / kModule, folder / ".." / JANUS_LIBRARY_FOLDER / kModule, std::filesystem::path(kModule)}) {
    std::error_code fault;
    if (path.has_parent_path() && !std::filesystem::exists(path, fault)) continue;
    if (void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return module;
    if (path.has_parent_path()) {
      found = dlerror();
      break;
    }
  }
  fail(
      "device {}: expected the CUDA backend {} beside the program, found {}; build it with "
      "-DJANUS_CUDA=ON or use --device cpu",
      device, kModule, found);
}

}  // namespace

std::shared_ptr<Device> open_cuda_device(std::string_view name) {
  void* const module = load_module(name);
  const auto open = reinterpret_cast<decltype(&janus_cuda_open)>(dlsym(module, cuda::kEntryName));
  check(open != nullptr,
        "device {}: expected {} of this program's version, found another; build both together", name,
        kModule);
  std::shared_ptr<Device> device;
  open(name, device);
  return device;
}

}  // namespace janus
