#include "generator/limits.h"

#include "core/base/error.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus {

void check_sampling(const SamplingOptions& sampling) {
  kTemperatures.check("temperature", sampling.temperature);
  kTopK.check("top_k", sampling.top_k);
  kTopP.check("top_p", sampling.top_p);
}

void check_text(const char* what, std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Char next = utf8_front(rest);
    check(next.well_formed, "{}: expected text in UTF-8, found the byte {:#04x} at offset {}; convert it",
          what, static_cast<unsigned char>(rest.front()), text.size() - rest.size());
    rest.remove_prefix(next.length);
  }
}

void check_prompt(const char* what, std::string_view text) {
  check_text(what, text);
  check(!is_blank(text), "{}: expected words, found {}; write what is asked for", what,
        text.empty() ? "none" : "white space alone");
}

void check_codes(const ImageCodes& codes, int64_t height, int64_t width, int64_t codebook_size) {
  check(codes.height == height && codes.width == width,
        "codes: expected the model's {} x {}, found {} x {}; take codes of this model", height, width,
        codes.height, codes.width);
  check(static_cast<int64_t>(codes.codes.size()) == height * width,
        "codes: expected {} of them, as {} x {} say, found {}; take codes of this model", height * width,
        height, width, codes.codes.size());
  for (const int32_t code : codes.codes) {
    check(code >= 0 && code < codebook_size,
          "codes: expected numbers from 0 to {}, found {}; take codes of this model", codebook_size - 1,
          code);
  }
}

}  // namespace janus
