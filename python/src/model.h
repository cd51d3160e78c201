// The model that Python holds, and what it is asked. Each file of these binds one kind of request.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <utility>

#include "python/src/bell.h"
#include "python/src/pending.h"
#include "python/src/running_model.h"

namespace janus::python {

// Open until close().
class OpenModel {
 public:
  OpenModel(std::shared_ptr<RunningModel> running, std::shared_ptr<Bell> bell)
      : running_(std::move(running)), bell_(std::move(bell)) {}

  // Throws ModelError where it is closed, and on a fork of its process.
  std::shared_ptr<RunningModel> running() const;
  const std::shared_ptr<Bell>& bell() const { return bell_; }
  // Ends what is under way with an error, and lets go of the memory. Nothing happens on a fork, or again.
  void close();
  bool is_open() const { return running_ != nullptr; }

  // What a request rings with; a key of 0 does not.
  template <typename Result, typename Piece = NoPieces>
  std::shared_ptr<Pending<Result, Piece>> new_pending(uint64_t key) const {
    return std::make_shared<Pending<Result, Piece>>(key == 0 ? nullptr : bell_, key);
  }

 private:
  std::shared_ptr<RunningModel> running_;  // read and written under Python's lock
  std::shared_ptr<Bell> bell_;
};

using BoundModel = nanobind::class_<OpenModel>;

void bind_answers(nanobind::module_& module, BoundModel& model);
void bind_quantize(nanobind::module_& module);
void bind_messages(nanobind::module_& module);
void bind_drawing(nanobind::module_& module, BoundModel& model);
void bind_scores(nanobind::module_& module, BoundModel& model);
void bind_coding(nanobind::module_& module, BoundModel& model);
void bind_text(BoundModel& model);
BoundModel bind_model(nanobind::module_& module);

}  // namespace janus::python
