#include "core/base/shared_module.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/base/machine_fault.h"

namespace janus {
namespace {

// The folder of the program or library that this function is in.
std::filesystem::path own_folder() {
  Dl_info info{};
  std::error_code fault;
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &info) == 0 || info.dli_fname == nullptr) return {};
  // A program's own name may be relative, or found along PATH.
  const std::filesystem::path file = std::filesystem::read_symlink("/proc/self/exe", fault);
  const std::filesystem::path named(info.dli_fname);
  // libjanus_core.so.0.1, or a library that holds the static one.
  const std::string name = named.filename().string();
  const bool library = name.ends_with(".so") || name.find(".so.") != std::string::npos;
  return (library || fault ? std::filesystem::absolute(named, fault) : file).parent_path();
}

// The loader tells its faults in words alone, most with the system's behind.
bool is_machine_fault_of(const std::string& words) {
  const auto has = [&](const char* part) { return words.find(part) != words.npos; };
  return has("failed to map segment") || has("cannot allocate") || has("cannot create") ||
         has(std::strerror(ENOMEM)) || has(std::strerror(EMFILE)) || has(std::strerror(ENFILE)) ||
         has(std::strerror(EIO));
}

}  // namespace

std::string shared_module_file(const std::string& name) { return "libjanus_" + name + ".so"; }

SharedModule open_shared_module(const std::string& name, const char* entry) {
  const std::filesystem::path folder = own_folder(), file = shared_module_file(name);
  const std::filesystem::path modules = JANUS_MODULE_FOLDER;
  for (const std::filesystem::path& path :
       {folder / file, folder / modules.filename() / file, folder / ".." / modules / file, file}) {
    std::error_code fault;
    const bool named = path.has_parent_path();
    if (named && !std::filesystem::exists(path, fault)) continue;
    void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) {
      const std::string words = dlerror();
      // The loader says of a file that is nowhere what it says of one whose own libraries are: the name
      // tells.
      if (is_machine_fault_of(words)) {
        throw MachineFault(
            fmt::format("module, {}: expected memory and files to open it, found: {}; close other "
                        "programs, or raise the limits (ulimit -v, ulimit -n)",
                        path.string(), words));
      }
      const bool nowhere = !named && words.starts_with(file.string() + ": cannot open shared object file");
      return {nullptr, nowhere ? "none of that name" : words};
    }
    if (void* const found = dlsym(module, entry)) return {found, ""};
    return {nullptr, "one of another version"};
  }
  return {nullptr, "none of that name"};
}

}  // namespace janus
