// The released checkpoints in their real shapes, as sparse files: what `janus info` says of them, and how
// fast.
#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/cli/program.h"
#include "tests/core/torch_file.h"
#include "tests/support/released_shapes.h"

namespace janus::test {
namespace {

using Json = nlohmann::json;

int64_t bf16_bytes(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{2}, std::multiplies<>());
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Of the processes that this one started and waited for: unlike the wall clock, the same on a busy machine.
double children_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// config.json as released: a model's own sizes are those that differ from LlamaConfig's defaults.
Json released_config(const Json& sizes, int64_t hidden) {
  Json language = {{"max_position_embeddings", 16384},
                   {"model_type", "llama"},
                   {"torch_dtype", "bfloat16"},
                   {"vocab_size", 102400}};
  language.update(sizes);
  const auto projector = [&](const char* type, int64_t input) {
    return Json{{"cls", "MlpProjector"},
                {"model_type", type},
                {"params",
                 {{"depth", 2}, {"input_dim", input}, {"n_embed", hidden}, {"projector_type", "mlp_gelu"}}}};
  };
  return {{"aligner_config", projector("aligner", 1024)},
          {"architectures", {"MultiModalityCausalLM"}},
          {"gen_aligner_config", projector("gen_aligner", 8)},
          {"gen_head_config",
           {{"cls", "vision_head"},
            {"model_type", "gen_head"},
            {"params", {{"image_token_embed", hidden}, {"image_token_size", 16384}, {"n_embed", hidden}}}}},
          {"gen_vision_config",
           {{"cls", "VQ-16"},
            {"model_type", "gen_vision"},
            {"params", {{"image_token_size", 16384}, {"n_embed", 8}}}}},
          {"language_config", language},
          {"model_type", "multi_modality"},
          {"torch_dtype", "bfloat16"},
          {"transformers_version", "4.33.1"},
          {"vision_config",
           {{"cls", "CLIPVisionTower"},
            {"model_type", "vision"},
            {"params",
             {{"image_size", 384},
              {"model_name", "siglip_large_patch16_384"},
              {"select_feature", "same"},
              {"select_layer", -1}}}}}};
}

const Json kSizes1B = {{"hidden_size", 2048},
                       {"intermediate_size", 5632},
                       {"num_attention_heads", 16},
                       {"num_hidden_layers", 24},
                       {"num_key_value_heads", 16}};
const Json kSizes7B = {{"num_hidden_layers", 30}};  // all the rest is LlamaConfig's

constexpr int64_t kParameters1B = 2'089'232'011, kParameters7B = 7'420'368'523;  // as published
constexpr int64_t kPoolingHead = 12'595'200;                                     // of them, never read

class Released : public InFolder {
 protected:
  void write_config(const Json& sizes, int64_t hidden) const {
    write_file(path("config.json"), released_config(sizes, hidden).dump(2));
    write_file(path("preprocessor_config.json"),
               R"({"background_color": [127, 127, 127], "do_normalize": true, "image_mean": [0.5, 0.5, 0.5],
                   "image_processor_type": "VLMImageProcessor", "image_size": 384, "image_std": [0.5, 0.5, 0.5],
                   "min_size": 14, "processor_class": "VLChatProcessor", "rescale_factor": 0.00392156862745098})");
  }

  void write_safetensors(const NamedShapes& tensors) const {
    Json header;
    int64_t end = 0;
    for (const auto& [name, shape] : tensors) {
      const int64_t begin = std::exchange(end, end + bf16_bytes(shape));
      header[name] = {{"dtype", "BF16"}, {"shape", shape}, {"data_offsets", {begin, end}}};
    }
    const std::string text = header.dump();
    write_file(path("model.safetensors"), little_endian(text.size(), 8) + text);
    std::filesystem::resize_file(path("model.safetensors"), 8 + text.size() + static_cast<uintmax_t>(end));
  }

  void write_pickle(const std::string& name, const NamedShapes& tensors) const {
    std::vector<TorchTensor> stored;
    for (const auto& [tensor, shape] : tensors) {
      stored.push_back({.name = tensor,
                        .type = "BFloat16Storage",
                        .sizes = shape,
                        .hole_bytes = static_cast<uint64_t>(bf16_bytes(shape))});
    }
    ZipFile(state_dict_parts(stored, name.substr(0, name.find('.')) + "/"), {.zip64 = true})
        .write_sparse(path(name));
  }

