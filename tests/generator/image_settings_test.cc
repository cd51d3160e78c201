// How the files of a model say that images are prepared: against transformers' image processor, bit for bit
// (tests/reference/image_settings_golden.py), and what is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/json.h"
#include "generator/janus/janus_model.h"
#include "generator/prompt.h"
#include "generator/quantize.h"
#include "tests/support/model_copy.h"
#include "tests/vision/seeded_image.h"

namespace janus {
namespace {

using nlohmann::json;
using test::error_of;
using test::expect_error;
using test::ModelCopy;

constexpr const char* kProcessor = "processor_config.json";
constexpr const char* kPreprocessor = "preprocessor_config.json";

std::vector<float> pixels_of(const Model& model, const Image& image) {
  return model.need_image_embedder().embed(image, EmbedStage::pixels).values;
}

json settings() {
  return {{"size", {{"height", 16}, {"width", 16}}},
          {"min_size", 4},
          {"image_mean", {0.5, 0.5, 0.5}},
          {"image_std", {0.5, 0.5, 0.5}}};
}

json settings_with(const char* key, const json& value) {
  json changed = settings();
  changed[key] = value;
  return changed;
}

// What opening the model says of these settings; empty where it opens.
std::string refusal(const ModelCopy& copy, const json& of_image) {
  copy.write(kPreprocessor, of_image);
  return error_of([&] { copy.open(); });
}

TEST(ImageSettings, PixelsEqualTheReference) {
  const ModelCopy copy("tied-mixed");
  const json cases = FileSet::folder(JANUS_TEST_DATA "/vision").json("image_settings.json");
  EXPECT_GT(cases.size(), 50U);
  for (const json& one : cases) {
    copy.write(kPreprocessor, one["settings"]);
    const Image image = test::seeded_image(one["width"], one["height"], 0, one["seed"]);
    EXPECT_EQ(fmt::format("{:016x}", test::fnv1a(pixels_of(*copy.open(), image))), one["pixels"]) << one;
  }
}

TEST(ImageSettings, NestedOnesWinAsAWholeAndGgufCarriesThem) {
  const ModelCopy copy("tied-mixed");
  const Image image = test::seeded_image(30, 17, 0, 5);
  const json nested{{"size", {{"height", 16}, {"width", 16}}},
                    {"image_mean", {0.25, 0.5, 0.75}},
                    {"image_std", {0.5, 0.25, 0.125}},
                    {"background_color", {63, 127, 191}},
                    {"resample", 1},
                    {"min_size", 12},
                    {"rescale_factor", 0.005},
                    {"image_processor_type", "JanusImageProcessor"}};
  const std::vector<float> before = pixels_of(*copy.open(), image);
  copy.write(kPreprocessor, nested);
  const std::vector<float> flat = pixels_of(*copy.open(), image);
  EXPECT_NE(flat, before);

  copy.write(kPreprocessor, json{{"image_mean", json::array()}});  // is not even read
  json processor = copy.read(kProcessor);
  processor["image_processor"] = nested;
  copy.write(kProcessor, processor);
  EXPECT_EQ(pixels_of(*copy.open(), image), flat);
  std::filesystem::remove(copy.path() + "/" + kPreprocessor);
  EXPECT_EQ(pixels_of(*copy.open(), image), flat);

  const QuantizePlan plan = plan_quantize(Checkpoint::open(copy.path()), WeightType(DType::q8_0), "copy");
  std::string file;
  write_quantized(plan, *open_device("cpu", {.threads = 1}),
                  [&](std::span<const std::byte> bytes) {
                    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                  },
                  {});
  const test::TemporaryFolder folder;
  const auto gguf =
      open_model(Checkpoint::open(folder.write("copy.gguf", file)), open_device("cpu", {.threads = 1}));
  EXPECT_EQ(pixels_of(*gguf, image), flat);

  processor["image_processor"] = nullptr;  // as if it were not there
  copy.write(kProcessor, processor);
  copy.write(kPreprocessor, settings());
  EXPECT_EQ(pixels_of(*copy.open(), image), before);
}

TEST(ImageSettings, TheSizeMayStandInSeveralForms) {
  const ModelCopy copy("tied-mixed");
  for (const json& size :
       {json(16), json({16, 16}), json({{"height", 16}, {"width", 16}, {"shortest_edge", nullptr}})})
    EXPECT_EQ(refusal(copy, settings_with("size", size)), "") << size;
  EXPECT_EQ(refusal(copy, {{"image_size", 16}}), "");
  for (const json& size : {json(17), json(0), json(-16), json(1e9), json("16"), json({16, 17}), json({16}),
                           json::array(), json({16, 16, 16}), json({{"shortest_edge", 16}}),
                           json({{"height", 16}}), json({{"height", 16}, {"width", 8}}), json(16.5),
                           json({{"height", 16}, {"width", 16}, {"longest_edge", 16}})})
    expect_error(refusal(copy, settings_with("size", size)), {kPreprocessor, "size", "expected", "found"});
  expect_error(refusal(copy, settings_with("image_size", 8)), {kPreprocessor, "image_size", "16", "found 8"});
}

TEST(ImageSettings, ListsAndNumbersAreCheckedBeforeUse) {
  const ModelCopy copy("tied-mixed");
  const json empty = json::array();
  for (const auto& [key, value] :
       std::vector<std::pair<const char*, json>>{{"image_mean", empty},
                                                 {"image_mean", {0.5, 0.5}},
                                                 {"image_mean", {0.5, 0.5, 0.5, 0.5}},
                                                 {"image_mean", 0.5},
                                                 {"image_mean", {0.5, "0.5", 0.5}},
                                                 {"image_mean", {0.5, 1.5, 0.5}},
                                                 {"image_mean", {0.5, -0.1, 0.5}},
                                                 {"image_mean", {0.5, 1e300, 0.5}},
                                                 {"image_std", empty},
                                                 {"image_std", {0.5, 0.5}},
                                                 {"image_std", {0.5, 0, 0.5}},
                                                 {"image_std", {0.5, -0.5, 0.5}},
                                                 {"image_std", {0.5, 1e-44, 0.5}},
                                                 {"image_std", {0.5, 1e300, 0.5}},
                                                 {"background_color", empty},
                                                 {"background_color", {127, 127}},
                                                 {"background_color", {127, 127, 127, 127}},
                                                 {"background_color", {0, 0, 0}},
                                                 {"background_color", {127, 127, 1e300}},
                                                 {"background_color", 127},
                                                 {"rescale_factor", 0},
                                                 {"rescale_factor", -1},
                                                 {"rescale_factor", 1e308},
                                                 {"rescale_factor", 1e-300},
                                                 {"rescale_factor", "1/255"},
                                                 {"min_size", 0},
                                                 {"min_size", -1},
                                                 {"min_size", 17},
                                                 {"min_size", 1e18},
                                                 {"resample", 6},
                                                 {"resample", -1},
                                                 {"resample", "bicubic"},
                                                 {"resample", true},
                                                 {"do_pad", 1},
                                                 {"do_resize", "no"},
                                                 {"do_center_crop", true},
                                                 {"image_processor_type", "CLIPImageProcessor"}}) {
    expect_error(refusal(copy, settings_with(key, value)), {kPreprocessor, key, "expected", "found"});
  }
  expect_error(refusal(copy, settings_with("resample", "bicubic")), {"write 3 for bicubic"});
  expect_error(refusal(copy, empty), {kPreprocessor, "expected a JSON object"});
  json processor = copy.read(kProcessor);
  copy.write(kPreprocessor, settings());
  processor["image_processor"] = {{"image_std", {0, 0, 0}}};
  copy.write(kProcessor, processor);
  expect_error(error_of([&] { copy.open(); }), {kProcessor, "image_processor", "image_std", "found 0"});
  processor["image_processor"] = 3;
  copy.write(kProcessor, processor);
  expect_error(error_of([&] { copy.open(); }), {kProcessor, "image_processor", "expected a JSON object"});
}

// transformers stops at some and takes others for false.
TEST(ImageSettings, NullIsRefusedWhereItIsNotTheDefault) {
  const ModelCopy copy("tied-mixed");
  for (const char* key : {"size", "min_size", "resample", "image_mean", "image_std", "rescale_factor",
                          "do_resize", "do_pad", "do_rescale", "do_normalize"})
    expect_error(refusal(copy, settings_with(key, nullptr)),
                 {kPreprocessor, key, "found null", "remove the key"});
  for (const char* key : {"background_color", "do_convert_rgb", "do_center_crop", "crop_size", "data_format"})
    EXPECT_EQ(refusal(copy, settings_with(key, nullptr)), "") << key;
}

TEST(ImageSettings, ImagesThatDoNotFitWithoutResizingOrPaddingAreRefused) {
  const ModelCopy copy("tied-mixed");
  const auto fault = [&](const char* key, int width, int height) {
    copy.write(kPreprocessor, settings_with(key, false));
    return error_of([&] { pixels_of(*copy.open(), test::seeded_image(width, height, 0, 1)); });
  };
  EXPECT_EQ(fault("do_resize", 16, 3), "");
  expect_error(fault("do_resize", 17, 16), {"do_resize", "16 pixels", "found 17 x 16"});
  expect_error(fault("do_resize", 8, 8), {"do_resize", "found 8 x 8"});
  EXPECT_EQ(fault("do_pad", 300, 300), "");
  expect_error(fault("do_pad", 32, 16), {"do_pad", "16 x 16 pixels", "found 16 x 8"});
}

TEST(ImageSettings, OtherPromptsThanThisFamilysAreRefused) {
  const ModelCopy copy("original-1.3b");
  const json processor = copy.read(kProcessor);
  const auto with = [&](const char* key, const json& value) {
    json changed = processor;
    changed[key] = value;
    copy.write(kProcessor, changed);
    return error_of([&] { copy.open(); });
  };
  EXPECT_EQ(with("mask_prompt", false), "");  // training's
  EXPECT_EQ(with("ignore_id", -1), "");
  expect_error(with("num_image_tokens", 576), {kProcessor, "num_image_tokens", "expected 49", "found 576"});
  expect_error(with("add_special_token", true), {kProcessor, "add_special_token"});
  expect_error(with("sft_format", "plain"), {kProcessor, "sft_format", "deepseek", "plain"});
  expect_error(with("image_tag", "<image>"), {kProcessor, "image_tag", "<image>"});
}

TEST(ImageSettings, TheSystemPromptIsLeftOutWhereTheProcessorSaysSo) {
  const ModelCopy copy("tied-mixed");
  const auto prompt = [&](const json& flag) {
    json processor = copy.read(kProcessor);
    processor["use_default_system_prompt"] = flag;
    copy.write(kProcessor, processor);
    const auto model = copy.open();
    const SpecialIds special = dynamic_cast<const JanusModel&>(*model).special_ids();
    return understanding_prompt(model->tokenizer(), special, "What?", 1, 2);
  };
  const std::vector<int32_t> with = prompt(true), without = prompt(false);
  EXPECT_EQ(prompt(nullptr), with);
  ASSERT_LT(without.size(), with.size());
  EXPECT_EQ(without[0], with[0]);  // begins
  EXPECT_TRUE(std::equal(without.rbegin(), without.rend() - 1, with.rbegin()));
}

}  // namespace
}  // namespace janus
