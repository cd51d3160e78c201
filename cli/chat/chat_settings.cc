#include "cli/chat/chat_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/near_name.h"
#include "core/base/strip.h"

namespace janus::cli {
namespace {

struct Setting {
  const char *name, *of;
  Reader reader;  // with the value of now as its default
};

std::vector<Setting> settings_in(ChatSettings& settings) {
  return {{"temperature", "answers", temperature_number(settings.sampling.temperature)},
          {"top-k", "answers", top_k_number(settings.sampling.top_k)},
          {"top-p", "answers", top_p_number(settings.sampling.top_p)},
          {"max-tokens", "answers", number(settings.max_tokens, {1, INT32_MAX})},
          {"cfg-scale", "images", guidance_number(settings.guidance)},
          {"steps", "images", steps_number(settings.steps)}};
}

// The one spelling of a name.
std::string spelt(std::string name) {
  if (name.rfind("--", 0) == 0) name.erase(0, 2);
  std::replace(name.begin(), name.end(), '_', '-');
  const std::vector<std::string>& aliases = kGuidanceAliases;
  return std::find(aliases.begin(), aliases.end(), "--" + name) != aliases.end() ? "cfg-scale" : name;
}

std::string line_of(const Setting& setting) {
  return fmt::format("{:<12} {:<6} of {}; {}\n", setting.name, setting.reader.default_value, setting.of,
                     setting.reader.range);
}

}  // namespace

std::vector<std::string> setting_names() {
  ChatSettings any;
  std::vector<std::string> names;
  for (const Setting& setting : settings_in(any)) names.emplace_back(setting.name);
  return names;
}

std::string change_setting(ChatSettings& settings, const std::string& argument) {
  std::string all;
  for (const Setting& setting : settings_in(settings)) all += line_of(setting);
  if (argument.empty()) return all;

  const size_t end = std::min(argument.find_first_of(" \t="), argument.size());
  const std::string name = spelt(argument.substr(0, end));
  std::string value(strip(argument.substr(end)));
  if (!value.empty() && value[0] == '=') value = strip(value.substr(1));
  for (const Setting& setting : settings_in(settings)) {
    if (name != setting.name) continue;
    if (end == argument.size()) return line_of(setting);
    const std::string expected = setting.reader.take(value);
    check(expected.empty(), "setting {}, conversation: expected {}, found \"{}\"; it stays {}", name,
          expected, value, setting.reader.default_value);
    for (const Setting& changed : settings_in(settings)) {
      if (name == changed.name) return line_of(changed);
    }
  }
  const std::vector<std::string> names = setting_names();
  const std::string near = near_name(name, names);
  fail("setting {}, conversation: expected one of {}, found none of that name; {}", name,
       fmt::join(names, ", "),
       name == "seed" ? "/seed sets it"
       : near.empty() ? "/set alone shows them"
                      : "did you mean " + near + "?");
}

}  // namespace janus::cli
