// What a smaller weight type costs: prints tables for docs/numerics.md.
//
//   measure_quantization [--prompts 24] [--threads N] [--limit q8_0=0.002] [MODEL...]
//
// MODEL is a folder with a tokenizer, janus-tiny by default. In f32 the model generates an image for each
// prompt and describes it; then every type reads the same codes and the same answers, and its distributions
// of the next code and of the next token are held against those of f32. --limit: exit code 1 if a type's mean
// divergence is larger.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/janus/janus_model.h"
#include "generator/prompt.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {
namespace {

constexpr float kGuidance = 5.0F;

struct Settings {
  int prompts = 24;
  int threads = 0;
  std::map<std::string, double> limits;
  std::vector<std::string> models;
};

// One prompt, what f32 made of it, and the logits it was made from.
struct Sample {
  std::vector<int32_t> prompt_ids, question_ids, answer_ids;
  ImageCodes codes;
  Image image;
  std::vector<std::vector<float>> code_logits, guided_logits, token_logits;
};

// Divergence of distributions from those of f32, in nats.
struct Divergence {
  double total = 0, largest = 0;
  int64_t count = 0, agreeing = 0;

  void add(std::span<const float> reference, std::span<const float> logits);
  double mean() const { return total / static_cast<double>(count); }
  double agreement() const { return 100.0 * static_cast<double>(agreeing) / static_cast<double>(count); }
};

std::vector<double> log_softmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  std::vector<double> result;
  for (const float logit : logits) result.push_back(logit - largest - std::log(sum));
  return result;
}

void Divergence::add(std::span<const float> reference, std::span<const float> logits) {
  const std::vector<double> p = log_softmax(reference), q = log_softmax(logits);
  double divergence = 0;
  for (size_t index = 0; index < p.size(); ++index) divergence += std::exp(p[index]) * (p[index] - q[index]);
  total += divergence;
  // Written so that one NaN stays.
  if (!(divergence <= largest)) largest = divergence;
  const auto best = [](std::span<const float> line) {
    return std::max_element(line.begin(), line.end()) - line.begin();
  };
  agreeing += best(reference) == best(logits) ? 1 : 0;
  ++count;
}

std::string prompt_of(int index) {
  constexpr const char* kColours[] = {"red", "green", "blue", "yellow", "orange", "purple"};
  constexpr const char* kShapes[] = {"circle", "square", "triangle", "star", "ring", "cross"};
  constexpr const char* kPlaces[] = {"left of", "right of", "above", "below"};
  const std::string first = fmt::format("a {} {}", kColours[index % 6], kShapes[index / 2 % 6]);
  if (index % 3 == 0) return first + " on a white background";
  return fmt::format("{} {} a {} {} on a white background", first, kPlaces[index % 4],
                     kColours[(index + 2) % 6], kShapes[(index / 2 + 1) % 6]);
}

std::vector<float> image_planes(const VqModel& vq_model, const ImageCodes& codes) {
  return ops::to_host(vq_model.decode(codes.codes, codes.height, codes.width));  // channels last
}

Image image_of(const std::vector<float>& values, int side) {
  Image image{.width = side, .height = side, .pixels = {}};
  for (const float value : values) {
    image.pixels.push_back(static_cast<uint8_t>(std::clamp((value + 1) / 2 * 255, 0.0F, 255.0F)));
  }
  return image;
}

std::vector<std::vector<float>> lines_of(const Tensor& logits) {
  const std::vector<float> values = ops::to_host(logits);
  const auto size = static_cast<size_t>(logits.shape().back());
  std::vector<std::vector<float>> lines;
  for (size_t at = 0; at < values.size(); at += size) {
    lines.emplace_back(values.begin() + static_cast<int64_t>(at),
                       values.begin() + static_cast<int64_t>(at + size));
  }
  return lines;
}

// embeddings: [1, T, D] -> the last `count` hidden states [count, D].
Tensor last_hidden(const JanusNetworks& networks, const Tensor& embeddings, int64_t count) {
  const int64_t length = embeddings.size(1), width = embeddings.size(2);
  KvCache cache(networks.device(), networks.config.language, 1, length, networks.cache_dtype);
  const int32_t row = 0;
  return networks.language_model.forward(embeddings, cache, {&row, 1})
      .reshape({length, width})
      .rows(length - count, count);
}

