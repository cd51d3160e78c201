// Ctrl-C: ends the program at once, except while an output is being put in place or long work comes to its
// end.
#pragma once

namespace janus::cli {

// From here on SIGINT and SIGTERM end the process with `exit_code`, at any moment: outputs come into being
// whole (OutputFile), so there is nothing to undo.
void end_on_interrupt(int exit_code);

// While one of these lives, an interrupt waits for its end.
class InterruptHold {
 public:
  InterruptHold();
  ~InterruptHold();
  InterruptHold(const InterruptHold&) = delete;
  InterruptHold& operator=(const InterruptHold&) = delete;

  // Whether one waits: long work under a hold should come to its end.
  static bool pending();
};

// While one of these lives, a first interrupt is only noted, so that work in hand can be finished; the second
// ends the process. At its end a noted one does.
class InterruptNotice {
 public:
  InterruptNotice();
  ~InterruptNotice();
  InterruptNotice(const InterruptNotice&) = delete;
  InterruptNotice& operator=(const InterruptNotice&) = delete;

  bool came() const;
};

}  // namespace janus::cli
