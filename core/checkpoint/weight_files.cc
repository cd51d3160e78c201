#include "core/checkpoint/weight_files.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

using Names = std::set<std::string>;

constexpr std::string_view kSafetensors = ".safetensors", kTorch = ".bin", kGguf = ".gguf";
constexpr std::string_view kTorchStem = "pytorch_model";

// Files that would together be the weights.
struct Candidate {
  WeightFormat format = WeightFormat::safetensors;
  std::string index = {};
  Names files = {};
  std::map<std::string, std::string> placed = {};
  std::string fault = {};  // why it cannot be read, for an error; empty: it can
  std::string brief = {};  // the same for a notice
  // Its index cannot be read, or leads out of the folder: nobody is to guess what was meant.
  bool ends_choice = false;
};

// model-00001-of-00003.safetensors -> all three names; empty where the name has no such numbers.
Names numbered_like(const std::string& file, std::string_view ending) {
  constexpr std::string_view kNumbers = "-00000-of-00000";
  const auto alike = [](char pattern, char c) {
    return pattern == '0' ? '0' <= c && c <= '9' : c == pattern;
  };
  if (!file.ends_with(ending) || file.size() < kNumbers.size() + ending.size()) return {};
  const size_t stem = file.size() - kNumbers.size() - ending.size();
  if (!std::equal(kNumbers.begin(), kNumbers.end(), file.begin() + static_cast<std::ptrdiff_t>(stem), alike))
    return {};
  const std::string total = file.substr(stem + std::string_view("-00000-of-").size(), 5);
  Names names;
  for (int shard = 1; shard <= std::stoi(total); ++shard)
    names.insert(fmt::format("{}-{:05}-of-{}{}", file.substr(0, stem), shard, total, ending));
  return names;
}

std::vector<std::string> without(const Names& names, const Names& there) {
  std::vector<std::string> missing;
  std::set_difference(names.begin(), names.end(), there.begin(), there.end(), std::back_inserter(missing));
  return missing;
}

// "./model.safetensors" -> "model.safetensors". What leads elsewhere stays as it is: no such name is there.
std::string in_folder(const std::string& path) {
  return std::filesystem::path(path).lexically_normal().generic_string();
}

void read_weight_map(const nlohmann::json& json, const std::string& where, Candidate& candidate) {
  const JsonObject weight_map = JsonObject(json, where).required_object("weight_map");
  for (const auto& [name, file] : weight_map.json().items()) {
    const std::string named = in_folder(weight_map.required_string(name));
    candidate.placed.emplace(name, named);
    candidate.files.insert(named);
  }
  check(!candidate.files.empty(), "{}: expected tensors, found none; download it again", weight_map.where());
}

class Chooser {
 public:
  Chooser(const Names& names, const IndexReader& read_index, const std::string& where,
          const std::string& advice)
      : names_(names), read_index_(read_index), where_(where), advice_(advice) {}

  std::optional<WeightFiles> run() {
    add_standard(WeightFormat::safetensors, "model", kSafetensors);
    if (!has_whole()) add_standard(WeightFormat::torch, kTorchStem, kTorch);
    add_others(WeightFormat::safetensors, "", kSafetensors);
    add_others(WeightFormat::torch, kTorchStem, kTorch);
    add_gguf();
    if (candidates_.empty()) return std::nullopt;
    const auto whole = std::find_if(candidates_.begin(), candidates_.end(), [](auto& candidate) {
      return candidate.fault.empty() || candidate.ends_choice;
    });
    if (whole == candidates_.end()) throw Error(candidates_.front().fault);
    if (whole->ends_choice) throw Error(whole->fault);
    return chosen(*whole);
  }

 private:
  bool there(const std::string& name) const { return names_.contains(name); }

  bool has_whole() const {
    return std::any_of(candidates_.begin(), candidates_.end(),
                       [](const Candidate& candidate) { return candidate.fault.empty(); });
  }

  // The one file, and the index with its files.
  void add_standard(WeightFormat format, std::string_view stem, std::string_view ending) {
    const std::string single = fmt::format("{}{}", stem, ending), index = single + ".index.json";
    const bool has_index = there(index);
    const Candidate indexed = has_index ? by_index(format, index, ending) : Candidate{};
    if (has_index && indexed.fault.empty() && indexed.files == Names{single}) {
      candidates_.push_back(indexed);
      return;
    }
    if (there(single)) candidates_.push_back({.format = format, .files = {single}});
    if (has_index) candidates_.push_back(indexed);
  }

  Candidate by_index(WeightFormat format, const std::string& index, std::string_view ending) const {
    Candidate candidate{.format = format, .index = index};
    try {
      const nlohmann::json json = read_index_(index);
      read_weight_map(json, where_ + ": " + index, candidate);
    } catch (const Error& error) {
      candidate.fault = error.what();
      candidate.brief = "cannot be read";
      candidate.ends_choice = true;
      return candidate;
    }
    const auto foreign = std::find_if(candidate.files.begin(), candidate.files.end(),
                                      [&](const std::string& file) { return !file.ends_with(ending); });
    if (foreign != candidate.files.end()) {
      candidate.brief = fmt::format("names {}, which is no {} file", excerpt(*foreign), ending);
      candidate.fault = fmt::format("{}: {}: expected names of *{} files, found {}; download the index again",
                                    where_, index, ending, excerpt(*foreign));
      return candidate;
    }
    note_missing(without(candidate.files, names_), index, candidate);
    // What an index leaves out is told by the numbers of the files that it names.
    for (const std::string& file : Names(candidate.files)) {
      for (const std::string& alike : numbered_like(file, ending)) {
        if (there(alike)) candidate.files.insert(alike);
      }
    }
    return candidate;
  }

