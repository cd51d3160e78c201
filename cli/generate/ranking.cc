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

// What an image is ranked by.
struct Wanted {
  std::string prompt;  // without white space at its ends
  bool special_tokens = false;
};

std::vector<Score> scores_of(Engine& engine, const Image& image, const std::string& question,
                             std::vector<std::string> answers, bool special_tokens) {
  // The question holds the user's prompt, in which nothing is the image's place.
  return engine.score({.turns = {{.question = question, .images = 1, .answer = {}, .marked_places = false}},
                       .images = {prompt_image(image, engine.model().preprocess_config())},
                       .answers = std::move(answers),
                       .special_tokens = special_tokens});
}

double yes_over_no(Engine& engine, const Wanted& wanted, const Image& image) {
  std::vector<std::string> texts;
  for (const char* word : {"Yes", "yes", "No", "no"}) add_both_beginnings(texts, word);
  const std::string question = "Does this image show " + wanted.prompt + "? Answer with yes or no.";
  const std::vector<Score> scores = scores_of(engine, image, question, texts, wanted.special_tokens);
  const std::span<const Score> all(scores);
  return log_sum(all.first(all.size() / 2)) - log_sum(all.subspan(all.size() / 2));
}

double as_caption(Engine& engine, const Wanted& wanted, const Image& image) {
  std::vector<std::string> texts;
  for (const std::string& text : paraphrases(wanted.prompt)) add_both_beginnings(texts, text);
  return log_sum(scores_of(engine, image, DescribeOptions{}.prompt, texts, wanted.special_tokens));
}

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

double rank_score(Engine& engine, const std::string& ranker, const ImageRequest& request,
                  const Image& image) {
  const Wanted wanted{std::string(strip(request.prompt)), request.special_tokens};
  return ranker == "self-vqa" ? yes_over_no(engine, wanted, image) : as_caption(engine, wanted, image);
}

}  // namespace janus::cli
