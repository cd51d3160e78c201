// What an engine may take.
#pragma once

#include <cstdint>

namespace janus {

struct EngineOptions {
  // Rows of the cache in one step at most; an image takes two, one where its guidance is 1. 0:
  // default_rows(). A request that needs more runs alone.
  int rows = 0;
  // Tokens whose keys and values are held at most. 0: as many as there is memory for.
  int64_t cache_tokens = 0;
  // While others run, a prompt is read so many tokens at a time, 2 at least,
  int chunk_tokens = 256;
  // and between two layers of it the others make a step once they have waited for so long.
  int hold_ms = 50;
};

}  // namespace janus
