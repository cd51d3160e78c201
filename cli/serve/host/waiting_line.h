// The requests that wait for their turn in an engine, each of which is told its place.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace janus::cli {

// Its functions may be called from any thread. What they call must be quick, and must not call them.
class WaitingLine {
 public:
  using Tell = std::function<void(int place)>;  // from 1 on; 0 as soon as its turn has come

  // A request comes last, and is told its place. Returns a number for leave().
  uint64_t join(Tell tell);
  // It leaves for its turn, or for good; those behind it move up. Nothing happens where it has left before.
  void leave(uint64_t number, bool for_its_turn);

 private:
  std::mutex mutex_;
  std::map<uint64_t, Tell> waiting_;  // in order
  uint64_t next_ = 1;
};

}  // namespace janus::cli
