// The limits of an engine.
#pragma once

#include <cstdint>

namespace janus {

struct EngineOptions {
  // The most rows of the cache in one step. An image takes two, or one where its guidance is 1. A request
  // that needs more runs alone. 0: default_rows().
  int rows = 0;
  // The most tokens whose keys and values are held. 0: as many as there is memory for.
  int64_t cache_tokens = 0;
  // A prompt is read so many tokens at a time while others run; at least 2.
  int chunk_tokens = 256;
  // The others make a step between two layers of that prompt once they have waited for so long.
  int hold_ms = 50;
};

}  // namespace janus
