// Folders and files that are no model that can be read: each is named, with what to do.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/checkpoint/checkpoint.h"
#include "tests/core/model_files.h"

namespace janus {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::expect_error;
using test::safetensors_file;
using test::TemporaryFolder;

const std::string kWeights = safetensors_file({{"a", "F16", {1}, "ab"}});

// What opening a folder with these empty files says; a name that ends in '/' is a folder.
std::string error_with(const std::vector<std::string>& names, const std::string& config = "") {
  const TemporaryFolder folder;
  for (const std::string& name : names) {
    if (name.ends_with('/')) {
      fs::create_directories(folder.path() + "/" + name);
    } else {
      folder.write(name, name.ends_with(".safetensors") ? kWeights : "{}");
    }
  }
  if (!config.empty()) folder.write("config.json", config);
  return error_of([&] { Checkpoint::open(folder.path()); });
}

TEST(ForeignFolder, AdaptersAreToBeMerged) {
  expect_error(
      error_with({"adapter_config.json", "adapter_model.safetensors"}),
      {"found a PEFT adapter (adapter_config.json)", "merge it into its base first", "merge_and_unload"});
  expect_error(error_with({"adapter_model.bin", "model.safetensors"}, "{}"),
               {"found a PEFT adapter (adapter_model.bin)", "or remove adapter_*"});
  const TemporaryFolder folder;
  folder.write("adapter_config.json", R"({"base_model_name_or_path": "deepseek-ai/Janus-Pro-1B"})");
  expect_error(error_of([&] { Checkpoint::open(folder.path()); }), {"the base \"deepseek-ai/Janus-Pro-1B\""});
}

TEST(ForeignFolder, ShardsOfTrainingAreToBeJoined) {
  for (const std::string config : {"", "{}"}) {
    expect_error(error_with({"zero_to_fp32.py", "latest", "global_step10/"}, config),
                 {"DeepSpeed", "zero_to_fp32.py"});
    expect_error(error_with({"global_step500/"}, config), {"DeepSpeed", "global_step500"});
    expect_error(error_with({"pytorch_model_fsdp_0/", "optimizer_0/"}, config),
                 {"FSDP", "accelerate merge-weights"});
    expect_error(error_with({"__0_0.distcp", ".metadata"}, config), {"distributed torch", "__0_0.distcp"});
    expect_error(error_with({"optimizer.pt", "scheduler.pt", "rng_state.pth"}, config),
                 {"training checkpoint without the model's weights (optimizer.pt)"});
  }
}

TEST(ForeignFolder, OtherProgramsFormatsAreNamed) {
  for (const std::string config : {"", "{}"}) {
    expect_error(error_with({"model_index.json", "unet/"}, config), {"a diffusers pipeline"});
    expect_error(error_with({"model.onnx"}, config), {"an ONNX export (model.onnx)"});
    expect_error(error_with({"onnx/"}, config), {"an ONNX export"});
    expect_error(error_with({"tf_model.h5"}, config), {"TensorFlow weights"});
    expect_error(error_with({"consolidated.00.pth", "params.json"}, config), {"Meta's own format"});
  }
  expect_error(error_with({"model.safetensors", "tokenizer.json"}),
               {"expected config.json beside model.safetensors", "put the model's config.json"});
}

TEST(ForeignFolder, UnfinishedAndPackedWeightsAreNamed) {
  expect_error(error_with({"model.safetensors.part"}, "{}"),
               {"unfinished download (model.safetensors.part)"});
  expect_error(error_with({"model.safetensors.gz"}, "{}"), {"packed", "model.safetensors.gz", "unpack it"});
  expect_error(error_with({"Janus-Pro-1B.zip"}), {"Janus-Pro-1B.zip", "unpack it"});
}

TEST(ForeignFolder, AFileOfAnotherFormatUnderAWrongNameIsNamed) {
  const TemporaryFolder folder;
  folder.write("config.json", "{}");
  const auto with = [&](const std::string& name, const std::string& content) {
    folder.write(name, content);
    const std::string message = error_of([&] { Checkpoint::open(folder.path()); });
    fs::remove(folder.path() + "/" + name);
    return message;
  };
  expect_error(with("model.safetensors", "PK\3\4 and more"),
               {"found a zip archive", "rename it to pytorch_model.bin"});
  expect_error(with("model.safetensors", "GGUF and more"),
               {"found a GGUF file", "rename it to end in .gguf"});
  expect_error(with("pytorch_model.bin", kWeights),
               {"found a safetensors file", "rename it to model.safetensors"});
  expect_error(with("model.safetensors", test::safetensors_bytes(R"({"__metadata__": {"format": "mlx"}})")),
               {"found a file of MLX", "take the model that it was made of"});
  expect_error(error_of([&] { Checkpoint::open(folder.write("model.safetensors", kWeights)); }),
               {"found another file; give " + folder.path()});
}

TEST(ForeignFolder, TheModelBelowIsPointedAt) {
  const TemporaryFolder folder;
  const auto make = [&](const std::string& inner) {
    fs::create_directories(folder.path() + "/" + inner);
    folder.write(inner + "/config.json", "{}");
  };
  const auto fault = [&](const std::string& inner = "") {
    return error_of([&] { Checkpoint::open(folder.path() + inner); });
  };
  make("Janus-Pro-1B");
  expect_error(fault(), {"found it one folder below; give " + folder.path() + "/Janus-Pro-1B"});
  make("checkpoint-500");
  expect_error(fault(), {"found 2 folders with it below", "checkpoint-500"});
  make("models--a--b/snapshots/1234");
  expect_error(fault("/models--a--b"),
               {"hub cache", "give " + folder.path() + "/models--a--b/snapshots/1234"});
  expect_error(fault("/models--a--b/snapshots"), {"give " + folder.path() + "/models--a--b/snapshots/1234"});
  make("models--a--b/snapshots/5678");
  expect_error(fault("/models--a--b"), {"one of its snapshots/: 1234, 5678"});
  fs::create_directories(folder.path() + "/models--a--b/refs");
  folder.write("models--a--b/refs/main", "5678");
  expect_error(fault("/models--a--b"), {"/snapshots/5678"});
  fs::remove_all(folder.path() + "/Janus-Pro-1B");
  fs::remove_all(folder.path() + "/checkpoint-500");
  expect_error(fault(), {"found a hub cache; give one of -m a/b"});
}

TEST(ForeignFolder, SeveralGgufFilesAreToBeChosenFrom) {
  expect_error(error_with({"a.gguf", "b.gguf"}), {"found a.gguf, b.gguf; give the path of one"});
  expect_error(error_with({"a.gguf", "b.gguf"}, "{}"), {"found a.gguf, b.gguf; give -m the path of one"});
}

TEST(ForeignFolder, ALinkThatLeadsNowhereIsAnError) {
  for (const char* name : {"config.json", "tokenizer_config.json", "model.safetensors", "README.md"}) {
    const TemporaryFolder folder;
    folder.write("model.safetensors", kWeights);
    folder.write("config.json", "{}");
    fs::remove(folder.path() + "/" + name);
    fs::create_symlink("../../blobs/0123", folder.path() + "/" + name);
    expect_error(error_of([&] { Checkpoint::open(folder.path()); }),
                 {std::string(name) + " leads to ../../blobs/0123, which is not there", "remove the link"});
  }
  const TemporaryFolder folder;
  folder.write("model.safetensors", kWeights);
  folder.write("config.json", "{}");
  fs::create_symlink("user@host.123", folder.path() + "/.#config.json");  // an editor's lock
  EXPECT_EQ(error_of([&] { Checkpoint::open(folder.path()); }), "");
  fs::create_symlink("loop", folder.path() + "/loop");
  expect_error(error_of([&] { Checkpoint::open(folder.path()); }), {"loop leads to loop"});
}

TEST(StandIns, AreNamedWhateverTheFile) {
  const std::vector<std::pair<std::string, std::string>> stand_ins{
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n", "Git LFS pointer"},
      {"<!DOCTYPE html>\n<html><body>Not found</body></html>", "web page"},
      {"\n  <html lang=\"en\">", "web page"},
      {"/annex/objects/SHA256E-s1--a.json\n", "git-annex"},
      {"<!-- saved page -->\n<html>", "web page"},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", "web page"},
      {"Entry not found", "server's refusal"},
      {"404: Not Found", "server's refusal"},
      {R"({"error":"Repository not found"})", "server's refusal"},
      {"Invalid username or password.", "server's refusal"}};
  for (const auto& [content, kind] : stand_ins) {
    for (const char* name : {"config.json", "model.safetensors"}) {
      const TemporaryFolder folder;
      folder.write("model.safetensors", kWeights);
      folder.write("config.json", "{}");
      folder.write(name, content);
      const std::string message = error_of([&] { Checkpoint::open(folder.path()); });
      expect_error(message, {folder.path() + "/" + name, kind, "expected the file itself"});
      EXPECT_EQ(message.find("damaged"), message.npos) << message;
    }
    const TemporaryFolder folder;
    folder.write("model.gguf", content);
    expect_error(error_of([&] { Checkpoint::open(folder.path()); }), {"model.gguf", kind});
    folder.write("pytorch_model.bin", content);
    folder.write("config.json", "{}");
    expect_error(error_of([&] { Checkpoint::open(folder.path()); }), {"pytorch_model.bin", kind});
  }
}

TEST(ForeignWeights, MethodsOfQuantisingAreNamedByTheConfig) {
  const auto with = [](const std::string& config) { return error_with({"model.safetensors"}, config); };
  const auto expect_method = [&](const std::string& config, const std::string& method) {
    expect_error(with(config), {"config.json", "quantised by " + method + ";", "take the unquantised model"});
  };
  expect_method(R"({"quantization_config": {"quant_method": "gptq", "bits": 4}})", "GPTQ");
  expect_method(R"({"quantization_config": {"quant_method": "awq"}})", "AWQ");
  expect_method(R"({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": true}})",
                "bitsandbytes");
  expect_method(R"({"quantization_config": {"load_in_8bit": true}})", "bitsandbytes");
  expect_method(R"({"text_config": {"quantization_config": {"quant_method": "fp8"}}})", "fp8");
  for (const char* method : {"compressed-tensors", "torchao", "quanto", "fbgemm", "aqlm2"}) {
    expect_method(R"({"quantization_config": {"quant_method": ")" + std::string(method) + "\"}}", method);
  }
  expect_method(R"({"quantization": {"group_size": 64, "bits": 4}})", "MLX");
  EXPECT_EQ(with(R"({"quantization_config": null})"), "");
  EXPECT_EQ(with(R"({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": false, )"
                 R"("load_in_8bit": false}})"),
            "");
  expect_error(error_with({"model.safetensors", "quantize_config.json"}, "{}"),
               {"GPTQ", "quantize_config.json"});
}

