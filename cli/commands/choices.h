// A question with given answers: which of them the model finds likeliest.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/io/json_output.h"
#include "generator/engine/engine.h"

namespace janus::cli {

// What likeliest means. mean: the log-probability of an answer's tokens, divided by their number, so that
// long answers have no disadvantage. total: their sum, which is that of the whole answer.
enum class ChooseBy { mean, total };
ChooseBy choose_by(const std::string& name);  // "mean" or "total"

// Adds --choose-by. lead: begins its help.
const OptionEntry& declare_choose_by(OptionSet& options, std::string& target, const std::string& lead);

struct ScoredChoice {
  std::string text;
  Score score;
  double mean() const { return score.total / static_cast<double>(score.ids.size()); }
};

struct Choice {
  std::vector<ScoredChoice> choices;  // as they were given
  size_t best = 0;                    // the first of equals
  bool spaced = false;                // whether they were read with a space before them
};

// "A,B,C" without the white space around each, or a JSON list of texts. Throws UsageError, naming `option`,
// for fewer than two, an empty one and one that stands twice.
std::vector<std::string> read_choices(const std::string& text, const std::string& option);
// Empty, or what is wrong with them: what was found.
std::string fault_of_choices(const std::vector<std::string>& choices);

// Scores the texts as answers to `request`, which has none. Models differ in whether an answer begins with a
// space: all texts are read both ways, and that counts under which one of them is the likeliest as a whole.
Choice choose(Engine& engine, ScoreRequest request, const std::vector<std::string>& texts, ChooseBy by);

// {"text", "choice", "by", "spaced", "choices": [{"text", "ids", "logprobs", "total", "mean"}, ...]}
Json choice_json(const Choice& choice, ChooseBy by);
// One entry of them.
Json scored_json(const std::string& text, const Score& score);

}  // namespace janus::cli
