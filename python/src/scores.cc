// Log-probabilities of answers and of images.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "generator/limits.h"
#include "python/src/arrays.h"
#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/picture.h"
#include "python/src/ticket.h"
#include "python/src/typed.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

using Scored = Ticket<std::vector<Score>>;

Scored submit(const OpenModel& model, ScoreRequest request, uint64_t key) {
  std::shared_ptr<RunningModel> running = model.running();
  const auto pending = model.new_pending<std::vector<Score>>(key);
  const Unlocked unlocked;
  const RequestId id = running->submit(
      std::move(request),
      ScoreSink{.on_done = [pending](std::vector<Score>& scores) { pending->finish(std::move(scores)); },
                .on_error = [pending](std::exception_ptr error) { pending->fail(std::move(error)); }});
  return {std::move(running), pending, id};
}

Scored score_answers(const OpenModel& model, std::vector<ChatTurn> turns, const std::vector<Prepared>& images,
                     std::vector<std::string> answers, bool special_tokens, uint64_t key) {
  ScoreRequest request{
      .turns = std::move(turns), .answers = std::move(answers), .special_tokens = special_tokens};
  for (const Prepared& image : images) request.images.push_back(image.pixels);
  return submit(model, std::move(request), key);
}

Scored score_codes(const OpenModel& model, std::string prompt, std::string negative_prompt,
                   const GivenArray<int32_t, 2>& codes, double cfg_scale, bool special_tokens, uint64_t key) {
  as<RequestError>([&] { kGuidance.check("cfg_scale", cfg_scale); });
  return submit(model,
                {.prompt = std::move(prompt),
                 .negative_prompt = std::move(negative_prompt),
                 .codes = codes_of(codes),
                 .guidance = static_cast<float>(cfg_scale),
                 .special_tokens = special_tokens},
                key);
}

ListOfAny list_of(std::vector<Score> scores) {
  ListOfAny list;
  for (Score& score : scores) {
    nb::dict dict;
    const auto count = static_cast<int64_t>(score.ids.size());
    dict["total"] = score.total;
    dict["ids"] = numpy_of(std::move(score.ids), {count});
    dict["logprobs"] = numpy_of(std::move(score.logprobs), {count});
    list.append(dict);
  }
  return list;
}

}  // namespace

void bind_scores(nb::module_& module, BoundModel& model) {
  bind_ticket<std::vector<Score>, NoPieces>(
      module, "ScoreTicket", [](std::vector<Score> scores) { return list_of(std::move(scores)); });
  model.def("score_answers", &score_answers, nb::arg("turns"), nb::arg("images"), nb::arg("answers"),
            nb::arg("special_tokens"), nb::arg("key"), "Begins scores of answers. Raises RequestError.");
  model.def("score_codes", &score_codes, nb::arg("prompt"), nb::arg("negative_prompt"), nb::arg("codes"),
            nb::arg("cfg_scale"), nb::arg("special_tokens"), nb::arg("key"),
            "Begins the score of an image's codes, int32 [h, w]. Raises RequestError.");
}

}  // namespace janus::python
