// Ctrl-C in a conversation: it stops what is under way, not the program.
#pragma once

#include <signal.h>

namespace janus::cli {

// While one lives, Ctrl-C is only noted; one that came before is forgotten. Several noted in a row, which
// nobody has answered, end the program as they do elsewhere: something hangs. The last one made is the first
// to go. Unlike an InterruptNotice (cli/io/interrupt.h), after which the program ends, it leaves nothing
// behind.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  bool came() const;
  // From here on an interrupt does what it does elsewhere, or is noted again.
  void pass_on(bool pass);

 private:
  struct sigaction before_ {};
};

}  // namespace janus::cli