  // Two shards with an index, the first as large as fits 10 GB, as transformers splits them.
  void write_shards(const NamedShapes& tensors) const {
    const std::string names[2] = {"pytorch_model-00001-of-00002.bin", "pytorch_model-00002-of-00002.bin"};
    NamedShapes parts[2];
    Json map;
    int64_t total = 0;
    for (const auto& tensor : tensors) {
      total += bf16_bytes(tensor.second);
      const int part = total > 10'000'000'000 ? 1 : 0;
      parts[part].push_back(tensor);
      map[tensor.first] = names[part];
    }
    for (int part : {0, 1}) write_pickle(names[part], parts[part]);
    write_file(path("pytorch_model.bin.index.json"),
               Json{{"metadata", {{"total_size", total}}}, {"weight_map", map}}.dump(2));
  }

  Json info(std::vector<std::string> more = {}) const {
    const double before = children_cpu_seconds();
    more.insert(more.begin(), {"info", folder_, "--json", "-q"});
    const Result result = run(more);
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.err, "");
    EXPECT_LT(children_cpu_seconds() - before, 1.0);
    return result.code == 0 ? Json::parse(result.out) : Json();
  }

  // What all three have in common.
  static void expect_same(const Json& record, int64_t parameters) {
    EXPECT_EQ(record["family"], "janus");
    EXPECT_EQ(record["layout"], "original");
    EXPECT_EQ(record["parameters"], parameters);
    EXPECT_EQ(record["types"], (Json{{"bf16", 2 * parameters}}));
    // The pooling head of the tower stays in the file; vectors are loaded as f32.
    const auto weights = record["memory"]["weights"].get<int64_t>();
    EXPECT_GE(weights, 2 * (parameters - kPoolingHead));
    EXPECT_LE(weights, 2 * (parameters - kPoolingHead) + parameters / 500);
    EXPECT_EQ(record["image_tokens"], 576);
    EXPECT_EQ(record["codes"], (Json{{"height", 24}, {"width", 24}, {"codebook", 16384}}));
    EXPECT_EQ(record["context_length"], 16384);
    EXPECT_EQ(record["vocab_size"], 102400);
  }
};

TEST_F(Released, Janus13BIsOneSafetensorsFile) {
  write_config(kSizes1B, 2048);
  write_safetensors(ReleasedShapes::of(kDecoder1B));
  const Json record = info();
  expect_same(record, kParameters1B);
  EXPECT_EQ(record["layers"], 24);
  EXPECT_EQ(record["files"], (Json{"config.json", "model.safetensors", "preprocessor_config.json"}));
  // Keys and values of the image's two rows, 64 + 575 tokens each.
  EXPECT_EQ(record["memory"]["cache"], 2 * 639 * 196608);
}

TEST_F(Released, JanusPro1BIsOnePickle) {
  write_config(kSizes1B, 2048);
  write_pickle("pytorch_model.bin", ReleasedShapes::of(kDecoder1B));
  const Json record = info();
  expect_same(record, kParameters1B);
  EXPECT_EQ(record["hidden_size"], 2048);
  EXPECT_EQ(record["heads"], 16);
  EXPECT_EQ(record["files"], (Json{"config.json", "preprocessor_config.json", "pytorch_model.bin"}));
}

TEST_F(Released, JanusPro7BIsTwoPicklesAndAPartialConfig) {
  write_config(kSizes7B, 4096);
  write_shards(ReleasedShapes::of(kDecoder7B));
  EXPECT_NEAR(static_cast<double>(std::filesystem::file_size(path("pytorch_model-00001-of-00002.bin"))),
              9.99e9, 2e8);
  const Json record = info();
  expect_same(record, kParameters7B);
  EXPECT_EQ(record["hidden_size"], 4096);
  EXPECT_EQ(record["layers"], 30);
  EXPECT_EQ(record["heads"], 32);
  EXPECT_EQ(record["kv_heads"], 32);
  EXPECT_EQ(record["memory"]["cache"], 2 * 639 * 491520);
  EXPECT_EQ(info({"--type", "f32"})["memory"]["weights"], 4 * (kParameters7B - kPoolingHead));
}

