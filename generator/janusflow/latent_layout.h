// The two layouts of a latent: planes [channels, height, width], as files have it, and channels-last.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace janus {

std::vector<float> latent_planes(std::span<const float> channels_last, int64_t channels);
std::vector<float> latent_channels_last(std::span<const float> planes, int64_t channels);

}  // namespace janus
