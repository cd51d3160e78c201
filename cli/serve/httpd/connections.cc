#include "cli/serve/httpd/connections.h"

#include <sys/socket.h>

namespace janus::cli {

Connections::Connection* Connections::open(int socket, HttpClock::duration time) {
  const std::lock_guard lock(mutex_);
  list_.push_front({.socket = socket, .deadline = HttpClock::now() + time});
  list_.front().self = list_.begin();
  return &list_.front();
}

void Connections::close(Connection* connection) {
  const std::lock_guard lock(mutex_);
  list_.erase(connection->self);
}

void Connections::give_time(Connection* connection, HttpClock::duration time) {
  const std::lock_guard lock(mutex_);
  connection->deadline =
      time == HttpClock::duration::zero() ? HttpClock::time_point::max() : HttpClock::now() + time;
}

void Connections::end_late(HttpClock::time_point now) {
  const std::lock_guard lock(mutex_);
  for (Connection& one : list_) {
    if (one.deadline > now) continue;
    one.deadline = HttpClock::time_point::max();
    shutdown(one.socket, SHUT_RDWR);
  }
}

size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return list_.size();
}

}  // namespace janus::cli
