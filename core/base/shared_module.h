// Modules: parts of janus in shared libraries of their own, opened when they are first needed, so that a
// program starts fast and without the libraries that they bring.
#pragma once

#include <string>

namespace janus {

struct SharedModule {
  void* entry = nullptr;  // the function asked for; null where there is none
  std::string fault;      // then what was found instead: "none of that name", the loader's words
};

// Opens the file `libjanus_NAME.so` and finds its function `entry`. The file is looked for beside the
// program or the shared library that janus is in, in the folder `janus-VERSION` of an installed shared
// library, in that of an installed program (`../lib/janus-VERSION`) and where the system looks
// (LD_LIBRARY_PATH and the program's RUNPATH among it); the first that exists counts. It stays open.
SharedModule open_shared_module(const std::string& name, const char* entry);

// What open_shared_module() looks for, for messages: "libjanus_NAME.so".
std::string shared_module_file(const std::string& name);

}  // namespace janus
