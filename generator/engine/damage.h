// Finds the part of a model that made logits which are not finite. Called once they are found: until then
// nothing is spent on it.
#pragma once

#include <span>

#include "generator/engine/engine_model.h"

namespace janus {

// What the logits came from.
struct LogitsOrigin {
  TokenKind kind = TokenKind::text;          // of the logits
  TokenKind read = TokenKind::text;          // of the ids that were read
  std::span<const int32_t> ids;              // some or all of them
  std::span<const PromptImage> images = {};  // in their places
  Tensor hidden;                             // [.., D] behind the decoder; empty where it is not known
};

// Throws the Error that names the part.
[[noreturn]] void fail_not_finite(const EngineModel& model, const LogitsOrigin& origin);

}  // namespace janus
