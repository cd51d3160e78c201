#include "generator/janus/janus_config.h"

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

const JanusNames kOriginal{.layout = "original",
                           .language_model = "language_model.model",
                           .lm_head = "language_model.lm_head",
                           .vision_tower = "vision_model.vision_tower",
                           .aligner = "aligner",
                           .gen_embed = "gen_embed",
                           .gen_aligner = "gen_aligner",
                           .gen_head_in = "gen_head.output_mlp_projector",
                           .gen_head_out = "gen_head.vision_head",
                           .vq_model = "gen_vision_model",
                           .first_layer = "layers.0",
                           .more_layers = "layers",
                           .more_layers_step = 2,
                           .more_layers_first = 2,
                           .siglip = kOriginalSiglip,
                           .vq = kOriginalVq};

const JanusNames kTransformers{.layout = "transformers",
                               .language_model = "model.language_model",
                               .lm_head = "lm_head",
                               .vision_tower = "model.vision_model",
                               .aligner = "model.aligner",
                               .gen_embed = "model.generation_embeddings",
                               .gen_aligner = "model.generation_aligner",
                               .gen_head_in = "model.generation_head.proj_out",
                               .gen_head_out = "model.generation_head.vision_head",
                               .vq_model = "model.vqmodel",
                               .first_layer = "fc1",
                               .more_layers = "hidden_layers",
                               .more_layers_step = 1,
                               .more_layers_first = 0,
                               .siglip = kTransformersSiglip,
                               .vq = kTransformersVq};

// An empty object where the key is absent, so that every size takes its default.
const nlohmann::json& object_or_empty(const nlohmann::json& config, const char* key) {
  static const nlohmann::json empty = nlohmann::json::object();
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? empty : *found;
}

void check_projector(const JsonObject& config, const char* key) {
  const auto projector = config.object(key);
  const auto params = projector ? projector->object("params") : std::nullopt;
  if (!params) return;
  const std::string type = params->string("projector_type", "mlp_gelu");
  check(type == "mlp_gelu",
        "{}: projector_type: expected \"mlp_gelu\", found \"{}\"; no released Janus has another",
        params->where(), type);
}

void read_original(const JsonObject& config, const Weights& root, JanusConfig& janus) {
  check(!config.contains("vision_und_enc_config"),
        "{}: expected a Janus or Janus-Pro model, found JanusFlow, which janus does not run; use Janus-Pro",
        config.where());
  check_projector(config, "aligner_config");
  check_projector(config, "gen_aligner_config");
  const nlohmann::json& language = object_or_empty(config.json(), "language_config");
  janus.language = TransformerConfig::from_json(language, config.where() + ": language_config");
  janus.vision = SiglipConfig::from_tensors(root / janus.names->vision_tower, janus.names->siglip);
  if (const auto vision = config.object("vision_config")) {
    const auto params = vision->object("params");
    const JsonObject& source = params ? *params : *vision;
    janus.vision.select_layer = source.integer("select_layer", -1, -4096, 4096);
    const int64_t image_size = source.integer("image_size", janus.vision.image_size, 1, 1 << 20);
    check(image_size == janus.vision.image_size,
          "{}: image_size: expected {} (by its position embeddings), found {}", source.where(),
          janus.vision.image_size, image_size);
    check(
        !source.contains("pixel_mean") && !source.contains("pixel_std"),
        "{}: expected no pixel_mean and pixel_std, found them; no released Janus normalises inside the tower",
        source.where());
  }
  janus.vq = VqConfig::from_tensors(root / janus.names->vq_model, janus.names->vq);
}

