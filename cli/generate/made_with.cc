#include "cli/generate/made_with.h"

#include <fmt/format.h>
#include <janus/version.h>

#include <utility>

namespace janus::cli {

MadeWith made_with(const JsonObject& settings, std::string source) {
  return {.source = std::move(source),
          .model = settings.string("model", ""),
          .fingerprint = settings.string("model_fingerprint", ""),
          .type = settings.string("type", ""),
          .version = settings.string("version", "")};
}

std::string difference_of(const MadeWith& made, const ChosenModel& chosen, const CommonOptions& common) {
  std::string theirs, ours;
  const auto add = [](std::string& list, const std::string& item) {
    list += (list.empty() ? "" : ", ") + item;
  };
  const auto compare = [&](const char* what, const std::string& then, const std::string& now) {
    if (then.empty() || then == now) return;
    add(theirs, what + then);
    add(ours, what + now);
  };
  if (made.fingerprint.empty() || made.model != chosen.name) {
    if (made.fingerprint != chosen.fingerprint) compare("model ", made.model, chosen.name);
  } else if (made.fingerprint != chosen.fingerprint) {
    const auto with_fingerprint = [](const std::string& model, const std::string& fingerprint) {
      return fmt::format("{} of fingerprint {}", model, fingerprint);
    };
    compare("model ", with_fingerprint(made.model, made.fingerprint),
            with_fingerprint(chosen.name, chosen.fingerprint));
  }
  compare("type ", made.type, common.type);
  compare("janus ", made.version, JANUS_VERSION);
  if (theirs.empty()) return {};
  return fmt::format("{}: made with {}, and now with {}: the image may be another", made.source, theirs,
                     ours);
}

}  // namespace janus::cli
