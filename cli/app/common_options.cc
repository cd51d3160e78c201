// The options that all commands share, and those that several declare alike.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/app/options.h"
#include "core/checkpoint/checkpoint.h"
#include "core/tensor/device.h"
#include "core/tensor/thread_counts.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

Reader device_name(std::string& target) {
  return {.take = [&target](const std::string& text) -> std::string {
            if (!is_device_name(text)) return device_names();
            target = text;
            return {};
          },
          .range = device_names(),
          .default_value = target};
}

}  // namespace

void declare_special_tokens(OptionSet& options, bool& target) {
  options.flag(
      "--special-tokens", target,
      "role, begin and end tokens in your text, <|User|> for example, mean what they are; without it "
      "they are text");
}

void declare_common(OptionSet& options, CommonOptions& target) {
  // Aliases and scripts append: all but janus serve use the last one.
  options.values(
      "-m,--model", "MODEL", target.models,
      "a model folder, a GGUF file, owner/repo[@revision] of the hub cache, or repo alone where one "
      "there has that name; a path of that name wins; janus-tiny is the built-in one (default: "
      "janus-tiny)");
  options.option("--builtin-notice", "WHEN", one_of(target.builtin_notice, {"hourly", "always", "never"}),
                 "how often to say that no model is given: {range}");
  options.option("--device", "NAME", device_name(target.device), "{range}");
  options.option("--type", "NAME", one_of(target.type, weight_type_names()),
                 fmt::format("weights while loading: {}", fmt::join(weight_type_names(), ", ")));
  options.option(
      "--vae", "PATH", some_text(target.vae),
      "JanusFlow's autoencoder: a folder, a file of weights, or owner/repo of the hub cache (default: "
      "in the model, vae/ beside it, stabilityai/sdxl-vae of the cache)");
  options.option("-t,--threads", "N", number(target.threads, kThreadCounts),
                 "{range} (default: the processors this process may use)");
  target.seed_option =
      &options.option("-s,--seed", "N", seed_number(target.seed),
                      "{range}, negative = random {default}; image k of several uses seed + k");
  options.option("-n,--max-tokens", "N", number(target.max_tokens, kMaxTokens), "longest answer, {range}");
  options.flag(
      "--verify", target.verify,
      "look for damaged weights first: numbers that are none, and the checksums that torch pickles have");
  options.flag("--json", target.json, "one JSON object a line on standard output");
  options.flag("--json-progress", target.json_progress,
               "progress as JSON objects, one a line on standard error");
  options.flag("-q,--quiet", target.quiet, "nothing but errors on standard error");
  options.flag("-v,--verbose", target.verbose, "more on standard error: model, device, timings");
}

}  // namespace janus::cli
