// Whole files in memory. Weights are mapped instead (core/base/mapped_file.h).
#pragma once

#include <cstddef>
#include <string>

namespace janus {

// What stands for standard input as a path.
inline constexpr const char* kStandardInput = "-";

// All bytes of the file at `path`, which may be a pipe, or of standard input. Throws Error, which begins with
// `name` ("prompt, a.txt"), for what cannot be read and for more than `most_bytes`; MachineFault where the
// machine is at fault.
std::string read_file(const std::string& path, const std::string& name, size_t most_bytes);
// The same for what follows in an open file.
std::string read_to_end(int descriptor, const std::string& name, size_t most_bytes);

}  // namespace janus
