// What downloads leave in the place of a file, told by its first bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace janus {

// Throws Error, naming the file `where` and the way to the true one, if `bytes` are a Git LFS, Xet or
// git-annex pointer, a web page or a server's refusal.
void check_no_stand_in(std::span<const std::byte> bytes, const std::string& where);

}  // namespace janus
