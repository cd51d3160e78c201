// The `normalizer` of tokenizer.json: what is done to a text before it is split.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace janus {

class Normalizer {
 public:
  Normalizer() = default;
  // Reads `json` (null: nothing is done). `where` names the file and the place. Throws Error for a type that
  // is not supported, naming it.
  Normalizer(const nlohmann::json& json, const std::string& where);

  // Whether texts stay as they are.
  bool empty() const { return steps_.empty(); }
  // `text` must be UTF-8, and so is the result.
  std::string operator()(std::string text) const;

 private:
  using Step = std::function<std::string(std::string)>;
  void add(const nlohmann::json& json, const std::string& where);

  std::vector<Step> steps_;
};

}  // namespace janus
