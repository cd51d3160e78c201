// Every stage of the networks against transformers in float32, in the order in which they are computed: the
// first stage that departs is the one that is named.
#include "tests/golden.h"

#include <gtest/gtest.h>

#include "core/tensor/ops.h"
#include "generator/janus/janus_engine_model.h"
#include "generator/prompt.h"
#include "tests/support/device_under_test.h"
#include "tokenizer/image/conv_blocks.h"

namespace janus {
namespace {

using test::departure;
using test::Golden;
using test::Tolerance;

struct Tolerances {
  Tolerance vision;   // activations of order 1
  Tolerance decoder;  // the same, having passed the cache of keys and values
  Tolerance logits;   // of order 10, differences taken five times where guided
  Tolerance vq;       // group norms of few values
};
// Rounding alone, some five times what was measured; GELU by tanh or an epsilon of 1e-5 is beyond them.
constexpr Tolerances kF32{.vision = {5e-5, 5e-5, 3e-6},
                          .decoder = {5e-5, 5e-5, 6e-6},
                          .logits = {2e-4, 5e-5, 1e-5},
                          .vq = {5e-5, 5e-5, 2e-5}};
// The weights are those of the golden in their stored types; keys and values are rounded to bf16.
constexpr Tolerances kNative{
    .vision = kF32.vision, .decoder = {1e-1, 5e-2, 2e-2}, .logits = {5e-1, 1e-1, 2e-2}, .vq = kF32.vq};

// Names the first stage that departs and lets the later ones, which follow from it, pass in silence.
class Stages {
 public:
  explicit Stages(const Golden& golden) : golden_(&golden) {}

  void check(const std::string& stage, const std::vector<float>& found, const Tolerance& tolerance) {
    compare(stage, found, golden_->values<float>(stage), tolerance);
  }
  void check(const std::string& stage, const Tensor& found, const Tolerance& tolerance) {
    check(stage, ops::to_host(found), tolerance);
  }
  // For tensors [1, h, w, C]; passes stages too large to be in the golden.
  void check_image(const std::string& stage, const Tensor& found, const Tolerance& tolerance) {
    if (golden_->contains(stage)) {
      compare(stage, ops::to_host(found), golden_->channels_last(stage), tolerance);
    }
  }

 private:
  void compare(const std::string& stage, const std::vector<float>& found, const std::vector<float>& expected,
               const Tolerance& tolerance) {
    if (departed_) return;
    const std::string difference = departure<float>(found, expected, tolerance);
    departed_ = !difference.empty();
    EXPECT_TRUE(difference.empty()) << "first stage that departs: " << stage << ": " << difference;
  }

  const Golden* golden_;
  bool departed_ = false;
};

struct Case {
  std::string name;
  WeightType type;
  Tolerances tolerances;
};

// What a failure calls the case.
void PrintTo(const Case& golden, std::ostream* out) { *out << golden.name; }

class GoldenTest : public testing::TestWithParam<Case> {
 protected:
  const Tolerances& tolerances() const { return GetParam().tolerances; }
  const JanusConfig& config() const { return networks_.config; }
  Weights root() const { return Weights(checkpoint_, *device_, GetParam().type); }
  Weights vq() const { return root() / config().names->vq_model; }
  int64_t width() const { return config().language.hidden_size; }

  // x: [T, D] into a new row of a cache -> hidden states [T, D].
  Tensor forward(const Transformer& decoder, const Tensor& x) const {
    const int64_t length = x.elements() / width();
    const int32_t row = 0;
    KvCache cache(*device_, decoder.config(), 1, length, networks_.cache_dtype);
    return decoder.forward(x.reshape({1, length, width()}), cache, {&row, 1}).reshape({length, width()});
  }
  // Embeddings of the question about the first image with `answer` behind it. -> [T, D].
  Tensor embed_question(std::span<const int32_t> answer) const {
    auto ids = golden_.list<int32_t>("question_ids");
    ids.insert(ids.end(), answer.begin(), answer.end());
    const Tensor features = networks_.aligner(networks_.vision_tower(golden_.values<float>("pixels.0")));
    const auto placeholder = golden_.json().at("placeholder").get<int32_t>();
    const Tensor image = features.reshape({features.size(1), features.size(2)});
    const JanusEngineModel model(networks_, {.special = {.placeholder = placeholder}});
    const Tensor merged = model.prompt_embeddings(ids, {&image, 1});
    return merged.reshape({static_cast<int64_t>(ids.size()), width()});
  }
  // The prompt of an image: 0 conditional, 1 unconditional.
  std::vector<int32_t> prompt(int kind) const {
    const auto ids = golden_.list<int32_t>("prompt_ids");
    return kind == 0 ? ids : unconditional_prompt(ids, golden_.json().at("pad").get<int32_t>());
  }

