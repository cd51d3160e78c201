// Whether it is the machine's memory that a picture could not be decoded or encoded for.
#pragma once

#include <cstdint>
#include <new>
#include <string>

#include "core/base/machine_fault.h"

namespace janus {

// Where memory ends for an image of more pixels, its own size is the cause, and the next may well be decoded.
inline constexpr int64_t kLargeImagePixels = int64_t{1} << 26;

// Whether there is memory for work on so many pixels.
bool has_image_memory(int64_t pixels);

// Throws MachineFault, or for a large image TransientError.
[[noreturn]] void fail_without_image_memory(int64_t width, int64_t height, const std::string& name);

// Decodes or encodes an image by `action`. Codecs say in many ways that memory has ended, some of them that
// the picture is damaged: an Error of theirs counts only where there is memory. Throws
// fail_without_image_memory() where there is none.
template <typename Action>
auto with_image_memory(int64_t width, int64_t height, const std::string& name, const Action& action) {
  try {
    return action();
  } catch (const std::bad_alloc&) {
    fail_without_image_memory(width, height, name);
  } catch (const MachineFault&) {
    throw;
  } catch (const Error&) {
    if (has_image_memory(width * height)) throw;
    fail_without_image_memory(width, height, name);
  }
}

}  // namespace janus
