// The open connections and how long each may still take.
#pragma once

#include <chrono>
#include <list>
#include <mutex>

namespace janus::cli {

using HttpClock = std::chrono::steady_clock;

class Connections {
 public:
  struct Connection {
    int socket = -1;
    HttpClock::time_point deadline = HttpClock::time_point::max();
    HttpClock::time_point left = HttpClock::time_point::max();  // since when the client has said all
    std::list<Connection>::iterator self = {};
  };

  // The connection stays until close().
  Connection* open(int socket, HttpClock::duration time);
  // Must come before its socket is closed.
  void close(Connection* connection);
  // From now on; zero: no limit.
  void give_time(Connection* connection, HttpClock::duration time);
  // Ends every connection whose time is up, or whose client has said all without a whole request: its owner
  // finds it closed.
  void end_late(HttpClock::time_point now);
  size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::list<Connection> list_;
};

}  // namespace janus::cli
