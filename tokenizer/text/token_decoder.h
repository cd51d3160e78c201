// The `decoder` of tokenizer.json: how tokens become text again.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace janus {

class TokenDecoder {
 public:
  // Reads `json` (null: tokens are joined with spaces). Throws Error for a type that is not supported.
  TokenDecoder(const nlohmann::json& json, const std::string& where);

  // The bytes the tokens stand for; may end in the middle of a character. Those of the first n tokens are the
  // beginning of those of all.
  std::string operator()(std::vector<std::string> tokens) const;

 private:
  using Step = std::function<void(std::vector<std::string>&)>;
  void add(const nlohmann::json& json, const std::string& where);

  std::vector<Step> steps_;
  char separator_ = 0;  // between tokens; 0: nothing
};

}  // namespace janus