// Of every code behind the prompt.
std::vector<std::vector<float>> prompted_logits(const JanusNetworks& networks,
                                                std::span<const int32_t> prompt_ids,
                                                std::span<const int32_t> codes) {
  const auto count = static_cast<int64_t>(codes.size());
  const int64_t width = networks.config.language.hidden_size;
  const Tensor read = networks.embed_codes(codes.first(codes.size() - 1)).reshape({count - 1, width});
  const std::vector<Tensor> parts = {networks.language_model.embed(prompt_ids), read};
  const Tensor embeddings = ops::concatenate(parts);
  return lines_of(
      networks.gen_head(last_hidden(networks, embeddings.reshape({1, embeddings.size(0), width}), count)));
}

std::vector<std::vector<float>> code_logits(const JanusNetworks& networks, const SpecialIds& special,
                                            const Sample& sample, float guidance) {
  std::vector<std::vector<float>> lines = prompted_logits(networks, sample.prompt_ids, sample.codes.codes);
  if (guidance == 1) return lines;
  const std::vector<int32_t> pads = unconditional_prompt(sample.prompt_ids, special.pad);
  const std::vector<std::vector<float>> others = prompted_logits(networks, pads, sample.codes.codes);
  for (size_t index = 0; index < lines.size(); ++index)
    lines[index] = guide(lines[index], others[index], guidance);
  return lines;
}

// Of every id of the answer behind image and question.
std::vector<std::vector<float>> token_logits(const JanusNetworks& networks, const SpecialIds& special,
                                             const Sample& sample) {
  std::vector<int32_t> ids = sample.question_ids;
  ids.insert(ids.end(), sample.answer_ids.begin(), sample.answer_ids.end() - 1);
  const JanusEngineModel model(networks, {.special = special});
  const Tensor seen = model.encode_images(preprocess(sample.image, networks.config.preprocess), {});
  const Tensor image = seen.reshape({seen.size(1), seen.size(2)});
  const Tensor embeddings = model.prompt_embeddings(ids, {&image, 1});
  return lines_of(
      networks.lm_head(last_hidden(networks, embeddings, static_cast<int64_t>(sample.answer_ids.size()))));
}

Sample make_sample(const JanusModel& model, int index) {
  const JanusNetworks& f32 = model.networks();
  const SpecialIds& special = model.special_ids();
  Sample sample;
  sample.prompt_ids = generation_prompt(model.tokenizer(), special, prompt_of(index));
  model.generate({.prompt_ids = sample.prompt_ids,
                  .guidance = kGuidance,
                  .sampling = {.seed = static_cast<uint32_t>(42 + index)}},
                 [&](const GeneratedImage& image) { sample.codes = image.codes; });
  sample.image =
      image_of(image_planes(f32.vq_model, sample.codes), static_cast<int>(f32.config.vision.image_size));
  sample.question_ids = understanding_prompt(model.tokenizer(), special, DescribeOptions{}.prompt, 1,
                                             f32.config.image_tokens());
  sample.answer_ids = model.describe({&sample.image, 1}, {.max_tokens = 32}).ids;
  sample.answer_ids.push_back(special.end);
  sample.code_logits = code_logits(f32, special, sample, 1);
  sample.guided_logits = code_logits(f32, special, sample, kGuidance);
  sample.token_logits = token_logits(f32, special, sample);
  return sample;
}

void add_all(Divergence& divergence, const std::vector<std::vector<float>>& reference,
             const std::vector<std::vector<float>>& lines) {
  for (size_t index = 0; index < lines.size(); ++index) divergence.add(reference[index], lines[index]);
}

double weight_megabytes(const Checkpoint& checkpoint) {
  double bytes = 0;
  for (const auto& [name, use] : checkpoint.read()) {
    bytes += static_cast<double>(bytes_of(use.dtype, checkpoint.find(name).shape.elements()));
  }
  return bytes / 1e6;
}

// Whether every divergence is within its limit.
bool print_types(const std::string& model, Device& device, const SpecialIds& special,
                 const std::vector<Sample>& samples, const std::map<std::string, double>& limits) {
  std::printf(
      "| type | MB | next code: mean KL | largest | best agrees | guided: mean KL | best agrees | next "
      "token: mean KL | "
      "largest | best agrees |\n|---|---|---|---|---|---|---|---|---|---|\n");
  bool within = true;
  for (const DType type : weight_types()) {
    const char* const name = name_of(type);
    const Checkpoint checkpoint = Checkpoint::open(model);
    const JanusNetworks networks = JanusNetworks::load(checkpoint, device, WeightType(type));
    Divergence codes, guided, tokens;
    for (const Sample& sample : samples) {
      add_all(codes, sample.code_logits, code_logits(networks, special, sample, 1));
      add_all(guided, sample.guided_logits, code_logits(networks, special, sample, kGuidance));
      add_all(tokens, sample.token_logits, token_logits(networks, special, sample));
    }
    std::printf("| %s | %.1f | %.2g | %.2g | %.1f %% | %.2g | %.1f %% | %.2g | %.2g | %.1f %% |\n", name,
                weight_megabytes(checkpoint), codes.mean(), codes.largest, codes.agreement(), guided.mean(),
                guided.agreement(), tokens.mean(), tokens.largest, tokens.agreement());
    std::fflush(stdout);
    const auto limit = limits.find(name);
    if (limit != limits.end()) within &= codes.mean() <= limit->second && tokens.mean() <= limit->second;
  }
  return within;
}

