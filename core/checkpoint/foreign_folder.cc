#include "core/checkpoint/foreign_folder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/checkpoint/weight_files.h"

namespace janus {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdapterConfig = "adapter_config.json";
// Sentences that several refusals end with.
constexpr const char* kTake = "take the model's own folder, with config.json and *.safetensors";
constexpr const char* kExportAgain = "export it as a whole model (save_pretrained), with config.json";

// A file or folder that only one kind of folder has: its name, or the end of it after a '*'.
struct Mark {
  const char* name;
  const char* kind;
  const char* advice;
};
// Of each list the first that is there tells.
constexpr Mark kShards[] = {
    {"zero_to_fp32.py", "a DeepSpeed checkpoint, whose weights are in shards",
     "join them in it with `python3 zero_to_fp32.py . OUT`, and put config.json and the tokenizer's files "
     "into OUT"},
    {"global_step*", "a DeepSpeed checkpoint, whose weights are in shards",
     "join them with DeepSpeed's zero_to_fp32.py, and put config.json and the tokenizer's files beside the "
     "result"},
    {"*_model_states.pt", "shards of a DeepSpeed checkpoint",
     "join them with DeepSpeed's zero_to_fp32.py in the folder above, and put config.json beside the result"},
    {"pytorch_model_fsdp*", "an FSDP checkpoint, whose weights are in shards",
     "join them with `accelerate merge-weights FOLDER/pytorch_model_fsdp_0 OUT`, and put config.json and the "
     "tokenizer's files into OUT"},
    {"*.distcp", "a distributed torch checkpoint, whose weights are in shards",
     "join them with `accelerate merge-weights FOLDER OUT`, and put config.json and the tokenizer's files "
     "into OUT"},
    {"mp_rank_00*", "a Megatron checkpoint", kExportAgain},
};
constexpr Mark kExports[] = {
    {"model_index.json", "a diffusers pipeline", "take a Janus or Janus-Pro model"},
    {"*.onnx", "an ONNX export", kTake},
    {"onnx", "an ONNX export", kTake},
    {"openvino_model.xml", "an OpenVINO export", kTake},
    {"*.mlpackage", "a Core ML export", kTake},
    {"*.engine", "a TensorRT engine", kTake},
    {"flax_model.msgpack", "Flax weights", kTake},
    {"tf_model.h5", "TensorFlow weights", kTake},
    {"rust_model.ot", "weights of rust-bert", kTake},
    {"params.json", "a model in Meta's own format", "take it in the transformers layout"},
    {"consolidated.*", "a model in Meta's own format", "take it in the transformers layout"},
    {"*.ggml", "weights of an old ggml", kTake},
};
constexpr Mark kTraining[] = {
    {"optimizer.pt", "a training checkpoint without the model's weights", kExportAgain},
    {"optimizer.bin", "a training checkpoint without the model's weights", kExportAgain},
    {"scheduler.pt", "a training checkpoint without the model's weights", kExportAgain},
    {"trainer_state.json", "a training checkpoint without the model's weights", kExportAgain},
    {"training_args.bin", "a training checkpoint without the model's weights", kExportAgain},
};

bool matches(const std::string& name, std::string_view pattern) {
  if (pattern.starts_with('*')) return name.ends_with(pattern.substr(1));
  if (pattern.ends_with('*')) return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return name == pattern;
}

// Names of folders in `path`, sorted; none where it is no folder on disk.
std::vector<std::string> folders_in(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code fault;
  for (fs::directory_iterator entry(path, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool holds_model(const fs::path& folder) {
  std::error_code fault;
  if (fs::is_regular_file(folder / "config.json", fault)) return true;
  for (fs::directory_iterator entry(folder, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault)) {
    if (entry->path().extension() == ".gguf") return true;
  }
  return false;
}

// ROOT/models--OWNER--REPO -> "OWNER/REPO"; empty for another name.
std::string repository_of(const std::string& folder) {
  constexpr std::string_view kBegin = "models--";
  const size_t cut = folder.find("--", kBegin.size());
  if (!folder.starts_with(kBegin) || cut == folder.npos) return {};
  return folder.substr(kBegin.size(), cut - kBegin.size()) + "/" + folder.substr(cut + 2);
}

// The snapshot that the cache's `main` is at, or the only one.
std::optional<std::string> main_snapshot(const fs::path& root, const std::vector<std::string>& snapshots) {
  std::ifstream ref(root / "refs" / "main");
  std::string commit;
  ref >> commit;
  if (std::find(snapshots.begin(), snapshots.end(), commit) != snapshots.end()) return commit;
  return snapshots.size() == 1 ? std::optional(snapshots.front()) : std::nullopt;
}

// A folder above the model's: throws with the path to give.
void check_not_above(const FileSet& files, const char* expected) {
  if (!files.is_folder()) return;
  const fs::path root(files.name());
  const std::vector<std::string> folders = folders_in(root);
  if (std::find(folders.begin(), folders.end(), "snapshots") != folders.end()) {
    const std::vector<std::string> snapshots = folders_in(root / "snapshots");
    const auto snapshot = main_snapshot(root, snapshots);
    check(!snapshot.has_value(), "model {}: expected {}, found the hub cache's folder of a model; give {}",
          files.name(), expected, (root / "snapshots" / snapshot.value_or("")).string());
    check(snapshots.empty(),
          "model {}: expected {}, found the hub cache's folder of a model; give one of its snapshots/: {}",
          files.name(), expected, short_list(snapshots));
    fail(
        "model {}: expected {}, found the hub cache's folder of a model without any snapshot; download "
        "it again",
        files.name(), expected);
  }
  std::vector<std::string> models, repositories;
  for (const std::string& folder : folders) {
    if (holds_model(root / folder)) models.push_back((root / folder).string());
    if (!repository_of(folder).empty()) repositories.push_back("-m " + repository_of(folder));
  }
  check(models.empty(), "model {}: expected {}, found {} below; give {}", files.name(), expected,
        models.size() == 1 ? "it one folder" : fmt::format("{} folders with it", models.size()),
        models.size() == 1 ? models.front() : "one of " + short_list(models));
  check(repositories.empty(), "model {}: expected {}, found a hub cache; give one of {}", files.name(),
        expected, short_list(repositories));
}

// Throws where a name in the folder tells what it is.
void check_marks(const FileSet& files, const char* expected, std::span<const Mark> marks) {
  std::vector<std::string> names = files.files();
  if (files.is_folder()) {
    for (const std::string& folder : folders_in(files.name())) names.push_back(folder);
  }
  for (const Mark& mark : marks) {
    for (const std::string& name : names) {
      check(!matches(name, mark.name), "model {}: expected {}, found {} ({}); {}", files.name(), expected,
            mark.kind, name, mark.advice);
    }
  }
}

// Disks and programs that know no small letters.
void check_no_capitals(const FileSet& files, const char* expected) {
  for (const std::string& file : files.files()) {
    const std::string small = ascii_lower(file);
    check(small == file || !(small.ends_with(".safetensors") || small.ends_with(".gguf")),
          "model {}: expected {}, found {}; rename it to {}", files.name(), expected, file, small);
  }
}

// Names that torch.save is given by hand.
void check_no_hand_named(const FileSet& files) {
  for (const std::string& file : files.files()) {
    for (const char* ending : {".bin", ".pt", ".pth", ".ckpt"}) {
      check(!file.ends_with(ending),
            "model {}: expected weights in *.safetensors or pytorch_model*.bin, found {}; rename it to "
            "pytorch_model.bin if it holds the model's state_dict",
            files.name(), file);
    }
  }
}

// Weights that a program or a person has still to finish.
void check_finished(const FileSet& files, const char* expected) {
  for (const std::string& file : files.files()) {
    for (const char* ending : {".incomplete", ".part", ".partial", ".crdownload", ".aria2", ".download"}) {
      check(!file.ends_with(ending), "model {}: expected {}, found an unfinished download ({}); finish it",
            files.name(), expected, file);
    }
    for (const char* ending : {".zip", ".tar", ".gz", ".tgz", ".xz", ".zst", ".7z", ".rar"}) {
      check(!file.ends_with(ending), "model {}: expected {}, found them packed, it seems ({}); unpack it",
            files.name(), expected, file);
    }
  }
}

// In quotes, as the adapter's file names it.
std::string base_model(const FileSet& files) {
  try {
    const nlohmann::json json = files.json(kAdapterConfig);
    return excerpt(JsonObject(json, kAdapterConfig).required_string("base_model_name_or_path"));
  } catch (const Error&) {
    return "BASE";
  }
}

}  // namespace

void check_no_adapter(const FileSet& files) {
  for (const char* name : {kAdapterConfig, "adapter_model.safetensors", "adapter_model.bin"}) {
    if (!files.contains(name)) continue;
    const std::vector<std::string> all = files.files();
    const bool beside = std::any_of(all.begin(), all.end(), [](const std::string& file) {
      return !file.starts_with("adapter_") && (file.ends_with(".safetensors") || file.ends_with(".bin"));
    });
    fail(
        "model {}: expected a whole model, found a PEFT adapter ({}); merge it into its base first, in "
        "Python: PeftModel.from_pretrained(base, FOLDER).merge_and_unload().save_pretrained(OUT) with the "
        "base {}{}",
        files.name(), name, base_model(files),
        beside ? ", or remove adapter_* where the weights here are merged already" : "");
  }
}

void fail_without_config(const FileSet& files) {
  constexpr const char* kExpected = "config.json";
  files.check_no_other(kExpected);
  check_no_adapter(files);
  check_marks(files, kExpected, kShards);
  check_not_above(files, kExpected);
  check_marks(files, kExpected, kExports);
  for (const std::string& name : files.files()) {
    check(!name.ends_with(".safetensors") && !name.ends_with(".bin") && !name.ends_with(".index.json"),
          "model {}: expected config.json beside {}, found no such file; put the model's config.json and the "
          "files of its tokenizer there, too",
          files.name(), name);
  }
  check_marks(files, kExpected, kTraining);
  check_finished(files, "config.json and weights");
  fail(
      "model {}: expected config.json, found no such file; give the folder that holds config.json and "
      "weights",
      files.name());
}

void fail_without_weights(const FileSet& files) {
  constexpr const char* kExpected = "weights in *.safetensors or pytorch_model*.bin";
  for (const char* file : {"model.safetensors", "pytorch_model.bin"}) files.check_no_other(file);
  for (const std::span<const Mark> marks : {std::span<const Mark>(kShards), std::span<const Mark>(kExports)})
    check_marks(files, kExpected, marks);
  check_not_above(files, kExpected);
  check_finished(files, kExpected);
  check_marks(files, kExpected, kTraining);
  check_no_capitals(files, kExpected);
  check_no_hand_named(files);
  fail("model {}: expected {}, found neither; download the model's weights too", files.name(), kExpected);
}

}  // namespace janus
