// Ctrl-C, SIGTERM, a terminal that is closed: ends the program at once, except while an output is being put
// in place or long work comes to its end.
#pragma once

namespace janus::cli {

// From here on SIGINT, SIGTERM and, unless whoever started the program has it ignored (nohup), SIGHUP end the
// process at any moment with 128 + the number of the first that came, as shells tell it: outputs come into
// being whole (OutputFile), so there is nothing to undo. All three are called interrupts here.
void end_on_interrupt();

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
  // What was asked for has been done: the program ends as if no interrupt had come.
  void obeyed();
};

}  // namespace janus::cli
