// Which files of a model's folder hold its weights. Names and indexes alone decide, so that loading a folder
// and pulling a repository choose the same.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace janus {

enum class WeightFormat { safetensors, torch, gguf };

struct WeightFiles {
  WeightFormat format = WeightFormat::safetensors;
  std::vector<std::string> files = {};             // to be read, sorted
  std::string index = {};                          // names the files; empty where their own names tell
  std::map<std::string, std::string> placed = {};  // tensor -> its file, as the index has it
  std::vector<std::string> passed_over = {};       // other files of weights and indexes, sorted
  std::string notice = {};  // what is read and what is not, in one line; empty where nothing was passed over
};

// Reads an index by its name. Throws Error, with what to do, if it is no JSON.
using IndexReader = std::function<nlohmann::json(const std::string& name)>;

// Chooses among the files `names` of one folder the first of these sets that is whole, in the order of
// transformers, and behind it what transformers does not look for:
//   model.safetensors
//   the files that model.safetensors.index.json names, with what their numbers add ("-00002-of-00003")
//   pytorch_model.bin
//   the files that pytorch_model.bin.index.json names
//   all other *.safetensors, all other pytorch_model*.bin, one .gguf
// Returns nothing where there is none of all these. Throws Error, naming `where` and the files that are not
// there, if no set is whole, and for an index that cannot be read or leads out of the folder. `where` begins
// messages ("model Janus-Pro-1B"), and `advice` is what to do about a file that is not there ("download it").
std::optional<WeightFiles> choose_weight_files(const std::set<std::string>& names,
                                               const IndexReader& read_index, const std::string& where,
                                               const std::string& advice);

// "a, b and 3 more".
std::string short_list(const std::vector<std::string>& names);

}  // namespace janus
