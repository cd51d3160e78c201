// Answers about pictures.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "generator/engine/enough.h"
#include "generator/limits.h"
#include "generator/stop_strings.h"
#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/picture.h"
#include "python/src/sampling.h"
#include "python/src/ticket.h"
#include "python/src/timings.h"
#include "python/src/typed.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

using Asked = Ticket<Answer, std::string>;

struct Question {
  std::vector<ChatTurn> turns;
  std::vector<Prepared> images;
  int64_t max_tokens = AnswerRequest{}.max_tokens;
  Sampling sampling;
  bool special_tokens = false, logprobs = false;
  int64_t top_logprobs = 0;
  std::vector<std::string> stops;
  bool streams = false;  // whether pieces of the text are told

  void check() const { (void)request(); }
  AnswerRequest request() const {
    AnswerRequest request{.turns = turns,
                          .max_tokens = as<RequestError>([&] {
                            kMaxTokens.check("max_tokens", max_tokens);
                            return static_cast<int>(max_tokens);
                          }),
                          .sampling = sampling.options(),
                          .special_tokens = special_tokens,
                          .logprobs = logprobs,
                          .top_logprobs = as<RequestError>([&] {
                            kTopLogprobs.check("top_logprobs", top_logprobs);
                            return static_cast<int>(top_logprobs);
                          })};
    for (const Prepared& image : images) request.images.push_back(image.pixels);
    return request;
  }
};

Prepared prepare(const OpenModel& model, const Picture& picture) {
  const std::shared_ptr<RunningModel> running = model.running();
  const Unlocked unlocked;
  return {as<ImageError>([&] { return prompt_image(*picture.image, running->model().preprocess_config()); })};
}

// An answer's text as it comes, up to the first of its stops.
class Writing {
 public:
  Writing(const Question& question, std::shared_ptr<Asked::Waiting> pending)
      : stops_(question.stops), streams_(question.streams), pending_(std::move(pending)) {}

  void add(std::string_view piece) {
    show(stops_.push(piece));
    if (stops_.hit()) throw Enough();
  }
  void finish(Answer& answer) {
    show(stops_.finish());
    answer.text = std::move(text_);
    pending_->finish(std::move(answer));
  }

 private:
  void show(std::string piece) {
    if (piece.empty()) return;
    text_ += piece;
    if (streams_) pending_->push(std::move(piece));
  }

  StopStrings stops_;
  const bool streams_;
  std::string text_;
  const std::shared_ptr<Asked::Waiting> pending_;
};

AnswerSink sink_of(const Question& question, const std::shared_ptr<Asked::Waiting>& pending) {
  const auto writing = std::make_shared<Writing>(question, pending);
  return {.on_text = [writing](std::string_view piece) { writing->add(piece); },
          .on_done = [writing](Answer& answer) { writing->finish(answer); },
          .on_error = [pending](std::exception_ptr error) { pending->fail(std::move(error)); }};
}

Asked ask(const OpenModel& model, const Question& question, uint64_t key) {
  std::shared_ptr<RunningModel> running = model.running();
  const auto pending = model.new_pending<Answer, std::string>(key);
  const Unlocked unlocked;
  const RequestId id = running->submit(question.request(), sink_of(question, pending));
  return {std::move(running), pending, id};
}

nb::list tokens_of(const Answer& answer) {
  nb::list tokens;
  for (const SampledToken& token : answer.tokens) {
    nb::list top;
    for (const TokenLogprob& other : token.top) top.append(nb::make_tuple(other.id, other.logprob));
    tokens.append(nb::make_tuple(token.id, token.logprob, top));
  }
  return tokens;
}

DictByName dict_of(const Answer& answer) {
  DictByName dict;
  dict["text"] = answer.text;
  dict["ids"] = answer.ids;
  dict["finish_reason"] = answer.finish_reason == FinishReason::stop ? "stop" : "length";
  dict["timings"] = timings_dict(answer.timings);
  dict["tokens"] = tokens_of(answer);
  return dict;
}

void bind_turn(nb::module_& module) {
  nb::class_<ChatTurn>(module, "Turn", "One exchange of a conversation.")
      .def(nb::init<>())
      .def_rw("question", &ChatTurn::question)
      .def_rw("images", &ChatTurn::images, "How many pictures it has.")
      .def_rw("answer", &ChatTurn::answer)
      .def_rw("marked_places", &ChatTurn::marked_places)
      .def_rw("system", &ChatTurn::system);
}

}  // namespace

void bind_answers(nb::module_& module, BoundModel& model) {
  bind_turn(module);
  nb::class_<Sampling>(module, "Sampling", "How tokens and codes are sampled.")
      .def(
          "__init__",
          [](Sampling* sampling, double temperature, double top_p, int64_t top_k, int64_t seed) {
            new (sampling) Sampling{temperature, top_p, top_k, seed};
          },
          nb::arg("temperature"), nb::arg("top_p"), nb::arg("top_k"), nb::arg("seed"));
  nb::class_<Question>(module, "Question", "What is asked for an answer.")
      .def(nb::init<>())
      .def("check", &Question::check, "Raises RequestError for numbers out of range.")
      .def_rw("turns", &Question::turns)
      .def_rw("images", &Question::images, "Those of all turns, in order.")
      .def_rw("max_tokens", &Question::max_tokens)
      .def_rw("sampling", &Question::sampling)
      .def_rw("special_tokens", &Question::special_tokens)
      .def_rw("logprobs", &Question::logprobs)
      .def_rw("top_logprobs", &Question::top_logprobs)
      .def_rw("stops", &Question::stops, "Texts that end the answer before them.")
      .def_rw("streams", &Question::streams, "Whether next() tells pieces of the text.");
  bind_ticket<Answer, std::string>(module, "AnswerTicket",
                                   [](const Answer& answer) { return dict_of(answer); })
      .def("next", &Asked::next, nb::arg("seconds"),
           "The next piece of the text, waiting for it so long at most; None where there is none yet.");
  model.def("prepare", &prepare, nb::arg("picture"), "The picture as the vision tower takes it.");
  model.def("ask", &ask, nb::arg("question"), nb::arg("key"), "Begins an answer. Raises RequestError.");
}

}  // namespace janus::python
