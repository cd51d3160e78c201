#include "cli/serve/httpd/transaction.h"

#include <poll.h>
#include <sys/socket.h>

#include <cstring>

namespace janus::cli {
namespace {

constexpr const char* kEventStream = "text/event-stream";
constexpr const char* kPing = ": ping\n\n";
// A client that closes its side is given so long to be one that only has nothing more to say.
constexpr auto kGrace = std::chrono::milliseconds(500);

using SharedTransaction = std::shared_ptr<Transaction>;

void free_text(void* text) { delete static_cast<std::string*>(text); }
void free_shared(void* shared) { delete static_cast<SharedTransaction*>(shared); }

}  // namespace

// -- answers ------------------------------------------------------------------------------------------------

void Transaction::wake() {
  if (!suspended_ || connection_ == nullptr) return;
  suspended_ = false;
  MHD_resume_connection(connection_);
}

void Transaction::reply(HttpReply reply) {
  const std::lock_guard lock(mutex_);
  if (answered_ || over_) return;
  answered_ = ended_ = true;
  status_ = reply.status;
  reply_ = std::move(reply);
  wake();
}

void Transaction::begin(int status, const std::string& type, HttpHeaders headers) {
  const std::lock_guard lock(mutex_);
  if (answered_ || over_) return;
  answered_ = streams_ = true;
  status_ = status;
  reply_ = {.status = status, .type = type, .headers = std::move(headers)};
  last_written_ = HttpClock::now();
  wake();
}

void Transaction::write(std::string_view piece) {
  {
    const std::lock_guard lock(mutex_);
    if (!streams_ || ended_ || over_ || gone_ || piece.empty()) return;
    pending_bytes_ += static_cast<int64_t>(piece.size());
    if (pending_bytes_ <= reply_bytes_) {
      pieces_.emplace_back(piece);
      last_written_ = HttpClock::now();
      wake();
      return;
    }
  }
  give_up();
}

void Transaction::end() {
  const std::lock_guard lock(mutex_);
  if (!streams_ || ended_) return;
  ended_ = true;
  wake();
}

void Transaction::when_gone(std::function<void()> action) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      if (!over_) when_gone_ = std::move(action);
      return;
    }
  }
  action();
}

void Transaction::abandon() {
  {
    const std::lock_guard lock(mutex_);
    when_gone_ = nullptr;
    if (streams_ && !ended_) {
      ended_ = broken_ = true;
      wake();
    }
  }
}

// -- the client ---------------------------------------------------------------------------------------------

void Transaction::lose_client() {
  std::function<void()> action;
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return;
    gone_ = true;
    pieces_.clear();
    pending_bytes_ = 0;
    action.swap(when_gone_);
    // One that waits for the client to take bytes is not suspended.
    if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
    wake();
  }
  if (action) action();
}

void Transaction::give_up() { lose_client(); }

