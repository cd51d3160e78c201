// A request as Python holds it: waits for it, takes its result, and cancels it where nobody holds it any
// more.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <utility>

#include "python/src/pending.h"
#include "python/src/running_model.h"
#include "python/src/unlocked.h"

namespace janus::python {

template <typename Result, typename Piece = NoPieces>
class Ticket {
 public:
  using Waiting = Pending<Result, Piece>;

  Ticket(std::shared_ptr<RunningModel> model, std::shared_ptr<Waiting> pending, RequestId id)
      : model_(std::move(model)), pending_(std::move(pending)), id_(id) {}
  // Of a fork's copy nothing is touched: its locks may be held by threads that are not there.
  ~Ticket() {
    if (model_ && model_->is_of_this_process() && !pending_->ended()) cancel();
  }
  Ticket(Ticket&&) noexcept = default;
  Ticket& operator=(Ticket&&) = delete;

  void cancel() { model_->cancel(id_); }
  bool wait(double seconds) const {
    return unlocked([&] { return pending_->wait(seconds); });
  }
  std::optional<Piece> next(double seconds) {
    return unlocked([&] { return pending_->next(seconds); });
  }
  bool ended() const { return pending_->ended(); }
  Result take() { return pending_->take(); }

 private:
  std::shared_ptr<RunningModel> model_;
  std::shared_ptr<Waiting> pending_;
  RequestId id_;
};

// What all tickets have; `result` makes the Python object of the C++ one.
template <typename Result, typename Piece, typename ToPython>
nanobind::class_<Ticket<Result, Piece>> bind_ticket(nanobind::module_& module, const char* name,
                                                    ToPython result) {
  using Bound = Ticket<Result, Piece>;
  nanobind::class_<Bound> bound(module, name, "A request under way. Cancelled where nobody holds it.");
  bound
      .def("wait", &Bound::wait, nanobind::arg("seconds"),
           "Waits for its end, so long at most. Returns whether it has come.")
      .def("ended", &Bound::ended, "Whether it has ended.")
      .def("cancel", &Bound::cancel, "Ends it within a step, with Cancelled.")
      .def(
          "result", [result](Bound& ticket) { return result(ticket.take()); },
          "The result, once it has ended, and once. Raises the error that it ended with.");
  return bound;
}

}  // namespace janus::python
