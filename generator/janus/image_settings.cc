#include "generator/janus/image_settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

constexpr const char* kProcessor = "processor_config.json";
constexpr const char* kPreprocessor = "preprocessor_config.json";
constexpr int64_t kMostPixels = 1 << 20;
constexpr const char* kOwnFile = "use the file that came with the model";

// What both reference processors normalise with where the file names nothing: CLIP's.
constexpr std::array kDefaultMean{0.48145466, 0.4578275, 0.40821073};
constexpr std::array kDefaultStd{0.26862954, 0.26130258, 0.27577711};

void check_side(const JsonObject& source, const std::string& key, int64_t found, int64_t expected) {
  check(found == expected, "{}: {}: expected the vision tower's {} pixels a side, found {}; {}",
        source.where(), key, expected, found, kOwnFile);
}

// The side stands in `image_size` (original), or in `size`: a number, two, or {"height", "width"}.
void check_size(const JsonObject& source, int64_t expected) {
  if (source.contains("image_size"))
    check_side(source, "image_size", source.integer("image_size", 0, 1, kMostPixels), expected);
  if (!source.contains("size")) return;
  const nlohmann::json& size = source.json()["size"];
  if (size.is_number())
    return check_side(source, "size", source.integer("size", 0, 1, kMostPixels), expected);
  if (size.is_array()) {
    const std::vector<int64_t> sides = source.integers("size", 1, kMostPixels);
    check(sides.size() == 2,
          "{}: size: expected a height and a width, found {} numbers; correct the file, or download it again",
          source.where(), sides.size());
    for (const int64_t side : sides) check_side(source, "size", side, expected);
    return;
  }
  const JsonObject sides = source.required_object("size");
  for (const auto& [key, value] : sides.json().items()) {
    check(key == "height" || key == "width" || value.is_null(),
          "{}: expected height and width, found {}; images are padded to a square here, so give the vision "
          "tower's {} pixels for both",
          sides.where(), excerpt(key), expected);
  }
  for (const char* key : {"height", "width"}) {
    check_side(sides, key, sides.required_integer(key, 1, kMostPixels), expected);
  }
}

template <typename Default>
std::vector<double> channels(const JsonObject& source, const char* key, const Default& fallback) {
  if (!source.contains(key)) return {fallback.begin(), fallback.end()};
  std::vector<double> values = source.numbers(key);
  check(values.size() == 3, "{}: {}: expected 3 numbers, found {}; {}", source.where(), key, values.size(),
        kOwnFile);
  return values;
}

// The references pad with the mean and pass over what the file names as background: one that differs would
// be a guess.
void read_background(const JsonObject& source, const std::vector<double>& mean, PreprocessConfig& settings) {
  for (size_t c = 0; c < mean.size(); ++c) {
    const double level = mean[c] * 255;
    if (!settings.do_pad && !(level >= 0 && level < 256)) continue;  // nothing is padded
    check(level >= 0 && level < 256,
          "{}: image_mean: expected numbers from 0 to 1, which make the colour of the "
          "padding, found {}; {}",
          source.where(), mean[c], kOwnFile);
    settings.background_color[c] = static_cast<int>(level);
  }
  const std::vector<double> named = source.numbers("background_color");
  if (!source.contains("background_color") || !settings.do_pad) return;
  check(named.size() == 3, "{}: background_color: expected 3 numbers, found {}; {}", source.where(),
        named.size(), kOwnFile);
  check(
      std::equal(named.begin(), named.end(), settings.background_color.begin()),
      "{}: background_color: expected [{}], which is 255 times image_mean and what the reference processors "
      "pad with whatever stands here, found [{}]; remove the key, or give the image_mean that was meant",
      source.where(), fmt::join(settings.background_color, ", "), fmt::join(named, ", "));
}

// transformers stops at null in these, or takes it for false, where an absent key has a default: to read it
// as one or the other would be a guess.
void check_no_null(const JsonObject& source) {
  for (const char* key : {"size", "min_size", "resample", "image_mean", "image_std", "rescale_factor",
                          "do_resize", "do_pad", "do_rescale", "do_normalize"}) {
    const auto found = source.json().find(key);
    check(found == source.json().end() || !found->is_null(),
          "{}: {}: expected a value, found null; give the one that was meant, or remove the key for its "
          "default",
          source.where(), key);
  }
}

