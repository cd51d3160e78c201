// The options of how words or codes are sampled: declared here for every command that samples.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/app/options.h"
#include "core/nn/sampler.h"

namespace janus::cli {

// SamplingOptions without a seed, in double precision: records and keys hold the numbers as they were typed.
struct SamplingSettings {
  // defaults: what a command takes where its options are not given.
  explicit SamplingSettings(const SamplingOptions& defaults)
      : temperature(defaults.temperature), top_p(defaults.top_p), top_k(defaults.top_k) {}

  double temperature, top_p;
  int64_t top_k;

  SamplingOptions with_seed(uint32_t seed) const;
  bool operator==(const SamplingSettings& other) const = default;
};

// What help calls the things sampled.
enum class Sampled { words, codes };

// Adds --temperature, --top-k and --top-p with `target` behind them. lead: begins the help of --temperature.
void declare_sampling(OptionSet& options, SamplingSettings& target, Sampled sampled,
                      const std::string& lead = {});
// The names that other programs have for --cfg-scale.
inline const std::vector<std::string> kGuidanceAliases{"--cfg", "--guidance", "--guidance-scale",
                                                       "--cfg-weight"};
// Adds --cfg-scale, the one name of guidance in options and keys, and its aliases.
const OptionEntry& declare_guidance(OptionSet& options, double& target, const std::string& help);
// The same where the default is the model's.
const OptionEntry& declare_guidance(OptionSet& options, std::optional<double>& target,
                                    const std::string& help);
// Adds --steps, of images that are drawn by flow.
const OptionEntry& declare_steps(OptionSet& options, std::optional<int64_t>& target);

// The readers of these options, for other places that take such numbers.
Reader temperature_number(double& target);
Reader top_k_number(int64_t& target);
Reader top_p_number(double& target);
Reader guidance_number(double& target);
Reader guidance_number(std::optional<double>& target);
Reader steps_number(std::optional<int64_t>& target);

}  // namespace janus::cli