void print_images(const std::string& model, Device& device, const std::vector<Sample>& samples) {
  std::printf("\n| VQ networks | PSNR of pictures, mean | least |\n|---|---|---|\n");
  const Checkpoint checkpoint = Checkpoint::open(model);
  const JanusNetworks f32 = JanusNetworks::load(checkpoint, device, WeightType::f32);
  for (const WeightType type : {WeightType::native, WeightType::bf16, WeightType::f16}) {
    PartTypes types;
    types.vq = type;
    const JanusNetworks networks = JanusNetworks::load(checkpoint, device, types);
    double total = 0, least = std::numeric_limits<double>::infinity();
    for (const Sample& sample : samples) {
      const std::vector<float> x = image_planes(f32.vq_model, sample.codes);
      const std::vector<float> y = image_planes(networks.vq_model, sample.codes);
      double squares = 0;
      for (size_t index = 0; index < x.size(); ++index) {
        const double difference = std::clamp(x[index], -1.0F, 1.0F) - std::clamp(y[index], -1.0F, 1.0F);
        squares += difference * difference;
      }
      const double psnr = 10 * std::log10(4 * static_cast<double>(x.size()) / squares);  // of a range of 2
      total += psnr;
      least = std::min(least, psnr);
    }
    std::printf(
        "| %s%s | %.1f dB | %.1f dB |\n", name_of(type),
        type == WeightType::native ? fmt::format(" ({})", name_of(networks.vq_model.dtype())).c_str() : "",
        total / static_cast<double>(samples.size()), least);
  }
}

bool measure(const std::string& model, const Settings& settings) {
  const std::shared_ptr<Device> device = open_device("cpu", {.threads = settings.threads});
  const Checkpoint checkpoint = Checkpoint::open(model);
  const std::unique_ptr<TextTokenizer> tokenizer = open_tokenizer(checkpoint.files());
  const SpecialIds special = find_special_ids(*tokenizer);
  std::vector<Sample> samples;
  {
    const JanusModel f32(checkpoint, device, {.type = WeightType::f32});
    for (int index = 0; index < settings.prompts; ++index) {
      samples.push_back(make_sample(f32, index));
    }
  }
  size_t codes = 0, tokens = 0;
  for (const Sample& sample : samples) {
    codes += sample.code_logits.size();
    tokens += sample.token_logits.size();
  }
  std::printf("%s: %zu codes of %zu pictures, %zu tokens of their descriptions\n\n", model.c_str(), codes,
              samples.size(), tokens);
  const bool within = print_types(model, *device, special, samples, settings.limits);
  print_images(model, *device, samples);
  return within;
}

Settings read_settings(int argc, char** argv) {
  Settings settings;
  for (int index = 1; index < argc; ++index) {
    const std::string word = argv[index];
    const bool option = word == "--prompts" || word == "--threads" || word == "--limit";
    check(!option || index + 1 < argc, "option {}: expected a value, found none", word);
    if (word == "--prompts") {
      settings.prompts = std::atoi(argv[++index]);
    } else if (word == "--threads") {
      settings.threads = std::atoi(argv[++index]);
    } else if (word == "--limit") {
      const std::string limit = argv[++index];
      settings.limits[limit.substr(0, limit.find('='))] =
          std::atof(limit.substr(limit.find('=') + 1).c_str());
    } else {
      settings.models.push_back(word);
    }
  }
  check(settings.prompts > 0, "option --prompts: expected 1 or more, found {}", settings.prompts);
  if (settings.models.empty()) settings.models.emplace_back(JANUS_SOURCE_DIR "/samples/janus-tiny/model");
  return settings;
}

}  // namespace
}  // namespace janus

int main(int argc, char** argv) {
  try {
    const janus::Settings settings = janus::read_settings(argc, argv);
    bool within = true;
    for (const std::string& model : settings.models) within &= janus::measure(model, settings);
    if (!within) std::fprintf(stderr, "measure_quantization: a divergence beyond its limit\n");
    return within ? 0 : 1;
  } catch (const janus::Error& error) {
    std::fprintf(stderr, "measure_quantization: %s\n", error.what());
    return 1;
  }
}