void check_type(const JsonObject& source) {
  const std::string type = source.string("image_processor_type", "JanusImageProcessor");
  check(
      type.starts_with("JanusImageProcessor") || type.starts_with("VLMImageProcessor"),
      "{}: image_processor_type: expected JanusImageProcessor or VLMImageProcessor, found {}, which prepares "
      "images in another way; {}",
      source.where(), excerpt(type), kOwnFile);
  check(!source.boolean("do_center_crop", false),
        "{}: do_center_crop: expected false, found true; Janus pads and never crops: remove the key",
        source.where());
}

// Pillow's number, as both references take it.
Resample read_resample(const JsonObject& source, Resample fallback) {
  if (!source.contains("resample")) return fallback;
  const nlohmann::json& found = source.json()["resample"];
  check(
      found.is_number(),
      "{}: resample: expected Pillow's number of a filter, found {}; write 3 for bicubic, 2 for bilinear, 1 "
      "for Lanczos, 0 for nearest, 4 for box, 5 for Hamming",
      source.where(), excerpt(found));
  return static_cast<Resample>(source.required_integer("resample", 0, 5));
}

PreprocessConfig read_settings(const JsonObject& source, int64_t image_size) {
  PreprocessConfig settings;
  settings.image_size = static_cast<int>(image_size);
  check_type(source);
  check_no_null(source);
  check_size(source, image_size);
  settings.min_size = static_cast<int>(source.integer("min_size", settings.min_size, 1, image_size));
  settings.resample = read_resample(source, settings.resample);
  settings.do_resize = source.boolean("do_resize", true);
  settings.do_pad = source.boolean("do_pad", true);
  settings.do_rescale = source.boolean("do_rescale", true);
  settings.do_normalize = source.boolean("do_normalize", true);
  settings.rescale_factor = source.number("rescale_factor", settings.rescale_factor);
  const std::vector<double> mean = channels(source, "image_mean", kDefaultMean);
  const std::vector<double> std = channels(source, "image_std", kDefaultStd);
  settings.image_mean.assign(mean.begin(), mean.end());
  settings.image_std.assign(std.begin(), std.end());
  read_background(source, mean, settings);
  settings.check(source.where());
  return settings;
}

std::optional<nlohmann::json> json_of(const FileSet& files, const char* file) {
  if (!files.contains(file)) return std::nullopt;
  return files.json(file);
}

}  // namespace

PreprocessConfig read_image_settings(const FileSet& files, const SiglipConfig& vision) {
  if (const auto processor = json_of(files, kProcessor)) {
    const JsonObject source(*processor, files.path(kProcessor));
    if (const auto nested = source.object("image_processor"))
      return read_settings(*nested, vision.image_size);
  }
  if (const auto preprocessor = json_of(files, kPreprocessor)) {
    return read_settings(JsonObject(*preprocessor, files.path(kPreprocessor)), vision.image_size);
  }
  PreprocessConfig released;
  released.image_size = static_cast<int>(vision.image_size);
  released.min_size = std::min(released.min_size, released.image_size);
  return released;
}

ProcessorSettings read_processor(const FileSet& files, const SiglipConfig& vision) {
  const auto json = json_of(files, kProcessor);
  if (!json) return {};
  const JsonObject source(*json, files.path(kProcessor));
  const int64_t tokens = source.integer("num_image_tokens", vision.patches(), 1, kMostPixels);
  check(tokens == vision.patches(),
        "{}: num_image_tokens: expected {}, the patches of the vision tower, found {}; {}", source.where(),
        vision.patches(), tokens, kOwnFile);
  check(
      !source.boolean("add_special_token", false),
      "{}: add_special_token: expected false, found true; no released Janus keeps the placeholder beside the "
      "image: remove the key",
      source.where());
  source.choice("sft_format", {"deepseek"}, "prompts are built in this format alone");
  source.choice("image_tag", {"<image_placeholder>"}, kOwnFile);
  source.choice("image_start_tag", {"<begin_of_image>"}, kOwnFile);
  source.choice("image_end_tag", {"<end_of_image>"}, kOwnFile);
  return {.system_prompt = source.boolean("use_default_system_prompt", true)};
}

}  // namespace janus
