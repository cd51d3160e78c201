#include "cli/generate/ranking.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "core/base/strip.h"

namespace janus::cli {
namespace {

struct Relation {
  std::string_view words, reversed;
};
constexpr std::array<Relation, 4> kRelations{{{" left of ", " right of "},
                                              {" right of ", " left of "},
                                              {" above ", " below "},
                                              {" below ", " above "}}};

double log_sum(std::span<const Score> scores) {
  double most = -std::numeric_limits<double>::infinity(), sum = 0;
  for (const Score& score : scores) most = std::max(most, score.total);
  for (const Score& score : scores) sum += std::exp(score.total - most);
  return most + std::log(sum);
}

// Models begin an answer with a space or without, as they were trained.
void add_both_beginnings(std::vector<std::string>& texts, const std::string& text) {
  texts.push_back(text);
  texts.push_back(" " + text);
}

bool asks_yes_or_no(const std::string& ranker) { return ranker == "self-vqa"; }

}  // namespace

std::vector<std::string> paraphrases(const std::string& prompt) {
  std::vector<std::string> texts{prompt};
  for (const Relation& relation : kRelations) {
    const size_t at = prompt.find(relation.words);
    if (at == std::string::npos || at != prompt.rfind(relation.words)) continue;
    const std::string first = prompt.substr(0, at);
    std::string second = prompt.substr(at + relation.words.size()), place;
    const size_t on = second.find(" on ");
    if (on != std::string::npos) {
      place = second.substr(on);
      second.resize(on);
    }
    texts.push_back(second + std::string(relation.reversed) + first + place);
  }
  return texts;
}

ScoreRequest rank_request(const std::string& ranker, const ImageRequest& request, PromptImage image) {
  const std::string prompt(strip(request.prompt));
  // The question holds the user's prompt, in which nothing is the image's place.
  ChatTurn turn{.question = DescribeOptions{}.prompt, .images = 1, .answer = {}, .marked_places = false};
  std::vector<std::string> answers;
  if (asks_yes_or_no(ranker)) {
    turn.question = "Does this image show " + prompt + "? Answer with yes or no.";
    for (const char* word : {"Yes", "yes", "No", "no"}) add_both_beginnings(answers, word);
  } else {
    for (const std::string& text : paraphrases(prompt)) add_both_beginnings(answers, text);
  }
  return {.turns = {std::move(turn)},
          .images = {std::move(image)},
          .answers = std::move(answers),
          .special_tokens = request.special_tokens};
}

double rank_of(const std::string& ranker, std::span<const Score> scores) {
  if (!asks_yes_or_no(ranker)) return log_sum(scores);
  return log_sum(scores.first(scores.size() / 2)) - log_sum(scores.subspan(scores.size() / 2));
}

double rank_score(Engine& engine, const std::string& ranker, const ImageRequest& request,
                  const Image& image) {
  return rank_of(ranker, engine.score(rank_request(ranker, request,
                                                   prompt_image(image, engine.model().preprocess_config()))));
}

}  // namespace janus::cli
