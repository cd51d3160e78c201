#include "cli/hub/listing.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "cli/hub/repository.h"
#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace janus::hub {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 50;
constexpr size_t kMostFiles = 100000;
constexpr size_t kSha1Digits = 40, kSha256Digits = 64;

// Whether `name` is safe as a path below a folder: no way out of it, nothing that a terminal or a shell would
// take for something else.
bool is_safe(std::string_view name) {
  constexpr size_t kLongestName = 200;  // with ".incomplete" and the like a file system's limit is 255
  const auto unsafe = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '\\';
  };
  if (std::any_of(name.begin(), name.end(), unsafe)) return false;
  for (size_t at = 0; at <= name.size();) {
    const size_t end = std::min(name.find('/', at), name.size());
    const std::string_view part = name.substr(at, end - at);
    if (part.empty() || part == "." || part == ".." || part.size() > kLongestName) return false;
    at = end + 1;
  }
  return true;
}

// What to do about an answer that no hub gives.
constexpr const char* kNoHub = "see that $HF_ENDPOINT is a hub, or try again later";

std::string lower_hex(std::string text, size_t digits, const JsonObject& file, const char* key) {
  check(is_hex(text, digits, digits), "{}: expected {} of {} hexadecimal digits, found {}; {}", file.where(),
        key, digits, excerpt(text), kNoHub);
  return ascii_lower(std::move(text));
}

RemoteFile read_file(const JsonObject& entry, const std::string& name) {
  RemoteFile file;
  file.name = name;
  file.bytes = entry.required_integer("size", 0, kMostBytes);
  if (const std::optional<JsonObject> large = entry.object("lfs")) {
    file.kind = DigestKind::sha256;
    file.hash = lower_hex(large->required_string("sha256"), kSha256Digits, *large, "sha256");
  } else {
    file.hash = lower_hex(entry.required_string("blobId"), kSha1Digits, entry, "blobId");
  }
  return file;
}

std::string stated_licence(const JsonObject& model) {
  constexpr std::string_view kTag = "license:";
  std::string name, link;
  if (const std::optional<JsonObject> card = model.object("cardData")) {
    const auto text = [&](const char* key) {
      return card->contains(key) && card->json()[key].is_string() ? card->string(key, "") : std::string();
    };
    name = text("license_name").empty() ? text("license") : text("license_name");
    link = text("license_link");
  }
  if (name.empty() && model.contains("tags") && model.json()["tags"].is_array()) {
    for (const nlohmann::json& tag : model.json()["tags"]) {
      if (tag.is_string() && tag.get<std::string>().starts_with(kTag))
        name = tag.get<std::string>().substr(kTag.size());
    }
  }
  return link.empty() || name.empty() ? name : name + " (" + link + ")";
}

const RemoteFile* find(const Listing& listing, std::string_view name) {
  const auto found = std::find_if(listing.files.begin(), listing.files.end(),
                                  [&](const RemoteFile& file) { return file.name == name; });
  return found != listing.files.end() ? &*found : nullptr;
}

bool is_setting(const std::string& name) {
  static const std::set<std::string> known{
      "config.json",    "generation_config.json", "preprocessor_config.json", "processor_config.json",
      "tokenizer.json", "tokenizer_config.json",  "special_tokens_map.json",  "added_tokens.json",
      "tokenizer.model"};
  return known.contains(name);
}

// What loading would choose of a folder with these names; nothing, and `fault`, where none that it tries is
// whole. Throws what `fetch` throws.
std::optional<WeightFiles> chosen_among(const std::set<std::string>& names, const Listing& listing,
                                        const FetchText& fetch, const std::string& where,
                                        std::optional<Error>& fault) {
  std::exception_ptr not_fetched;  // is the end, unlike an index that holds no JSON
  const auto read_index = [&](const std::string& name) {
    std::string text;
    try {
      text = fetch(*find(listing, name));
    } catch (...) {
      not_fetched = std::current_exception();
    }
    return parse_json(text, name, DuplicateKeys::last_wins, kNoHub);
  };
  std::optional<WeightFiles> chosen;
  try {
    chosen = choose_weight_files(names, read_index, where, "choose another repository or revision");
  } catch (const Error& error) {
    fault = error;
  }
  if (not_fetched) std::rethrow_exception(not_fetched);
  return chosen;
}

