#include "cli/serve/host/model_names.h"

#include <algorithm>
#include <filesystem>

#include "cli/model/builtin_notice.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

// "Janus-Pro-1B" of "deepseek-community/Janus-Pro-1B@main", of a folder and of Janus-Pro-1B.gguf.
std::string short_name(const std::string& model) {
  if (is_builtin(model)) return kBuiltinName;
  std::string text = model;
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  std::string name = std::filesystem::path(text).filename().string();
  // A folder's own name, where it is given as "." or through one.
  std::error_code ignored;
  if (name == "." || name == "..")
    name = std::filesystem::weakly_canonical(text, ignored).filename().string();
  if (const size_t revision = name.find('@'); revision != std::string::npos && revision > 0) {
    name.resize(revision);
  }
  if (name.ends_with(".gguf")) name.resize(name.size() - 5);
  return name;
}

bool answers_to(const ModelNames& one, const std::string& name) {
  return one.name == name || one.model == name ||
         std::find(one.others.begin(), one.others.end(), name) != one.others.end();
}

}  // namespace

std::vector<ModelNames> name_models(const std::vector<std::string>& models,
                                    const std::vector<std::string>& aliases) {
  std::vector<ModelNames> all;
  for (const std::string& model : models.empty() ? std::vector<std::string>{""} : models) {
    all.push_back({.model = model, .name = short_name(model), .others = {}});
    const std::string& name = all.back().name;
    const auto same = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    check(&*same == &all.back(),
          "-m {}: expected models of different names, found {} twice; give one a copy "
          "or a link of another name",
          model, name);
  }
  for (const std::string& alias : aliases) {
    const size_t equals = alias.find('=');
    const std::string name = alias.substr(0, equals);
    const std::string meant = equals == std::string::npos ? all[0].name : alias.substr(equals + 1);
    const auto one =
        std::find_if(all.begin(), all.end(), [&](const auto& model) { return answers_to(model, meant); });
    check(one != all.end() && !name.empty(),
          "--alias {}: expected NAME=MODEL with a model of -m, found none; "
          "give -m {}, too",
          alias, meant);
    check(!find_model(all, name), "--alias {}: expected a name that no model has, found that one has it",
          alias);
    one->others.push_back(name);
  }
  return all;
}

std::optional<size_t> find_model(const std::vector<ModelNames>& models, std::string asked) {
  if (asked.empty()) return 0;
  constexpr std::string_view kTag = ":latest";
  const auto place = [&]() -> std::optional<size_t> {
    for (size_t i = 0; i < models.size(); ++i) {
      if (answers_to(models[i], asked)) return i;
    }
    return std::nullopt;
  };
  const std::optional<size_t> found = place();
  if (found || !asked.ends_with(kTag)) return found;
  asked.resize(asked.size() - kTag.size());
  return place();
}

}  // namespace janus::cli
