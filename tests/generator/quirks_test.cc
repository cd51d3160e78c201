// What differs between the released checkpoints and conversions of them, on the cut copies in
// tests/data/models.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "generator/model.h"
#include "generator/prompt.h"
#include "tests/golden.h"
#include "tests/support/model_copy.h"

namespace janus {
namespace {

using nlohmann::json;
using test::error_of;
using test::expect_error;
using test::ModelCopy;

double score(const Model& model) { return test::answer_score(model); }

TEST(Quirks, SpecialIdsAreFoundByTheirTexts) {
  const auto ids = [](const char* name) {
    return find_special_ids(*open_tokenizer(FileSet::folder(test::golden_model(name))));
  };
  const SpecialIds janus = ids("janus-1.3b"), pro1b = ids("janus-pro-1b"), pro7b = ids("janus-pro-7b");
  // Pro-1B lacks DeepSeek's 13 ordinary added tokens between end and pad.
  EXPECT_EQ(pro1b.pad, pro1b.end + 1);
  EXPECT_EQ(pro7b.pad, pro7b.end + 14);
  EXPECT_EQ(janus.pad, janus.end + 14);
  EXPECT_EQ(pro7b.placeholder, pro7b.end_of_image + 1);
  // Not in its tokenizer: appended behind the last id, which is the end of the image.
  EXPECT_EQ(janus.placeholder, janus.end_of_image + 1);
}

TEST(Quirks, RolesAreTokensOrPlainWords) {
  const auto roles = [](const char* name) {
    const auto tokenizer = open_tokenizer(FileSet::folder(test::golden_model(name)));
    const SpecialIds special = find_special_ids(*tokenizer);
    std::string text;
    for (int32_t id : generation_prompt(*tokenizer, special, "x")) text += tokenizer->token_of(id) + "|";
    return text;
  };
  EXPECT_NE(roles("janus-pro-1b").find("<|User|>|:|"), std::string::npos) << roles("janus-pro-1b");
  EXPECT_NE(roles("janus-pro-7b").find("<|Assistant|>|:|<begin_of_image>|"), std::string::npos);
  EXPECT_EQ(roles("janus-1.3b").find("<|User|>"), std::string::npos);
  EXPECT_NE(roles("janus-1.3b").find("<begin_of_image>|"), std::string::npos);
}

TEST(Quirks, DoNormalizeOfTheFileIsHonouredForTheTowerAlone) {
  const ModelCopy copy("janus-1.3b");
  const auto now = copy.open();
  json preprocessor = copy.read("preprocessor_config.json");
  EXPECT_EQ(preprocessor["do_normalize"], true);
  preprocessor["do_normalize"] = false;  // Janus-1.3B before 2024-11-14
  copy.write("preprocessor_config.json", preprocessor);
  const auto before = copy.open();
  const Image image = test::seeded_pixels(now->info().image_size);
  const std::vector<float> normalised = now->need_image_embedder().embed(image, EmbedStage::pixels).values;
  const std::vector<float> plain = before->need_image_embedder().embed(image, EmbedStage::pixels).values;
  ASSERT_EQ(normalised.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) ASSERT_FLOAT_EQ(normalised[i], (plain[i] - 0.5F) / 0.5F);
  EXPECT_EQ(now->need_image_coder().encode(image).codes, before->need_image_coder().encode(image).codes);
}

TEST(Quirks, AStoredHeadCountsWhateverTheFlagsSay) {
  const ModelCopy copy("grouped-query");
  const double expected = score(*copy.open());
  for (const bool top : {false, true}) {
    for (const bool text : {false, true}) {
      copy.change_config([&](json& config) {
        config["tie_word_embeddings"] = top;
        config["text_config"]["tie_word_embeddings"] = text;
      });
      EXPECT_EQ(score(*copy.open()), expected) << top << text;
    }
  }
  const ModelCopy original("janus-pro-1b");
  const double head = score(*original.open());
  original.change_config([](json& config) {
    config["tie_word_embeddings"] = true;
    config["language_config"]["tie_word_embeddings"] = true;
  });
  EXPECT_EQ(score(*original.open()), head);
}

TEST(Quirks, RotaryBaseStandsAtTheTopOrNested) {
  const ModelCopy copy("original-1.3b");  // heads wide enough to turn at several speeds
  const double ten_thousand = score(*copy.open());
  const auto with = [&](const json& keys) {
    copy.change_config([&](json& config) {
      for (const char* key : {"rope_theta", "rope_parameters", "rope_scaling"})
        config["language_config"].erase(key);
      config["language_config"].update(keys);
    });
    return score(*copy.open());
  };
  EXPECT_EQ(with({{"rope_theta", 10000.0}}), ten_thousand);
  EXPECT_EQ(with({{"rope_theta", 10000}, {"rope_scaling", nullptr}}), ten_thousand);
  const double other = with({{"rope_theta", 500.0}});
  EXPECT_NE(other, ten_thousand);
  EXPECT_EQ(with({{"rope_parameters", {{"rope_theta", 500.0}, {"rope_type", "default"}}}}), other);
  EXPECT_EQ(with({{"rope_parameters", {{"rope_theta", 500.0}}}, {"rope_theta", 10000.0}}), other);
  expect_error(error_of([&] {
                 with({{"rope_parameters", {{"rope_theta", 500.0}, {"rope_type", "yarn"}}}});
               }),
               {"rope_parameters", "yarn"});
  expect_error(error_of([&] {
                 with({{"rope_parameters", {{"type", "linear"}}}});
               }),
               {"rope_parameters", "linear"});
  expect_error(error_of([&] {
                 with({{"rope_scaling", {{"type", "linear"}, {"factor", 2.0}}}});
               }),
               {"rope_scaling"});
}

TEST(Quirks, MissingKeysOfTheDecoderAreLlamaConfigs) {
  const ModelCopy copy("janus-pro-7b");
  const json language = copy.read("config.json")["language_config"];
  for (const char* key :
       {"num_attention_heads", "num_key_value_heads", "rms_norm_eps", "rope_theta", "hidden_act"}) {
    EXPECT_FALSE(language.contains(key)) << key;  // as in the released file
  }
  EXPECT_EQ(copy.open()->info().heads, 32);
  EXPECT_EQ(copy.open()->info().kv_heads, 32);
  // Sizes that neither the file nor the defaults tell rightly are found by the tensors.
  copy.change_config([](json& config) { config["language_config"].erase("hidden_size"); });
  expect_error(error_of([&] { copy.open(); }), {"expected", "4096", "64", "pytorch_model-0000"});
}

TEST(Quirks, TensorsThatNothingReadsMustBeKnown) {
  const ModelCopy copy("janus-1.3b");
  const double expected = score(*copy.open());
  const std::vector<test::TestTensor> stored = copy.tensors();
  const auto with = [&](const std::string& name) {
    std::vector<test::TestTensor> more = stored;
    more.push_back({name, "F32", {2}, "12345678"});
    copy.write_tensors(more);
    return score(*copy.open());
  };
  EXPECT_EQ(with("language_model.model.layers.0.self_attn.rotary_emb.inv_freq"),
            expected);  // of old torch files
  EXPECT_EQ(with("vision_model.vision_tower.attn_pool.more"), expected);
  expect_error(error_of([&] { with("language_model.model.layers.0.more.weight"); }),
               {"layers.0.more.weight", "nothing reads", "model.safetensors"});
}

TEST(Quirks, OtherFamiliesAreRefusedByTheirNames) {
  const ModelCopy copy("janus-1.3b");
  copy.change_config([](json& config) { config["vision_und_enc_config"] = {{"cls", "CLIPVisionTower"}}; });
  expect_error(error_of([&] { copy.open(); }), {"config.json", "vision_gen_enc_config", "JanusFlow"});
  copy.change_config([](json& config) {
    config.erase("vision_und_enc_config");
    config["model_type"] = "llava";
  });
  expect_error(error_of([&] { copy.open(); }), {"config.json", "model_type", "\"llava\""});
}

}  // namespace
}  // namespace janus
