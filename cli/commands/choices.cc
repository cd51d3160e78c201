#include "cli/commands/choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "cli/app/command.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/strip.h"

namespace janus::cli {
namespace {

std::vector<std::string> split_choices(const std::string& text) {
  std::vector<std::string> choices;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    choices.emplace_back(strip(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
  return choices;
}

double highest_total(std::span<const Score> scores) {
  return std::max_element(scores.begin(), scores.end(),
                          [](const Score& a, const Score& b) { return a.total < b.total; })
      ->total;
}

}  // namespace

ChooseBy choose_by(const std::string& name) { return name == "total" ? ChooseBy::total : ChooseBy::mean; }

const OptionEntry& declare_choose_by(OptionSet& options, std::string& target, const std::string& lead) {
  return options.option("--choose-by", "NAME", one_of(target, {"mean", "total"}),
                        lead +
                            "the likeliest choice by its log-probability a token, which long choices do not "
                            "suffer from, or by that of all its tokens");
}

std::string fault_of_choices(const std::vector<std::string>& choices) {
  if (choices.size() < 2) return fmt::format("{}", choices.size());
  if (std::any_of(choices.begin(), choices.end(), [](auto& text) { return is_blank(text); }))
    return "an empty one";
  std::set<std::string> different;
  for (const std::string& text : choices) {
    if (!different.insert(text).second) return fmt::format("\"{}\" twice", text);
  }
  return {};
}

std::vector<std::string> read_choices(const std::string& text, const std::string& option) {
  std::vector<std::string> choices;
  std::string fault;
  if (strip_left(text).starts_with('[')) {
    const auto json = parse_json_or_discard(text);
    if (!json.is_array() || !std::all_of(json.begin(), json.end(), [](auto& one) { return one.is_string(); }))
      fault = "what is no such list";
    else
      choices = json.get<std::vector<std::string>>();
  } else {
    choices = split_choices(text);
  }
  if (fault.empty()) fault = fault_of_choices(choices);
  if (fault.empty()) return choices;
  throw UsageError(
      fmt::format("option {}, command line: expected two different answers or more, as A,B,C or as a JSON "
                  "list, found {}; see janus describe --help",
                  option, fault));
}

Choice choose(Engine& engine, ScoreRequest request, const std::vector<std::string>& texts, ChooseBy by) {
  request.answers = texts;
  for (const std::string& text : texts) request.answers.push_back(" " + text);
  std::vector<Score> scores = engine.score(std::move(request));
  const std::span<Score> plain(scores.data(), texts.size()),
      spaced(plain.data() + plain.size(), texts.size());
  Choice choice;
  choice.spaced = highest_total(spaced) > highest_total(plain);
  const std::span<Score> taken = choice.spaced ? spaced : plain;
  for (size_t i = 0; i < texts.size(); ++i) choice.choices.push_back({texts[i], std::move(taken[i])});
  const auto value = [&](const ScoredChoice& one) {
    return by == ChooseBy::mean ? one.mean() : one.score.total;
  };
  const auto best =
      std::max_element(choice.choices.begin(), choice.choices.end(),
                       [&](const ScoredChoice& a, const ScoredChoice& b) { return value(a) < value(b); });
  choice.best = static_cast<size_t>(std::distance(choice.choices.begin(), best));
  return choice;
}

Json scored_json(const std::string& text, const Score& score) {
  return {{"text", text},
          {"ids", score.ids},
          {"logprobs", score.logprobs},
          {"total", score.total},
          {"mean", score.total / static_cast<double>(std::max<size_t>(score.ids.size(), 1))}};
}

Json choice_json(const Choice& choice, ChooseBy by) {
  Json list = Json::array();
  for (const ScoredChoice& one : choice.choices) list.push_back(scored_json(one.text, one.score));
  return {{"text", choice.choices[choice.best].text},
          {"choice", choice.best},
          {"by", by == ChooseBy::mean ? "mean" : "total"},
          {"spaced", choice.spaced},
          {"choices", std::move(list)}};
}

}  // namespace janus::cli