  void note_missing(const std::vector<std::string>& missing, const std::string& index,
                    Candidate& candidate) const {
    if (missing.empty()) return;
    candidate.brief = fmt::format("names {}, not there", short_list(missing));
    candidate.ends_choice =
        std::any_of(missing.begin(), missing.end(), [](auto& name) { return name.find('/') != name.npos; });
    candidate.fault = fmt::format(
        "{}: expected {}, which {} names, found no such file{}", where_, short_list(missing), index,
        candidate.ends_choice
            ? " in the folder itself; put all files of weights there, and their names into the index"
            : "; " + advice_);
  }

  // Files under names of their own choice, all together. Beside an index that cannot be followed only such as
  // tell by their numbers that they are whole.
  void add_others(WeightFormat format, std::string_view stem, std::string_view ending) {
    Names rest;
    for (const std::string& name : names_) {
      if (name.starts_with(stem) && name.ends_with(ending)) rest.insert(name);
    }
    for (const Candidate& candidate : candidates_) {
      if (candidate.format == format && candidate.index.empty() && candidate.fault.empty()) return;
    }
    const std::string index = fmt::format("{}{}.index.json", stem.empty() ? "model" : stem, ending);
    const bool beside_index = there(index);
    std::erase_if(rest, [&](const std::string& name) {
      return is_no_model(name) || (beside_index && numbered_like(name, ending).empty());
    });
    if (rest.empty()) return;
    Candidate candidate{.format = format, .files = rest};
    for (const std::string& name : rest) {
      const std::vector<std::string> missing = without(numbered_like(name, ending), names_);
      if (missing.empty()) continue;
      candidate.brief = fmt::format("{} is not there", short_list(missing));
      candidate.fault = fmt::format("{}: expected {} beside {}, found no such file; {}", where_,
                                    short_list(missing), name, advice_);
      break;
    }
    // An index that is followed has these files, too.
    for (const Candidate& other : candidates_) {
      if (other.files == candidate.files) return;
    }
    candidates_.push_back(std::move(candidate));
  }

  // Weights of training programs that are none of the model's.
  static bool is_no_model(const std::string& name) {
    static const Names known{"adapter_model.safetensors", "optimizer.safetensors", "scheduler.safetensors",
                             "random_states.safetensors"};
    return known.contains(name);
  }

  void add_gguf() {
    Names files;
    for (const std::string& name : names_) {
      if (name.ends_with(kGguf)) files.insert(name);
    }
    if (files.empty()) return;
    Candidate candidate{.format = WeightFormat::gguf, .files = files};
    if (files.size() > 1) {
      candidate.brief = "more than one";
      candidate.fault =
          fmt::format("{}: expected safetensors weights or one GGUF file, found {}; give -m the path of one",
                      where_, short_list({files.begin(), files.end()}));
    }
    candidates_.push_back(std::move(candidate));
  }

  static bool is_weights(const std::string& name) {
    return name.ends_with(kSafetensors) || name.ends_with(kGguf) ||
           (name.starts_with(kTorchStem) && name.ends_with(kTorch)) ||
           name.ends_with(".safetensors.index.json") || name.ends_with(".bin.index.json");
  }

  WeightFiles chosen(const Candidate& candidate) const {
    WeightFiles result{.format = candidate.format,
                       .files = {candidate.files.begin(), candidate.files.end()},
                       .index = candidate.index,
                       .placed = candidate.placed};
    std::vector<std::string> told;
    for (const std::string& name : names_) {
      if (!is_weights(name) || candidate.files.contains(name) || name == candidate.index) continue;
      result.passed_over.push_back(name);
      const auto faulty = std::find_if(candidates_.begin(), candidates_.end(), [&](const Candidate& other) {
        return other.index == name && !other.brief.empty();
      });
      told.push_back(faulty == candidates_.end() ? name : fmt::format("{} ({})", name, faulty->brief));
    }
    if (told.empty()) return result;
    result.notice =
        fmt::format("weights: {} read, passed over: {}", short_list(result.files), short_list(told));
    return result;
  }

  const Names& names_;
  const IndexReader& read_index_;
  const std::string &where_, &advice_;
  std::vector<Candidate> candidates_;
};

}  // namespace

std::optional<WeightFiles> choose_weight_files(const std::set<std::string>& names,
                                               const IndexReader& read_index, const std::string& where,
                                               const std::string& advice) {
  Names visible;  // macOS puts a "._model.safetensors" beside what it copies to other disks
  std::copy_if(names.begin(), names.end(), std::inserter(visible, visible.end()),
               [](const std::string& name) { return !name.starts_with('.'); });
  return Chooser(visible, read_index, where, advice).run();
}

std::string short_list(const std::vector<std::string>& names) {
  constexpr size_t kMost = 4;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) shown.push_back(names[i]);
  const std::string list = fmt::format("{}", fmt::join(shown, ", "));
  return names.size() <= kMost ? list : fmt::format("{} and {} more", list, names.size() - kMost);
}

}  // namespace janus
