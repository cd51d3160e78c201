// The limits of an engine.
#pragma once

#include <cstdint>

namespace janus {

// As many tokens as prove fastest, by what passes take and guesses bring while the engine runs; 1 on a device
// that samples by itself.
inline constexpr int kAutoWindow = 0;

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
  // The most tokens of an answer, and codes of an image, that one pass reads: the last one, and guesses of
  // what follows. A guess that turns out right spares a pass; what a request gets is the same in any case. An
  // answer's guesses are what followed its last words earlier, in it or its prompt; an image's are codes like
  // their neighbours, which every pass makes better. 1: none.
  int answer_window = kAutoWindow, image_window = kAutoWindow;
};

}  // namespace janus
