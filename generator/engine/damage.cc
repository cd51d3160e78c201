#include "generator/engine/damage.h"

#include <algorithm>
#include <vector>

#include "core/base/finite.h"
#include "core/tensor/ops.h"

namespace janus {

void fail_not_finite(const EngineModel& model, const LogitsOrigin& origin) {
  for (const PromptImage& image : origin.images) model.check_image_embeddings(*image);
  std::vector<int32_t> ids;
  std::copy_if(origin.ids.begin(), origin.ids.end(), std::back_inserter(ids),
               [&](int32_t id) { return origin.read == TokenKind::code || id != model.placeholder_id(); });
  if (!ids.empty()) {
    check_finite(ops::to_host(model.embed(origin.read, ids)), origin.read == TokenKind::text
                                                                  ? "token embeddings"
                                                                  : "embeddings of codes, and their aligner");
  }
  const bool text = origin.kind == TokenKind::text;
  if (origin.hidden.empty())
    janus::fail_not_finite(text ? "decoder, or its head" : "decoder, or its image head");
  check_finite(ops::to_host(origin.hidden), "decoder");
  janus::fail_not_finite(text ? "head of the decoder" : "image head");
}

}  // namespace janus
