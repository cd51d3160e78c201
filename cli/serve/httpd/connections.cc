#include "cli/serve/httpd/connections.h"

#include <poll.h>
#include <sys/socket.h>

#include <vector>

namespace janus::cli {
namespace {

constexpr auto kForever = HttpClock::time_point::max();
constexpr auto kGrace = std::chrono::seconds(1);

}  // namespace

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
  connection->deadline = time == HttpClock::duration::zero() ? kForever : HttpClock::now() + time;
}

void Connections::end_late(HttpClock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::vector<pollfd> ends;
  for (const Connection& one : list_) ends.push_back({.fd = one.socket, .events = POLLRDHUP, .revents = 0});
  poll(ends.data(), ends.size(), 0);
  size_t place = 0;
  for (Connection& one : list_) {
    const bool says_no_more = ends[place++].revents != 0;
    if (one.deadline == kForever) continue;
    if (says_no_more && one.left == kForever) {
      one.left = now;
      // libmicrohttpd does not see an end that came together with bytes before something else happens.
      shutdown(one.socket, SHUT_RD);
    }
    if (one.deadline > now && (one.left == kForever || now - one.left < kGrace)) continue;
    one.deadline = kForever;
    shutdown(one.socket, SHUT_RDWR);
  }
}

size_t Connections::size() const {
  const std::lock_guard lock(mutex_);
  return list_.size();
}

}  // namespace janus::cli
