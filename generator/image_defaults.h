// What a request for an image asks for where it does not say.
#pragma once

namespace janus {

// Of a family of models. The defaults are those of families whose images are codes.
struct ImageDefaults {
  float guidance = 5.0F;
  int steps = 0;  // of an image that is drawn by flow; 0 where images are codes

  bool flows() const { return steps > 0; }
};

// Of JanusFlow, as the released model is drawn with.
inline constexpr ImageDefaults kFlowImages{.guidance = 2.0F, .steps = 30};

}  // namespace janus
