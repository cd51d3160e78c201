#include "python/src/timings.h"

namespace janus::python {

nanobind::dict timings_dict(const Timings& timings) {
  nanobind::dict parts;
  const auto put = [&](const char* part, double ms) {
    if (ms > 0) parts[part] = ms;
  };
  put("vision_ms", timings.vision_ms);
  put("prefill_ms", timings.prefill_ms);
  put("decode_ms", timings.decode_ms);
  put("image_decode_ms", timings.image_decode_ms);
  parts["tokens_per_second"] = timings.tokens_per_second;
  return parts;
}

}  // namespace janus::python
