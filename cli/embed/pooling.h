// What becomes of an image's vectors.
#pragma once

#include "generator/results.h"

namespace janus::cli {

enum class Pool { none, mean, max };

// [N, D] -> [D]: of each of the D numbers the mean or the greatest over the N vectors. none: as it is.
Array pooled(Array vectors, Pool pool);

// Makes every vector, a run of the last axis, one of length 1, for comparisons by dot product. One of zeros
// stays.
void normalize(Array& vectors);

}  // namespace janus::cli