void read_transformers(const JsonObject& config, JanusConfig& janus) {
  const auto where = [&](const char* key) { return config.where() + ": " + key; };
  const auto part = [&](const char* key) -> const nlohmann::json& {
    return object_or_empty(config.json(), key);
  };
  janus.language = TransformerConfig::from_json(part("text_config"), where("text_config"));
  janus.vision = SiglipConfig::from_json(part("vision_config"), where("vision_config"));
  janus.vq = VqConfig::from_json(part("vq_config"), where("vq_config"));
  // transformers ties by the top-level flag, which is on unless it says otherwise; it counts only where the
  // file has no lm_head.
  janus.language.tie_word_embeddings |= config.boolean("tie_word_embeddings", true);

  const auto check_width = [&](const char* section, const char* key, int64_t fallback) {
    const int64_t width = JsonObject(part(section), where(section)).integer(key, fallback, 1, 1 << 24);
    check(width == janus.language.hidden_size,
          "{}: {}: expected the hidden_size of text_config ({}), found {}", where(section), key,
          janus.language.hidden_size, width);
  };
  check_width("vision_config", "projection_dim", 2048);
  check_width("vq_config", "image_token_embed_dim", 2048);
  check_width("vq_config", "projection_dim", 2048);
}

PreprocessConfig read_preprocess(const FileSet& files, const SiglipConfig& vision) {
  PreprocessConfig preprocess;
  preprocess.image_size = static_cast<int>(vision.image_size);
  const std::string file = "preprocessor_config.json";
  if (!files.contains(file)) return preprocess;
  const nlohmann::json json = files.json(file);
  const JsonObject source(json, files.name() + "/" + file);

  const auto size = source.json().contains("size") && source.json()["size"].is_object()
                        ? source.object("size")
                        : std::nullopt;
  const int64_t image_size = size ? size->integer("height", vision.image_size, 1, 1 << 20)
                                  : source.integer("image_size", vision.image_size, 1, 1 << 20);
  check(image_size == vision.image_size, "{}: expected the vision tower's {} pixels a side, found {}",
        source.where(), vision.image_size, image_size);
  preprocess.min_size =
      static_cast<int>(source.integer("min_size", preprocess.min_size, 1, vision.image_size));
  const auto read_channels = [&](const char* key, std::vector<float>& to) {
    const std::vector<double> values = source.numbers(key);
    if (values.empty()) return;
    check(values.size() == 3, "{}: {}: expected 3 numbers, found {}", source.where(), key, values.size());
    to.assign(values.begin(), values.end());
  };
  read_channels("image_mean", preprocess.image_mean);
  read_channels("image_std", preprocess.image_std);
  for (int channel = 0; channel < 3; ++channel) {
    check(preprocess.image_std[channel] > 0, "{}: image_std: expected numbers above 0, found {}",
          source.where(), preprocess.image_std[channel]);
    // The reference takes the mean for background and ignores what the file says of it.
    const double level = source.contains("image_mean") ? source.numbers("image_mean")[channel] * 255 : 127;
    check(level >= 0 && level < 256, "{}: image_mean: expected numbers from 0 to 1, found {}", source.where(),
          preprocess.image_mean[channel]);
    preprocess.background_color[channel] = static_cast<int>(level);
  }
  preprocess.rescale_factor = source.number("rescale_factor", preprocess.rescale_factor);
  preprocess.do_normalize = source.boolean("do_normalize", preprocess.do_normalize);
  for (const char* key : {"do_resize", "do_rescale"}) {
    check(source.boolean(key, true), "{}: {}: expected true, found false", source.where(), key);
  }
  return preprocess;
}

}  // namespace

bool is_janus(const nlohmann::json& config) {
  const auto type = config.find("model_type");
  return type != config.end() && (*type == "multi_modality" || *type == "janus");
}

const JanusNames& janus_names(const nlohmann::json& config) {
  return config.at("model_type") == "multi_modality" ? kOriginal : kTransformers;
}

JanusConfig read_janus_config(const Checkpoint& checkpoint, const Weights& root) {
  const JsonObject config(checkpoint.config(), checkpoint.files().name() + "/config.json");
  JanusConfig janus;
  janus.names = &janus_names(checkpoint.config());
  if (janus.names == &kOriginal) {
    read_original(config, root, janus);
  } else {
    read_transformers(config, janus);
  }
  janus.preprocess = read_preprocess(checkpoint.files(), janus.vision);
  return janus;
}

}  // namespace janus
