// From a listed picture to what the model takes: bytes, hash, pixels.
#pragma once

#include "cli/caption/bounded_queue.h"
#include "cli/caption/picture.h"
#include "vision/image.h"

namespace janus::cli {

// What is wrong with the picture stands in the result. Waits for its share of `budget` before it decodes.
LoadedPicture load_picture(ListedPicture listed, const PreprocessConfig& config, MemoryBudget& budget);

// Fills in the listed picture's content, and size and time as they are at the reading. Throws Error if it
// cannot be read.
void read_content(ListedPicture& listed);

}  // namespace janus::cli
