// The build with toml++.
#include <toml++/toml.h>

#include <algorithm>

#include "cli/app/settings_file.h"
#include "core/base/error.h"

namespace janus::cli {
namespace {

// What a file of settings has at most. toml++ goes as deep as keys are dotted and values nested, without a
// limit for the former.
constexpr int64_t kMostNesting = 4096;

void check_nesting(const std::string& text, const std::string& path) {
  const auto nests = [](char c) { return c == '.' || c == '[' || c == '{'; };
  const int64_t found = std::count_if(text.begin(), text.end(), nests);
  check(found <= kMostNesting,
        "settings, {}: expected at most {} dots, brackets and braces, found {}; correct the file", path,
        kMostNesting, found);
}

std::string text_of(const toml::node& node, const std::string& key, const std::string& path) {
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return fmt::format("{}", value->get());
  if (const auto* value = node.as_floating_point()) return fmt::format("{}", value->get());
  if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  fail(
      "settings, {}: expected a string, a number, true or false for {} in line {}, found something else; "
      "correct "
      "the file",
      path, key, node.source().begin.line);
}

}  // namespace

SettingTables parse_settings(const std::string& text, const std::string& path) {
  check_nesting(text, path);
  SettingTables tables;
  try {
    for (const auto& [key, node] : toml::parse(text, path)) {
      const std::string name(key.str());
      const toml::table* inner = node.as_table();
      if (inner == nullptr) {
        tables[""][name] = text_of(node, name, path);
        continue;
      }
      for (const auto& [inner_key, value] : *inner) {
        const std::string inner_name(inner_key.str());
        tables[name][inner_name] = text_of(value, inner_name, path);
      }
    }
  } catch (const toml::parse_error& error) {
    fail("settings, {}: expected TOML, found a fault in line {}, column {} ({}); correct the file", path,
         error.source().begin.line, error.source().begin.column, error.description());
  }
  return tables;
}

}  // namespace janus::cli