  Golden golden_{GetParam().name};
  std::shared_ptr<Device> device_ = oracle::test_device({.threads = 1});
  Checkpoint checkpoint_ = Checkpoint::open(test::golden_model(GetParam().name));
  JanusNetworks networks_ = JanusNetworks::load(checkpoint_, *device_, GetParam().type);
  Stages stages_{golden_};
};

constexpr const char* kKinds[] = {"conditional", "unconditional"};

TEST_P(GoldenTest, Vision) {
  const std::vector<float> pixels = golden_.values<float>("pixels.0");
  for (int64_t block = 0; block < config().vision.depth; ++block) {
    SiglipConfig cut = config().vision;
    cut.select_layer = block + 1;
    const Siglip tower = Siglip::load(root() / config().names->vision_tower, cut, config().names->siglip);
    stages_.check("vision.blocks." + std::to_string(block), tower(pixels), tolerances().vision);
  }
  const Tensor features = networks_.vision_tower(pixels);
  stages_.check("vision.features", features, tolerances().vision);
  stages_.check("aligned", networks_.aligner(features), tolerances().vision);
}

TEST_P(GoldenTest, Decoder) {
  const Tensor embeddings = embed_question({});
  const int64_t last = golden_.shape("decoder.hidden")[0];  // the golden holds the last positions
  const auto tail = [&](const Tensor& x) { return x.rows(x.size(0) - last, last); };
  stages_.check("decoder.embeddings", tail(embeddings), tolerances().vision);
  for (int64_t layer = 0; layer < config().language.num_hidden_layers; ++layer) {
    TransformerConfig cut = config().language;
    cut.num_hidden_layers = layer + 1;
    const Transformer decoder = Transformer::load(root() / config().names->language_model, cut);
    stages_.check("decoder.layers." + std::to_string(layer), tail(forward(decoder, embeddings)),
                  tolerances().decoder);
  }
  const auto answer = golden_.list<int32_t>("answer_ids");
  const auto count = static_cast<int64_t>(answer.size());
  const Tensor hidden = forward(networks_.language_model, embed_question(answer));
  const Tensor logits = networks_.lm_head(hidden.rows(hidden.size(0) - count - 1, count));
  stages_.check("text.logits", logits, tolerances().logits);
}

TEST_P(GoldenTest, Generation) {
  const auto codes = golden_.list<int32_t>("codes");
  const auto count = static_cast<int64_t>(codes.size());
  const Tensor sampled = networks_.embed_codes(std::span(codes).first(codes.size() - 1));
  std::vector<std::vector<float>> logits;
  for (int kind : {0, 1}) {
    const std::string name = kKinds[kind];
    const std::vector<Tensor> parts{networks_.language_model.embed(prompt(kind)),
                                    sampled.reshape({count - 1, width()})};
    const Tensor all = forward(networks_.language_model, ops::concatenate(parts));
    const Tensor hidden = all.rows(all.size(0) - count, count);
    stages_.check("generation.hidden." + name, hidden, tolerances().decoder);
    const Tensor scores = networks_.gen_head(hidden);
    stages_.check("generation.logits." + name, scores, tolerances().logits);
    logits.push_back(ops::to_host(scores));
  }
  const auto guidance = golden_.json().at("guidance").get<float>();
  stages_.check("generation.logits.guided", guide(logits[0], logits[1], guidance), tolerances().logits);
}

// The same hidden states with one code at a time, both kinds of row side by side.
TEST_P(GoldenTest, GenerationStepByStep) {
  const auto codes = golden_.list<int32_t>("codes");
  const auto count = static_cast<int64_t>(codes.size());
  const Transformer& decoder = networks_.language_model;
  const std::vector<int32_t> rows{0, 1};
  const auto length = static_cast<int64_t>(prompt(0).size());
  KvCache cache(*device_, decoder.config(), 2, length + count, networks_.cache_dtype);
  std::vector<float> found[2];
  const auto keep = [&](const std::vector<float>& hidden, int kind) {
    found[kind].insert(found[kind].end(), hidden.end() - width(), hidden.end());
  };
  for (int32_t kind : rows) {
    const Tensor x = decoder.embed(prompt(kind)).reshape({1, length, width()});
    keep(ops::to_host(decoder.forward(x, cache, {&kind, 1})), kind);
  }
  for (int64_t step = 0; step + 1 < count; ++step) {
    const std::vector<int32_t> sampled(2, codes[step]);
    const std::vector<float> hidden =
        ops::to_host(decoder.forward(networks_.embed_codes(sampled), cache, rows));  // [2, 1, D]
    keep({hidden.begin(), hidden.begin() + width()}, 0);
    keep(hidden, 1);
  }
  for (int kind : rows) {
    stages_.check(std::string("generation.hidden.") + kKinds[kind], found[kind], tolerances().decoder);
  }
}

// -- the VQ tokenizer, put together here block by block, then as the model does it ------------------------

class VqGoldenTest : public GoldenTest {
 protected:
  const VqNames& names() const { return config().names->vq; }
  Tensor from_planes(const std::string& stage) const {
    const Shape& shape = golden_.shape(stage);
    return ops::from_host(*device_, golden_.channels_last(stage), {1, shape[1], shape[2], shape[0]});
  }
  Tensor mid(const Weights& w, const Tensor& x) const {
    const int64_t channels = x.size(3);
    Tensor h = ResBlock::load(w / names().mid_block1, channels, channels)(x);
    h = AttentionBlock::load(w / names().mid_attention, channels)(h);
    return ResBlock::load(w / names().mid_block2, channels, channels)(h);
  }
  Tensor level(const Weights& w, const Tensor& x, int64_t blocks, int64_t out) const {
    Tensor h = x;
    for (int64_t block = 0; block < blocks; ++block) {
      h = ResBlock::load(w / names().block / block, h.size(3), out)(h);
      const Weights attention = w / "attn" / block;
      if (attention.contains("q.weight")) h = AttentionBlock::load(attention, out)(h);
    }
    if (w.contains("upsample.conv.weight")) return Upsample::load(w / "upsample", out)(h);
    if (w.contains("downsample.conv.weight")) return Downsample::load(w / "downsample", out)(h);
    return h;
  }
};

TEST_P(VqGoldenTest, Decoder) {
  const VqConfig& sizes = config().vq;
  const Weights w = vq() / "decoder";
  Tensor h = from_planes("vq.decoder.lookup");
  const int64_t side = h.size(1);
  h = load_pointwise(vq() / "post_quant_conv", sizes.embed_dim,
                     sizes.latent_channels)(h.reshape({1, side * side, sizes.embed_dim}))
          .reshape({1, side, side, sizes.latent_channels});
  stages_.check_image("vq.decoder.post_quant_conv", h, tolerances().vq);
  h = same_conv3x3(Conv2d::load(w / "conv_in", sizes.latent_channels, sizes.level_channels.back(), 3), h);
  stages_.check_image("vq.decoder.conv_in", h, tolerances().vq);
  h = mid(w, h);
  stages_.check_image("vq.decoder.mid", h, tolerances().vq);
  for (size_t index = 0; index < sizes.level_channels.size(); ++index) {
    const int64_t out = sizes.level_channels[sizes.level_channels.size() - 1 - index];
    h = level(w / names().decoder_levels / static_cast<int64_t>(index), h, sizes.num_res_blocks + 1, out);
    stages_.check_image("vq.decoder.up." + std::to_string(index), h, tolerances().vq);
  }
  const Tensor image = networks_.vq_model.decode(golden_.list<int32_t>("codes"), side, side);
  stages_.check_image("image", image, tolerances().vq);
}

TEST_P(VqGoldenTest, Encoder) {
  const VqConfig& sizes = config().vq;
  const Weights w = vq() / "encoder";
  const Tensor pixels = from_planes("pixels.0");
  Tensor h = same_conv3x3(Conv2d::load(w / "conv_in", 3, sizes.base_channels, 3), pixels);
  stages_.check_image("vq.encoder.conv_in", h, tolerances().vq);
  for (size_t index = 0; index < sizes.level_channels.size(); ++index) {
    const auto at = static_cast<int64_t>(index);
    h = level(w / names().encoder_levels / at, h, sizes.num_res_blocks, sizes.level_channels[index]);
    stages_.check_image("vq.encoder.down." + std::to_string(index), h, tolerances().vq);
  }
  stages_.check_image("vq.encoder.mid", mid(w, h), tolerances().vq);
  stages_.check_image("vq.latent", networks_.vq_model.encode_latent(pixels), tolerances().vq);
}

std::vector<Case> cases() {
  std::vector<Case> cases;
  for (const std::string& name : test::golden_names()) {
    cases.push_back({name, WeightType::f32, kF32});
    cases.push_back({name, WeightType::native, kNative});
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name + (info.param.type == WeightType::f32 ? "_f32" : "_native");
  for (char& character : name) {
    if (character == '-' || character == '.') character = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest, testing::ValuesIn(cases()), name_of_case);
INSTANTIATE_TEST_SUITE_P(All, VqGoldenTest, testing::ValuesIn(cases()), name_of_case);

}  // namespace
}  // namespace janus