std::optional<WeightFiles> weights_among(const std::set<std::string>& names, const Listing& listing,
                                         const FetchText& fetch, const std::string& where) {
  const auto count = [&](const char* ending) {
    return std::count_if(names.begin(), names.end(), [&](auto& name) { return name.ends_with(ending); });
  };
  check(count(".gguf") < 2 || count(".safetensors") > 0 || count(".bin") > 0,
        "{}: expected one .gguf, found {}; download one by hand and give -m its path", where, count(".gguf"));
  std::optional<Error> fault;
  // Pickles are behind: their index need not be fetched where these are chosen.
  const std::string first = "model.safetensors";
  if (names.contains(first) || names.contains(first + ".index.json")) {
    std::set<std::string> without_pickles = names;
    std::erase_if(without_pickles, [](auto& name) { return name.find(".bin") != std::string::npos; });
    const auto chosen = chosen_among(without_pickles, listing, fetch, where, fault);
    if (chosen && (!chosen->index.empty() || chosen->files.front() == first)) return chosen;
    fault.reset();
  }
  std::optional<WeightFiles> chosen = chosen_among(names, listing, fetch, where, fault);
  if (fault) throw Error(*fault);
  return chosen;
}

}  // namespace

Listing parse_listing(std::string_view json, const std::string& where) {
  const nlohmann::json parsed = parse_json(json, where, DuplicateKeys::last_wins, kNoHub);
  const JsonObject model(parsed, where, kNoHub);
  Listing listing;
  listing.commit = lower_hex(model.required_string("sha"), kSha1Digits, model, "sha");
  listing.licence = stated_licence(model);
  check(model.contains("siblings") && model.json()["siblings"].is_array() &&
            model.json()["siblings"].size() <= kMostFiles,
        "{}: expected a list of files in siblings, found none; {}", where, kNoHub);
  std::set<std::string> seen;
  for (const nlohmann::json& sibling : model.json()["siblings"]) {
    const JsonObject entry(sibling, where + ": siblings", kNoHub);
    const std::string name = entry.required_string("rfilename");
    check(is_safe(name),
          "{}: expected file names that stay in their folder, found {}; do not trust this repository", where,
          excerpt(name));
    check(seen.insert(name).second,
          "{}: expected each file once, found {} twice; do not trust this repository", where, excerpt(name));
    if (name.find('/') != std::string::npos) {
      listing.others.push_back(name);
    } else {
      listing.files.push_back(read_file(JsonObject(sibling, where + ": " + name, kNoHub), name));
    }
  }
  return listing;
}

std::vector<RemoteFile> needed_files(const Listing& listing, const FetchText& fetch,
                                     const std::string& where) {
  std::set<std::string> names;
  for (const RemoteFile& file : listing.files) names.insert(file.name);
  const std::optional<WeightFiles> weights = weights_among(names, listing, fetch, where);
  check(
      weights.has_value() || !names.contains("adapter_config.json"),
      "{}: expected a whole model, found a PEFT adapter; pull its base model, and merge the adapter into it "
      "with Python",
      where);
  check(weights.has_value(),
        "{}: expected *.safetensors, pytorch_model*.bin or a .gguf, found no weights; choose another "
        "repository",
        where);
  std::set<std::string> needed(weights->files.begin(), weights->files.end());
  if (weights->format != WeightFormat::gguf) {
    check(names.contains("config.json"),
          "{}: expected config.json beside the weights, found none; choose another repository", where);
    check(names.contains("tokenizer.json") || names.contains("tokenizer.model"),
          "{}: expected tokenizer.json or tokenizer.model beside the weights, found neither; choose another "
          "repository",
          where);
    std::copy_if(names.begin(), names.end(), std::inserter(needed, needed.end()), is_setting);
    if (!weights->index.empty()) needed.insert(weights->index);
  }
  std::vector<RemoteFile> files;
  std::copy_if(listing.files.begin(), listing.files.end(), std::back_inserter(files),
               [&](const RemoteFile& file) { return needed.contains(file.name); });
  return files;
}

}  // namespace janus::hub