TEST_F(Released, JanusFlow13BIsOneSafetensorsFile) {
  constexpr int64_t kParameters = 2'046'367'504;  // 4.09 GB, as published
  write_config(kSizes1B, 2048);
  const Json tower = {{"image_size", 384},
                      {"model_name", "siglip_large_patch16_384"},
                      {"select_feature", "same"},
                      {"select_layer", -1}};
  Json both = {{"block_out_channels", {768}},
               {"hidden_size", 2048},
               {"layers_in_middle", 2},
               {"norm_eps", 1e-6},
               {"use_bias", true},
               {"use_mid_block", true}};
  Json encoder = both, decoder = both;
  encoder.update({{"elementwize_affine", true},
                  {"input_channels", 4},
                  {"kernel_size", 2},
                  {"num_extra_tensors", 5},
                  {"padding", 0},
                  {"stride", 2}});
  decoder.update({{"elementwise_affine", true}, {"in_channels", 768}, {"out_channels", 4}, {"upsamples", 1}});
  const Json language = {
      {"hidden_size", 2048},       {"intermediate_size", 5632}, {"max_position_embeddings", 16384},
      {"model_type", "llama"},     {"num_attention_heads", 16}, {"num_hidden_layers", 24},
      {"num_key_value_heads", 16}, {"torch_dtype", "bfloat16"}, {"vocab_size", 102400}};
  write_file(path("config.json"),
             Json{{"architectures", {"MultiModalityCausalLM"}},
                  {"language_config", language},
                  {"model_type", "multi_modality"},
                  {"vision_gen_dec_config", {{"cls", "ShallowUViTDecoder"}, {"params", decoder}}},
                  {"vision_gen_enc_config", {{"cls", "ShallowUViTEncoder"}, {"params", encoder}}},
                  {"vision_und_enc_config", {{"cls", "CLIPVisionTower"}, {"params", tower}}}}
                 .dump());
  write_safetensors(ReleasedShapes::of_flow());
  const Json record = info();
  EXPECT_EQ(record["family"], "janusflow");
  EXPECT_EQ(record["parameters"], kParameters);
  EXPECT_EQ(record["types"], (Json{{"bf16", 2 * kParameters}}));
  EXPECT_EQ(record["image_tokens"], 577);
  EXPECT_EQ(record["image_size"], 384);
  EXPECT_FALSE(record.contains("codes"));
}

TEST_F(Released, APartOfJanusFlowIsRefusedByWhatItLacks) {
  write_file(path("config.json"),
             R"({"architectures": ["MultiModalityCausalLM"], "model_type": "multi_modality",
      "language_config": {"vocab_size": 102400}, "vision_und_enc_config": {"cls": "CLIPVisionTower"},
      "vision_gen_enc_config": {"cls": "ShallowUViTEncoder"}, "vision_gen_dec_config": {"cls": "ShallowUViTDecoder"}})");
  write_safetensors(
      {{"beg_of_und_embed", {1, 2048}}, {"vision_gen_enc_model.in_conv.weight", {768, 4, 2, 2}}});
  const Result result = run({"info", folder_});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("vision_und_enc_model.vision_tower.pos_embed"), std::string::npos) << result.err;
}

// The cut copy of Janus-Pro-1B, with one byte of its weights changed where `damaged`.
std::string copy_of_pickle(const std::string& folder, bool damaged) {
  const std::string model = std::string(JANUS_TEST_DATA) + "/models/janus-pro-1b";
  std::filesystem::copy(
      model, folder,
      std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  if (!damaged) return folder;
  const std::string file = folder + "/pytorch_model.bin";
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file(file, bytes);
  return folder;
}

TEST_F(Released, VerifyHoldsWeightsAgainstTheirChecksums) {
  const Result whole = run({"info", copy_of_pickle(folder_, false), "--verify"});
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_NE(whole.err.find("the weights have their checksums"), std::string::npos) << whole.err;
  copy_of_pickle(folder_, true);
  EXPECT_EQ(run({"info", folder_, "-q"}).code, 0);  // nobody asked
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"info", folder_},
        std::vector<std::string>{"encode", image_file("a.png"), "-o", "-", "-m", folder_}}) {
    std::vector<std::string> with_verify = words;
    with_verify.insert(with_verify.end(), {"--verify", "-q"});
    const Result result = run(with_verify);
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("pytorch_model.bin: expected checksum"), std::string::npos) << result.err;
  }
  const Result none = run_model({"info", "--verify"});
  EXPECT_EQ(none.code, 0);
  EXPECT_NE(none.err.find("carry no checksums"), std::string::npos) << none.err;
}

}  // namespace
}  // namespace janus::test
