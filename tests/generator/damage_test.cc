// NaN or infinity in a weight of any part: whatever is computed with it fails with a line that names the
// part.
#include <gtest/gtest.h>

#include <limits>

#include "generator/quantize.h"
#include "tests/support/damaged.h"
#include "tests/support/model_copy.h"
#include "tests/support/requests.h"

namespace janus {
namespace {

using test::error_of;
using test::expect_error;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

const Checkpoint& whole() {
  static const Checkpoint checkpoint = Checkpoint::open(test::golden_model("original-1.3b"));
  return checkpoint;
}

std::unique_ptr<Model> open(const Checkpoint& checkpoint, WeightType type) {
  return open_model(checkpoint, open_device("cpu", {.threads = 1}), {.type = type});
}

Image image_of(const Model& model) { return test::seeded_pixels(model.info().image_size); }

void describe(const Model& model) {
  const Image image = image_of(model);
  model.describe({&image, 1}, {.max_tokens = 4});
}
void generate(const Model& model) { test::generate(model, {.prompt = "a red ring", .sampling = {}}); }
void score_text(const Model& model) {
  const Image image = image_of(model);
  test::score_text(model, {&image, 1}, "What?", "A ring");
}
ImageCodes some_codes(const Model& model) {
  const ModelInfo& info = model.info();
  ImageCodes codes{.height = info.codes_height, .width = info.codes_width, .codes = {}};
  for (int i = 0; i < codes.height * codes.width; ++i)
    codes.codes.push_back(static_cast<int32_t>(i * 7 % info.codebook_size));
  return codes;
}
void score_codes(const Model& model) { test::score_codes(model, "a red ring", some_codes(model), 3.0F); }
void embed_vision(const Model& model) {
  model.need_image_embedder().embed(image_of(model), EmbedStage::vision);
}
void embed_aligned(const Model& model) {
  model.need_image_embedder().embed(image_of(model), EmbedStage::aligned);
}
void embed_latent(const Model& model) {
  model.need_image_embedder().embed(image_of(model), EmbedStage::latent);
}
void encode(const Model& model) { model.need_image_coder().encode(image_of(model)); }
void decode(const Model& model) { model.need_image_coder().decode(some_codes(model)); }

using Use = void (*)(const Model&);
constexpr Use kUses[] = {describe,      generate,     score_text, score_codes, embed_vision,
                         embed_aligned, embed_latent, encode,     decode};

struct Part {
  const char* tensor;
  const char* name;        // in the message
  std::vector<Use> fails;  // the others do not read it
};

const std::vector<Part>& parts() {
  static const std::vector<Use> kDecoder{describe, generate, score_text, score_codes};
  static const std::vector<Part> parts{
      {"language_model.model.embed_tokens.weight", "token embeddings", kDecoder},
      {"language_model.model.layers.0.mlp.down_proj.weight", "model, decoder:", kDecoder},
      {"language_model.model.layers.0.self_attn.k_proj.weight", "model, decoder:", kDecoder},
      {"language_model.model.norm.weight", "model, decoder:", kDecoder},
      {"language_model.lm_head.weight", "head of the decoder", {describe, score_text}},
      {"vision_model.vision_tower.blocks.0.mlp.fc1.weight",
       "model, vision tower",
       {describe, score_text, embed_vision, embed_aligned}},
      {"vision_model.vision_tower.pos_embed",
       "model, vision tower",
       {describe, score_text, embed_vision, embed_aligned}},
      {"aligner.layers.0.weight", "aligner of the vision tower", {describe, score_text, embed_aligned}},
      {"aligner.layers.2.bias", "aligner of the vision tower", {describe, score_text, embed_aligned}},
      {"gen_embed.weight", "embeddings of codes", {generate, score_codes}},
      {"gen_aligner.layers.2.weight", "embeddings of codes", {generate, score_codes}},
      {"gen_head.output_mlp_projector.weight", "image head", {generate, score_codes}},
      {"gen_head.vision_head.weight", "image head", {generate, score_codes}},
      {"gen_vision_model.decoder.conv_in.weight", "decoder of images", {generate, decode}},
      {"gen_vision_model.decoder.conv_out.bias", "decoder of images", {generate, decode}},
      {"gen_vision_model.post_quant_conv.weight", "decoder of images", {generate, decode}},
      {"gen_vision_model.encoder.conv_in.weight", "encoder of images", {embed_latent, encode}},
      {"gen_vision_model.quant_conv.weight", "encoder of images", {embed_latent, encode}},
      {"gen_vision_model.quantize.embedding.weight", "", {generate, encode, decode}}};
  return parts;
}

class Damage : public testing::TestWithParam<std::pair<float, WeightType>> {};

TEST_P(Damage, OfEveryPartIsToldByWhateverReadsIt) {
  const auto [value, type] = GetParam();
  for (const Part& part : parts()) {
    SCOPED_TRACE(part.tensor);
    const Checkpoint checkpoint = test::damaged(whole(), part.tensor, value);
    const std::unique_ptr<Model> model = open(checkpoint, type);
    for (size_t i = 0; i < std::size(kUses); ++i) {
      SCOPED_TRACE(i);
      const std::string error = error_of([&] { kUses[i](*model); });
      if (std::find(part.fails.begin(), part.fails.end(), kUses[i]) == part.fails.end()) {
        EXPECT_EQ(error, "");
      } else {
        expect_error(error, {part.name, "expected finite numbers", "janus info --verify"});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Numbers, Damage,
                         testing::Values(std::pair{kNan, WeightType::f32},
                                         std::pair{kInfinity, WeightType::f32},
                                         std::pair{-kInfinity, WeightType::native},
                                         std::pair{kNan, WeightType::native}));

TEST(Damage, OfOneLogitIsTold) {
  for (const auto& [tensor, use] : {std::pair<const char*, Use>{"language_model.lm_head.weight", describe},
                                    {"gen_head.vision_head.weight", generate}}) {
    const int64_t last = whole().find(tensor).shape[0] - 1;
    const Checkpoint checkpoint = test::damaged(whole(), tensor, kNan, last, 1);
    expect_error(error_of([&] { use(*open(checkpoint, WeightType::f32)); }),
                 {"head", "expected finite numbers"});
  }
}

// What a block format has no place for is refused when it is made; the norms stay f32.
TEST(Damage, OfAQuantisedModelIsToldWhenLoadingOrComputing) {
  const Checkpoint norm = test::damaged(whole(), "language_model.model.norm.weight", kNan);
  expect_error(error_of([&] { describe(*open(norm, DType::q8_0)); }), {"decoder", "expected finite numbers"});
  // Its rows are whole blocks.
  const Checkpoint matrix = test::damaged(Checkpoint::open(test::golden_model("janus-pro-7b")),
                                          "language_model.model.layers.0.mlp.up_proj.weight", kInfinity);
  expect_error(error_of([&] { open(matrix, DType::q8_0); }), {"layers.0.mlp.up_proj.weight", "inf"});
}

TEST(Damage, IsNotQuantised) {
  const Checkpoint damaged = test::damaged(whole(), "language_model.lm_head.weight", kNan);
  const QuantizePlan plan = plan_quantize(damaged, WeightType::bf16, "damaged");
  expect_error(error_of([&] { write_quantized(plan, *open_device("cpu", {.threads = 1}), [](auto) {}, {}); }),
               {"language_model.lm_head.weight", "model.safetensors", "expected finite numbers"});
}

// Nor are its blocks copied, of which one has a scale that is no number.
TEST(Damage, OfBlocksIsNotCopied) {
  const std::string name = "language_model.model.layers.0.mlp.up_proj.weight";
  const Checkpoint whole = Checkpoint::open(test::golden_model("janus-pro-7b"));
  std::map<std::string, StoredTensor> tensors = whole.tensors();
  StoredTensor& hurt = tensors.at(name);
  const Tensor blocks =
      convert_weight(tensor_on(*open_device("cpu", {.threads = 1}), hurt), DType::q8_0, name, "damaged");
  const auto* begin = static_cast<const std::byte*>(blocks.raw());
  const auto bytes = std::make_shared<std::vector<std::byte>>(begin, begin + blocks.bytes());
  const uint16_t nan = to_f16(kNan);
  std::memcpy(bytes->data(), &nan, sizeof(nan));
  hurt.dtype = DType::q8_0;
  hurt.data = {.bytes = *bytes, .owner = bytes};
  const Checkpoint damaged = Checkpoint::from_tensors(whole.files(), whole.config(), std::move(tensors));
  const QuantizePlan plan = plan_quantize(damaged, WeightType(DType::q8_0), "damaged");
  expect_error(error_of([&] { write_quantized(plan, *open_device("cpu", {.threads = 1}), [](auto) {}, {}); }),
               {name, "expected finite numbers"});
}

// A request whose token has a damaged embedding ends alone: what runs beside it goes on, in the same rows.
TEST(Damage, EndsTheRequestThatMeetsItAlone) {
  const std::unique_ptr<Model> good = open(whole(), WeightType::f32);
  const int32_t id = good->tokenizer().encode("Z", /*add_begin=*/false).back();
  const Checkpoint checkpoint =
      test::damaged(whole(), "language_model.model.embed_tokens.weight", kNan, id, 1);
  const std::unique_ptr<Model> model = open(checkpoint, WeightType::f32);
  Engine engine(*model, {.rows = 4});
  const auto request = [](const char* question) {
    return AnswerRequest{.turns = {{.question = question}}, .max_tokens = 12};
  };
  std::vector<std::string> answers(4), errors(4);
  const char* const questions[] = {"What is it?", "What is Z?", "Is it a ring?", "Z"};
  for (size_t i = 0; i < 4; ++i) {
    engine.submit(request(questions[i]), {.on_done = [&, i](Answer& answer) { answers[i] = answer.text; },
                                          .on_error =
                                              [&, i](const std::exception_ptr& error) {
                                                errors[i] = error_of([&] { std::rethrow_exception(error); });
                                              }});
  }
  while (engine.step()) {
  }
  for (const size_t i : {0U, 2U}) {
    EXPECT_EQ(errors[i], "");
    EXPECT_EQ(answers[i], Engine(*good).answer(request(questions[i])).text);
  }
  for (const size_t i : {1U, 3U}) expect_error(errors[i], {"token embeddings", "expected finite numbers"});
  // The rows that the failed ones had serve others.
  EXPECT_EQ(engine.answer(request("Is it a ring?")).text, answers[2]);
}

TEST(Damage, GuidanceThatOverflowsIsNamed) {
  const std::unique_ptr<Model> model = open(whole(), WeightType::f32);
  expect_error(
      error_of([&] { test::generate(*model, {.prompt = "a ring", .guidance = 3e38F, .sampling = {}}); }),
      {"guidance", "use a smaller one"});
}

}  // namespace
}  // namespace janus
