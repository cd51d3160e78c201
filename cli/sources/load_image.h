// From a listed image to what the model takes: bytes, hash, pixels.
#pragma once

#include <functional>
#include <vector>

#include "cli/sources/listed_image.h"
#include "cli/sources/memory_budget.h"
#include "vision/image.h"

namespace janus::cli {

// What a run makes of a decoded image, for LoadedImage::pixels.
using Prepare = std::function<std::vector<float>(const Image& image)>;

// What is wrong with the image stands in the result. Waits for its share of `memory` before it reads and
// decodes. pixel_limit: as decode_image() has it.
LoadedImage load_image(ListedImage listed, const Prepare& prepare, int64_t pixel_limit, FeedMemory& memory);

// Fills in the listed image's content, and size and time as they are at the reading. Throws Error if it
// cannot be read. Waits for its share of `budget` before.
void read_content(ListedImage& listed, MemoryBudget& budget);

}  // namespace janus::cli
