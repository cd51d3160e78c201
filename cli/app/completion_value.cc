#include "cli/app/completion_value.h"

#include <algorithm>

#include "cli/commands/bench_parts.h"
#include "core/checkpoint/checkpoint.h"
#include "generator/part_types.h"

namespace janus::cli {
namespace {

using Words = std::vector<std::string>;

// Whether or not this build reads them: a person sees what is there.
const Words kImages{"png",  "jpg",  "jpeg", "webp", "gif", "bmp", "tif", "tiff",
                    "avif", "heic", "heif", "jp2",  "ppm", "pgm", "pnm", "tga"};
const Words kMadeImages{"png", "jpg", "jpeg", "webp"};

struct FileRule {
  const char* command;  // "" = every one
  const char* name;     // of the option or argument
  Words extensions;
};

const std::vector<FileRule>& file_rules() {
  static const std::vector<FileRule> rules{
      {"", "IMAGE", kImages},
      {"", "--image", kImages},
      {"", "CODES", {"json", "npy"}},
      {"", "--codes", {"json"}},
      {"", "--codes-out", {"json", "npy"}},
      {"", "--prompts", {"txt", "jsonl"}},
      {"", "--records", {"jsonl"}},
      {"", "--grid", kMadeImages},
      {"", "--preview", kMadeImages},
      {"", "--csv", {"csv"}},
      {"", "--prompt-file", {"txt"}},
      {"", "--from", {"png", "jpg", "jpeg", "webp"}},
      {"generate", "--output", kMadeImages},
      {"chat", "--output", kMadeImages},
      {"decode", "--output", {"png", "jpg", "jpeg", "webp", "npy"}},
      {"encode", "--output", {"json", "npy"}},
      {"embed", "--output", {"npy", "jsonl"}},
      {"caption", "--output", {"jsonl", "ndjson"}},
      {"quantize", "--output", {"gguf"}},
      {"", "--vae", {"safetensors", "gguf", "bin"}},
      {"info", "SUBJECT", {"gguf", "png", "jpg", "jpeg", "webp"}},
  };
  return rules;
}

Words parts_and_types() {
  Words words;
  for (const std::string& part : part_names()) {
    for (const std::string& type : weight_type_names()) words.push_back(part + "=" + type);
  }
  return words;
}

}  // namespace

CompletionValue completion_value(const std::string& command, const OptionEntry& entry,
                                 const std::vector<std::string>& commands) {
  const std::string name = entry.long_name();
  const std::string& kind = entry.positional ? entry.names : entry.value_name;
  if (!entry.reader.choices.empty()) return {.words = entry.reader.choices};
  if (name == "--device") return {.words = {"auto"}, .devices = true};
  if (kind == "PART=TYPE,...") return {.words = parts_and_types(), .list = true};
  if (kind == "PART") return {.words = Words(kBenchParts.begin(), kBenchParts.end())};
  if (kind == "COMMAND") {
    CompletionValue value{.words = commands};
    value.words.emplace_back("options");
    return value;
  }
  if (kind == "FOLDER") return {.folders = true};
  if ((command == "rm" && kind == "NAME") || kind == "REPOSITORY") return {.cached = true};
  if (kind == "MODEL") return {.models = true, .files = true, .extensions = {"gguf"}};
  for (const FileRule& rule : file_rules()) {
    const bool here = *rule.command == '\0' || rule.command == command;
    if (here && name == rule.name)
      return {.models = kind == "SUBJECT", .files = true, .extensions = rule.extensions};
  }
  if (kind == "PATH" || kind == "OUT" || kind == "FILE" || kind == "IMAGE") return {.files = true};
  return {};
}

}  // namespace janus::cli