bool Transaction::hung_up(HttpClock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (gone_ || over_ || socket_ < 0) return false;
  pollfd seen{.fd = socket_, .events = POLLRDHUP, .revents = 0};
  if (poll(&seen, 1, 0) <= 0) return false;
  if ((seen.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) return true;
  if (!left_) left_ = now;
  return streams_ || now - *left_ >= kGrace;
}

void Transaction::watch(HttpClock::time_point now, HttpClock::duration silence) {
  if (hung_up(now)) {
    lose_client();
    return;
  }
  const std::lock_guard lock(mutex_);
  const bool events = streams_ && !ended_ && !over_ && reply_.type.starts_with(kEventStream);
  if (!events || !pieces_.empty() || now - last_written_ < silence) return;
  pieces_.emplace_back(kPing);
  pending_bytes_ += static_cast<int64_t>(pieces_.back().size());
  last_written_ = now;
  wake();
}

void Transaction::over(bool whole) {
  {
    const std::lock_guard lock(mutex_);
    connection_ = nullptr;
    socket_ = -1;
    over_ = true;
    if (whole) when_gone_ = nullptr;
  }
  if (!whole) lose_client();
}

// -- the network's thread -----------------------------------------------------------------------------------

MHD_Result Transaction::answer_now(MHD_Connection* connection, HttpReply reply) {
  const std::lock_guard lock(mutex_);
  connection_ = connection;
  answered_ = ended_ = true;
  status_ = reply.status;
  reply_ = std::move(reply);
  return queue_reply();
}

bool Transaction::wait_on(MHD_Connection* connection, int socket) {
  const std::lock_guard lock(mutex_);
  if (gone_) return false;
  connection_ = connection;
  socket_ = socket;
  suspended_ = true;
  MHD_suspend_connection(connection);
  return true;
}

MHD_Result Transaction::go_on(const SharedTransaction& self) {
  const std::lock_guard lock(mutex_);
  if (gone_ || connection_ == nullptr) return MHD_NO;
  if (!answered_) {
    suspended_ = true;
    MHD_suspend_connection(connection_);
    return MHD_YES;
  }
  return streams_ ? queue_stream(self) : queue_reply();
}

void Transaction::add_headers(MHD_Response* response, const std::string& type,
                              const HttpHeaders& headers) const {
  if (!type.empty()) MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type.c_str());
  for (const HttpHeaders* list : {&headers_, &headers}) {
    for (const auto& [name, value] : *list) MHD_add_response_header(response, name.c_str(), value.c_str());
  }
}

MHD_Result Transaction::queue_reply() {
  auto* const text = new std::string(std::move(reply_.body));
  bytes_out_ = static_cast<int64_t>(text->size());
  MHD_Response* const response =
      MHD_create_response_from_buffer_with_free_callback_cls(text->size(), text->data(), free_text, text);
  if (response == nullptr) {
    delete text;
    return MHD_NO;
  }
  add_headers(response, reply_.type, reply_.headers);
  const MHD_Result queued = MHD_queue_response(connection_, static_cast<unsigned>(reply_.status), response);
  MHD_destroy_response(response);
  return queued;
}

MHD_Result Transaction::queue_stream(const SharedTransaction& self) {
  constexpr size_t kPiece = 16 << 10;
  auto* const shared = new SharedTransaction(self);
  MHD_Response* const response =
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kPiece, read_stream, shared, free_shared);
  if (response == nullptr) {
    delete shared;
    return MHD_NO;
  }
  add_headers(response, reply_.type, reply_.headers);
  const MHD_Result queued = MHD_queue_response(connection_, static_cast<unsigned>(reply_.status), response);
  MHD_destroy_response(response);
  return queued;
}

ssize_t Transaction::read_stream(void* shared, uint64_t /*position*/, char* buffer, size_t most) {
  Transaction& self = **static_cast<SharedTransaction*>(shared);
  const std::lock_guard lock(self.mutex_);
  if (self.gone_ || self.connection_ == nullptr) return MHD_CONTENT_READER_END_WITH_ERROR;
  size_t copied = 0;
  while (copied < most && !self.pieces_.empty()) {
    const std::string& first = self.pieces_.front();
    const size_t part = std::min(most - copied, first.size() - self.written_);
    std::memcpy(buffer + copied, first.data() + self.written_, part);
    copied += part;
    self.written_ += part;
    if (self.written_ < first.size()) break;
    self.pieces_.pop_front();
    self.written_ = 0;
  }
  self.pending_bytes_ -= static_cast<int64_t>(copied);
  self.bytes_out_ += static_cast<int64_t>(copied);
  if (copied > 0) return static_cast<ssize_t>(copied);
  if (self.broken_) return MHD_CONTENT_READER_END_WITH_ERROR;
  if (self.ended_) return MHD_CONTENT_READER_END_OF_STREAM;
  self.suspended_ = true;
  MHD_suspend_connection(self.connection_);
  return 0;
}

}  // namespace janus::cli
