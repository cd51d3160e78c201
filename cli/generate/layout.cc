#include "cli/generate/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/io/output_file.h"
#include "cli/io/text_input.h"
#include "cli/io/text_lines.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/strip.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace fs = std::filesystem;
namespace {

// The line goes into metadata.jsonl as it is: the scorer reads it there.
LayoutPrompt geneval_prompt(const std::string& line, const std::string& where, size_t number) {
  constexpr const char* kCorrect = "give GenEval's evaluation_metadata.jsonl, or leave --layout out";
  const nlohmann::json json = parse_json(line, where, DuplicateKeys::last_wins, kCorrect);
  const JsonObject object(json, where, kCorrect);
  const std::string prompt = object.required_string("prompt");
  check(!is_blank(prompt), "{}: expected a prompt, found none; {}", where, kCorrect);
  object.required_string("tag");
  for (const char* key : {"include", "exclude"}) {
    check(!object.contains(key) || json[key].is_array(), "{}: expected a list as \"{}\", found {}; {}", where,
          key, excerpt(json.value(key, nlohmann::json())), kCorrect);
  }
  check(object.contains("include"), "{}: expected \"include\", found none; {}", where, kCorrect);
  return {.prompt = prompt,
          .output = fmt::format("{:05}/samples/%04d.png", number),
          .beside = {{fmt::format("{:05}/metadata.jsonl", number), line + "\n"}}};
}

std::vector<LayoutPrompt> read_geneval(const std::string& path) {
  std::vector<LayoutPrompt> prompts;
  for (const TextLine& line : read_text_lines(path, "prompts"))
    prompts.push_back(geneval_prompt(line.text, line.where, prompts.size()));
  return prompts;
}

// A name as OutputPattern takes it for itself.
std::string as_pattern(const std::string& name) {
  std::string pattern;
  for (const char c : name) pattern += c == '%' ? "%%" : std::string(1, c);
  return pattern;
}

std::vector<LayoutPrompt> read_dpg(const std::string& folder) {
  std::error_code fault;
  check(fs::is_directory(folder, fault),
        "prompts, {}: expected a folder of .txt files, a prompt each, as dpg_bench/prompts, found {}; give "
        "that folder, or leave --layout out",
        folder, fs::exists(folder, fault) ? "a file" : "nothing");
  std::vector<fs::path> files;
  fs::directory_iterator entries(folder, fault);
  for (; !fault && entries != fs::directory_iterator(); entries.increment(fault)) {
    const std::string name = entries->path().filename().string();
    if (has_extension(name, ".txt") && !name.starts_with('.')) files.push_back(entries->path());
  }
  check(!fault, "prompts, {}: expected a folder that can be read, found: {}; change its mode", folder,
        fault.message());
  std::sort(files.begin(), files.end());
  std::vector<LayoutPrompt> prompts;
  for (const fs::path& file : files) {
    const std::string prompt(strip(read_text(file.string(), "prompts")));
    check(!prompt.empty() && is_utf8(prompt),
          "prompts, {}: expected a prompt in UTF-8, found {}; correct the file", file.string(),
          prompt.empty() ? "none" : "other bytes");
    prompts.push_back({.prompt = prompt, .output = as_pattern(file.stem().string()) + ".png"});
  }
  return prompts;
}

}  // namespace

Layout layout_of(const std::string& name) {
  if (name == "geneval") return Layout::geneval;
  return name == "dpg" ? Layout::dpg : Layout::numbered;
}

std::vector<LayoutPrompt> read_layout_prompts(Layout layout, const std::string& path) {
  std::vector<LayoutPrompt> prompts = layout == Layout::dpg ? read_dpg(path) : read_geneval(path);
  check(!prompts.empty(), "prompts, {}: expected at least one prompt, found none; {}", path,
        layout == Layout::dpg ? "give a folder of .txt files" : "give GenEval's evaluation_metadata.jsonl");
  return prompts;
}

}  // namespace janus::cli
