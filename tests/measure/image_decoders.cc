// The rate and the memory of the VQ decoder and of JanusFlow's autoencoder in their real sizes, with random
// weights: prints a line each, and the ratio of their rates.
//
//   measure_image_decoders [--pixels 384] [--threads N] [--runs 3] [--vae-alone]
//
// GFLOP are those of plain convolutions, so that the two can be compared; runs of the two alternate, and the
// best of each counts. Memory is the peak beside the weights, told by a dry run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"
#include "tests/support/random_tensors.h"
#include "tokenizer/image/vae.h"
#include "tokenizer/image/vq_model.h"

namespace janus {
namespace {

struct Settings {
  int64_t pixels = 384;
  int threads = 0, runs = 3;
  bool vae_alone = false;
};

// Of a decoder: blocks of two convolutions a level, attention in the middle and in `attentions` blocks of the
// smallest level.
double gigaflop(const std::vector<int64_t>& levels, int64_t blocks, int64_t attentions, int64_t side,
                int64_t latent) {
  double sum = 0;
  const auto conv = [&](int64_t in, int64_t out, int64_t kernel) {
    sum += 2.0 * static_cast<double>(in * out * kernel * kernel) * static_cast<double>(side * side);
  };
  const auto block = [&](int64_t in, int64_t out) {
    conv(in, out, 3);
    conv(out, out, 3);
    if (in != out) conv(in, out, 1);
  };
  const auto attention = [&](int64_t channels) {
    for (int projection = 0; projection < 4; ++projection) conv(channels, channels, 1);
    const auto positions = static_cast<double>(side * side);
    sum += 4 * positions * positions * static_cast<double>(channels);
  };
  int64_t channels = levels.back();
  conv(latent, channels, 3);
  block(channels, channels);
  attention(channels);
  block(channels, channels);
  for (size_t level = levels.size(); level-- > 0;) {
    for (int64_t index = 0; index < blocks; ++index) {
      block(index == 0 ? channels : levels[level], levels[level]);
      if (level + 1 == levels.size() && index < attentions) attention(levels[level]);
    }
    channels = levels[level];
    if (level == 0) break;
    side *= 2;
    conv(channels, channels, 3);
  }
  conv(channels, 3, 3);
  return sum / 1e9;
}

test::NamedShapes vq_shapes() {
  const std::string prefix = "gen_vision_model.";
  test::NamedShapes shapes;
  for (const auto& [name, sizes] : test::ReleasedShapes::of(test::kDecoder1B)) {
    if (name.starts_with(prefix)) shapes.emplace_back(name.substr(prefix.size()), sizes);
  }
  return shapes;
}

// A decoder on some device, and what one image takes of it.
struct Decoder {
  std::function<void()> run;
  double gigaflop = 0;
};

Decoder vq_decoder(const Checkpoint& checkpoint, Device& device, int64_t pixels) {
  const Weights w(checkpoint, device, WeightType::native);
  const auto model =
      std::make_shared<VqModel>(VqModel::load(w, VqConfig::from_tensors(w, kOriginalVq), kOriginalVq));
  const VqConfig& config = model->config();
  const int64_t side = pixels / config.factor();
  const std::vector<int32_t> codes(static_cast<size_t>(side * side), 7);
  return {.run = [=] { ops::to_host(model->decode(codes, side, side)); },
          .gigaflop = gigaflop(config.level_channels, config.num_res_blocks + 1, config.num_res_blocks + 1,
                               side, config.latent_channels)};
}

Decoder vae_decoder(const Checkpoint& checkpoint, Device& device, int64_t pixels) {
  const auto vae = std::make_shared<Vae>(Vae::load(checkpoint, device));
  const VaeConfig& config = vae->config();
  const int64_t side = pixels / config.factor();
  const std::vector<float> latent(static_cast<size_t>(side * side * config.latent_channels), 0.1F);
  return {.run = [=] { ops::to_host(vae->decode(latent, side, side)); },
          .gigaflop =
              gigaflop(config.level_channels, config.layers_per_block + 1, 0, side, config.latent_channels)};
}

using MakeDecoder = Decoder (*)(const Checkpoint&, Device&, int64_t);

double peak_megabytes(MakeDecoder make, const Checkpoint& checkpoint, int64_t pixels) {
  const std::unique_ptr<DryDevice> dry = open_dry_device("cpu");
  const Decoder decoder = make(checkpoint, *dry, pixels);
  const size_t loaded = dry->live_bytes();
  dry->restart_peak();
  decoder.run();
  return static_cast<double>(dry->peak_bytes() - loaded) / 1e6;
}

double seconds_of(const Decoder& decoder) {
  const auto start = std::chrono::steady_clock::now();
  decoder.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(const Settings& settings) {
  const Checkpoint vq = test::random_tensors(vq_shapes(), nlohmann::json::object());
  const Checkpoint vae = test::random_tensors(test::ReleasedShapes::of_vae(), test::sdxl_vae_config());
  const std::shared_ptr<Device> device = open_device("cpu", {.threads = settings.threads});
  const std::vector<Decoder> decoders{vq_decoder(vq, *device, settings.pixels),
                                      vae_decoder(vae, *device, settings.pixels)};
  const std::vector<double> megabytes{peak_megabytes(vq_decoder, vq, settings.pixels),
                                      peak_megabytes(vae_decoder, vae, settings.pixels)};
  std::vector<double> best(2, 0);
  for (int run = 0; run < settings.runs; ++run) {
    for (size_t which = settings.vae_alone ? 1 : 0; which < 2; ++which) {
      const double rate = decoders[which].gigaflop / seconds_of(decoders[which]);
      best[which] = std::max(best[which], rate);
    }
  }
  const char* const names[]{"vq decoder", "vae decoder"};
  for (size_t which = settings.vae_alone ? 1 : 0; which < 2; ++which) {
    std::printf("%-12s %8.1f GFLOP %8.1f GFLOP/s %8.1f MB beside the weights\n", names[which],
                decoders[which].gigaflop, best[which], megabytes[which]);
  }
  if (!settings.vae_alone) std::printf("vq rate / vae rate %.3f\n", best[0] / best[1]);
}

}  // namespace
}  // namespace janus

int main(int argc, char** argv) {
  janus::Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--vae-alone") {
      settings.vae_alone = true;
    } else if (i + 1 < argc && word == "--pixels") {
      settings.pixels = std::atoll(argv[++i]);
    } else if (i + 1 < argc && word == "--threads") {
      settings.threads = std::atoi(argv[++i]);
    } else if (i + 1 < argc && word == "--runs") {
      settings.runs = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "measure_image_decoders: unknown argument %s; see the file's first comment\n",
                   word.c_str());
      return 2;
    }
  }
  try {
    janus::measure(settings);
  } catch (const janus::Error& error) {
    std::fprintf(stderr, "measure_image_decoders: %s\n", error.what());
    return 1;
  }
  return 0;
}
