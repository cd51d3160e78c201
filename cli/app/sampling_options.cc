#include "cli/app/sampling_options.h"

#include <fmt/format.h>

#include "generator/image_defaults.h"
#include "generator/limits.h"

namespace janus::cli {

SamplingOptions SamplingSettings::with_seed(uint32_t seed) const {
  return {.temperature = static_cast<float>(temperature),
          .top_k = static_cast<int>(top_k),
          .top_p = static_cast<float>(top_p),
          .seed = seed};
}

Reader temperature_number(double& target) { return number(target, kTemperatures); }

Reader top_k_number(int64_t& target) { return number(target, kTopK); }

Reader top_p_number(double& target) { return number(target, kTopP); }

Reader guidance_number(double& target) { return number(target, kGuidance); }

Reader guidance_number(std::optional<double>& target) {
  return number(target, kGuidance,
                fmt::format("{}, of JanusFlow {}", ImageDefaults{}.guidance, kFlowImages.guidance));
}

Reader steps_number(std::optional<int64_t>& target) {
  return number(target, kFlowSteps, std::to_string(kFlowImages.steps));
}

void declare_sampling(OptionSet& options, SamplingSettings& target, Sampled sampled,
                      const std::string& lead) {
  options.option("--temperature", "T", temperature_number(target.temperature),
                 fmt::format("{}{{range}}; 0 = always the likeliest {}", lead,
                             sampled == Sampled::words ? "word" : "code"));
  options.option("--top-k", "K", top_k_number(target.top_k), "draw among the K likeliest, 0 = all");
  options.option("--top-p", "P", top_p_number(target.top_p),
                 "draw among the likeliest that make up P, {range}");
}

const OptionEntry& declare_guidance(OptionSet& options, double& target, const std::string& help) {
  return options.option("--cfg-scale", "G", guidance_number(target), help, kGuidanceAliases);
}

const OptionEntry& declare_guidance(OptionSet& options, std::optional<double>& target,
                                    const std::string& help) {
  return options.option("--cfg-scale", "G", guidance_number(target), help, kGuidanceAliases);
}

const OptionEntry& declare_steps(OptionSet& options, std::optional<int64_t>& target) {
  return options.option("--steps", "N", steps_number(target),
                        "of JanusFlow: steps from noise to the image, {range}; fewer are faster");
}

}  // namespace janus::cli
