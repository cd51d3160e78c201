#include "tokenizer/text/metaspace.h"

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace janus {

Metaspace read_metaspace(const JsonObject& object) {
  Metaspace metaspace{.symbol = object.required_string("replacement")};
  check(!metaspace.symbol.empty() && utf8_front(metaspace.symbol).length == metaspace.symbol.size(),
        "{}: replacement: expected one character, found {}", object.where(), excerpt(metaspace.symbol));
  const bool prefix = object.boolean("add_prefix_space", true);
  const std::string scheme = object.string("prepend_scheme", prefix ? "always" : "never");
  if (scheme == "first") {
    metaspace.prepend = Metaspace::Prepend::first;
  } else if (scheme == "never") {
    metaspace.prepend = Metaspace::Prepend::never;
  } else {
    check(scheme == "always", "{}: prepend_scheme: expected first, always or never, found {}", object.where(),
          excerpt(scheme));
  }
  check(
      prefix || scheme == "never",
      "{}: add_prefix_space: expected true with the prepend_scheme {}, found false; download the file again",
      object.where(), scheme);
  return metaspace;
}

}  // namespace janus
