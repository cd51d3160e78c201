#include "cli/hub/environment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "core/base/home_folder.h"

namespace janus::hub {
namespace {

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// As Python's os.path.expandvars: what is not set stays as it is written.
std::string expand_variables(const std::string& text) {
  std::string expanded;
  for (size_t at = 0; at < text.size();) {
    const bool braced = text.compare(at, 2, "${") == 0;
    const size_t begin = at + (braced ? 2 : 1);
    size_t end = begin;
    while (text[at] == '$' && end < text.size() && (braced ? text[end] != '}' : is_name(text[end]))) ++end;
    const std::string name = text[at] == '$' ? text.substr(begin, end - begin) : std::string();
    const char* value = name.empty() || (braced && end == text.size()) ? nullptr : std::getenv(name.c_str());
    if (value == nullptr) {
      expanded += text[at++];
    } else {
      expanded += value;
      at = end + (braced ? 1 : 0);
    }
  }
  return expanded;
}

}  // namespace

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_on(const std::string& value) {
  std::string upper = value;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper == "1" || upper == "ON" || upper == "YES" || upper == "TRUE";
}

std::string path_variable(const char* name) { return expand_variables(expand_home(variable(name))); }

std::string hugging_face_home() {
  std::string folder;
  if (folder = path_variable("HF_HOME"); !folder.empty()) return folder;
  if (folder = path_variable("XDG_CACHE_HOME"); !folder.empty()) return folder + "/huggingface";
  if (folder = home_folder(); !folder.empty()) return folder + "/.cache/huggingface";
  return {};
}

std::string offline_variable() {
  const char* name = variable("HF_HUB_OFFLINE").empty() ? "TRANSFORMERS_OFFLINE" : "HF_HUB_OFFLINE";
  return is_on(variable(name)) ? std::string("$") + name : std::string();
}

std::string proxy_variable(const std::string& url) {
  // Of http_proxy only the small letters count: a web server sets the others from what clients send.
  const bool encrypted = url.starts_with("https:");
  const std::array<const char*, 4> names{encrypted ? "https_proxy" : "http_proxy",
                                         encrypted ? "HTTPS_PROXY" : "http_proxy", "all_proxy", "ALL_PROXY"};
  for (const char* name : names) {
    if (!variable(name).empty()) return std::string("$") + name;
  }
  return {};
}

}  // namespace janus::hub