TEST(ForeignWeights, MethodsOfQuantisingAreNamedByTheTensors) {
  const auto with = [](const std::string& name, const std::string& type = "F16") {
    const TemporaryFolder folder;
    folder.write("config.json", "{}");
    folder.write("model.safetensors", safetensors_file({{name, type, {2}, type == "F16" ? "abcd" : "ab"}}));
    return error_of([&] { Checkpoint::open(folder.path()); });
  };
  const std::string layer = "language_model.model.layers.0.self_attn.q_proj.";
  expect_error(with(layer + "qweight"), {"GPTQ or AWQ", "q_proj.qweight in model.safetensors"});
  expect_error(with(layer + "weight.absmax"), {"bitsandbytes"});
  expect_error(with(layer + "weight.quant_state.bitsandbytes__nf4"), {"bitsandbytes"});
  expect_error(with(layer + "weight_scale_inv"), {"quantised by fp8"});
  expect_error(with(layer + "weight_packed"), {"compressed-tensors"});
  expect_error(with(layer + "W_q"), {"HQQ"});
  expect_error(with(layer + "weight._data"), {"quanto"});
  expect_error(with(layer + "weight", "F8_E4M3"), {"quantised to F8_E4M3", "take the unquantised model"});
  expect_error(with(layer + "lora_A.default.weight"), {"adapter that is not merged", "merge_and_unload"});
  expect_error(with(layer + "base_layer.weight"), {"adapter that is not merged"});
}

}  // namespace
}  // namespace janus
