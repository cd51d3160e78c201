#include "cli/serve/httpd/daemon.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>

#include "cli/serve/httpd/read_request.h"

namespace janus::cli {
namespace {

using std::chrono::seconds;

constexpr auto kLook = std::chrono::milliseconds(200);
// Beyond the limit a connection is told so. These many, of clients that say nothing, are not even that.
constexpr unsigned kSpareConnections = 16;
// A body that is over the limit, or whose request is refused, is read and forgotten up to so many times the
// limit, so that its sender reads the answer, which a reset connection would lose.
constexpr int64_t kForgotten = 4;

// Keeps a client's death from going unseen: one that its machine, or the way there, has taken.
void watch_peer(int socket) {
  const int on = 1, idle_s = 20, between_s = 5, probes = 4, unsent_ms = 60'000;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof(between_s));
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unsent_ms, sizeof(unsent_ms));
}

int socket_of(MHD_Connection* connection) {
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info == nullptr ? -1 : info->connect_fd;
}

// The program's hold on a request. Let go of, it answers for itself.
class HeldExchange : public Exchange {
 public:
  explicit HeldExchange(std::shared_ptr<Transaction> transaction, HttpReply otherwise)
      : transaction_(std::move(transaction)), otherwise_(std::move(otherwise)) {}
  ~HeldExchange() override {
    transaction_->reply(std::move(otherwise_));  // nothing where there is an answer
    transaction_->abandon();
  }
  HeldExchange(const HeldExchange&) = delete;
  HeldExchange& operator=(const HeldExchange&) = delete;

  const HttpRequest& request() const override { return transaction_->request(); }
  void reply(HttpReply reply) override { transaction_->reply(std::move(reply)); }
  void begin(int status, const std::string& type, HttpHeaders headers) override {
    transaction_->begin(status, type, std::move(headers));
  }
  void write(std::string_view piece) override { transaction_->write(piece); }
  void end() override { transaction_->end(); }
  void when_gone(std::function<void()> action) override { transaction_->when_gone(std::move(action)); }

 private:
  std::shared_ptr<Transaction> transaction_;
  HttpReply otherwise_;
};

// The library gives up where it cannot go on - a connection that want of memory has left suspended - and
// would abort the process. Nothing of its is safe to touch from here on.
[[noreturn]] void on_panic(void* /*self*/, const char* /*file*/, unsigned /*line*/, const char* reason) {
  std::array<char, 512> line{};
  const std::string_view words = reason == nullptr ? "" : reason;
  const int length =
      std::snprintf(line.data(), line.size(),
                    "janus: serve: expected libmicrohttpd to go on, found: %.*s; start it again\n",
                    static_cast<int>(std::min(words.size(), words.find_first_of(".\n"))), words.data());
  (void)!write(STDERR_FILENO, line.data(), std::min(static_cast<size_t>(length), line.size() - 1));
  _exit(1);
}

}  // namespace

// A request while it is read, and until it is over.
struct Daemon::Reading {
  std::optional<ApiError> fault;             // of its address
  std::shared_ptr<Transaction> transaction;  // once its headers are there
  int64_t bytes = 0;                         // of the body so far
  int64_t held_bytes = 0;                    // of them that are kept
  bool too_long = false;
  std::optional<HttpReply> early;  // decided before the body, and given once it is read
  bool answered = false;           // without handing the request over
  bool handed_over = false;
};

Daemon::Daemon(const HttpServerOptions& options, HttpHooks hooks)
    : options_(options), hooks_(std::move(hooks)) {
  const HttpLimits& limits = options_.limits;
  // Header fields take some more of a connection's memory than their bytes.
  constexpr size_t kRest = 24 << 10;
  std::vector<MHD_OptionItem> items{
      {MHD_OPTION_NOTIFY_CONNECTION, reinterpret_cast<intptr_t>(&on_connection), this},
      {MHD_OPTION_URI_LOG_CALLBACK, reinterpret_cast<intptr_t>(&on_address), this},
      {MHD_OPTION_NOTIFY_COMPLETED, reinterpret_cast<intptr_t>(&on_completed), this},
      {MHD_OPTION_LISTEN_SOCKET, options_.listener, nullptr},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, static_cast<intptr_t>(limits.header_bytes + kRest), nullptr},
      {MHD_OPTION_CONNECTION_LIMIT, static_cast<intptr_t>(limits.connections + kSpareConnections), nullptr},
      {MHD_OPTION_PER_IP_CONNECTION_LIMIT, static_cast<intptr_t>(limits.connections_an_address), nullptr},
      {MHD_OPTION_CONNECTION_TIMEOUT, static_cast<intptr_t>(limits.idle_seconds), nullptr},
      {MHD_OPTION_STRICT_FOR_CLIENT, 1, nullptr},
  };
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  if (!options_.tls_certificate.empty()) {
    flags |= MHD_USE_TLS;
    items.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0, const_cast<char*>(options_.tls_certificate.c_str())});
    items.push_back({MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(options_.tls_key.c_str())});
  }
  items.push_back({MHD_OPTION_END, 0, nullptr});
  MHD_set_panic_func(on_panic, nullptr);
  daemon_ = MHD_start_daemon(flags, 0, nullptr, nullptr, &on_access, this, MHD_OPTION_EXTERNAL_LOGGER,
                             &on_log, this, MHD_OPTION_ARRAY, items.data(), MHD_OPTION_END);
  check(daemon_ != nullptr, "serve: expected libmicrohttpd to start, found that it does not ({}); {}",
        last_log_.empty() ? "it says nothing" : last_log_,
        options_.tls_certificate.empty() ? "look at the limit of open files"
                                         : "give a certificate and its key in PEM");
  try {
    watcher_ = std::thread([this] { watch(); });
  } catch (const std::system_error& error) {
    MHD_stop_daemon(daemon_);
    fail(
        "serve: expected another thread, found: {}; raise the limits on processes and memory (ulimit -u, "
        "ulimit -v)",
        error.code().message());
  }
}

Daemon::~Daemon() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    changed_.notify_all();
  }
  watcher_.join();
  std::set<std::shared_ptr<Transaction>> left;
  {
    const std::lock_guard lock(mutex_);
    left = transactions_;
  }
  // The library waits for suspended connections for ever.
  for (const auto& one : left) one->give_up();
  MHD_stop_daemon(daemon_);
}

void Daemon::stop_listening() {
  const MHD_socket listener = MHD_quiesce_daemon(daemon_);
  if (listener != MHD_INVALID_SOCKET) close(listener);
}

int64_t Daemon::requests() const {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(transactions_.size());
}

void Daemon::watch() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLook, [this] { return ends_.load(); })) {
    lock.unlock();
    try {
      look();
    } catch (const std::bad_alloc&) {
      // There may be memory at the next look.
    }
    lock.lock();
  }
}

void Daemon::look() {
  std::vector<std::shared_ptr<Transaction>> now_open;
  {
    const std::lock_guard lock(mutex_);
    now_open.assign(transactions_.begin(), transactions_.end());
  }
  const auto now = HttpClock::now();
  for (const auto& one : now_open) one->watch(now, seconds(options_.limits.ping_seconds));
  open_.end_late(now);
}

void Daemon::on_log(void* self, const char* format, va_list arguments) {
  std::array<char, 256> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  auto& daemon = *static_cast<Daemon*>(self);
  const std::lock_guard lock(daemon.mutex_);
  std::string& last = daemon.last_log_;
  last = line.data();
  while (!last.empty() && (last.back() == '\n' || last.back() == '.')) last.pop_back();
}

void Daemon::on_connection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode code) {
  auto& daemon = *static_cast<Daemon*>(self);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const int socket = socket_of(connection);
    watch_peer(socket);
    *context = daemon.open_.open(socket, seconds(daemon.options_.limits.header_seconds));
  } else if (*context != nullptr) {
    daemon.open_.close(static_cast<Connections::Connection*>(*context));
    *context = nullptr;
  }
}

void Daemon::give_time(MHD_Connection* connection, int64_t time_s) {
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  if (info == nullptr || info->socket_context == nullptr) return;
  open_.give_time(static_cast<Connections::Connection*>(info->socket_context), seconds(time_s));
}

// What it returns is the request's state from here on.
void* Daemon::on_address(void* self, const char* address, MHD_Connection* /*connection*/) {
  try {
    std::optional<ApiError> fault = address_fault(address, static_cast<Daemon*>(self)->options_.limits);
    if (!fault) return nullptr;
    // The library takes the query apart next, and closes the connection where its fields are too many for the
    // memory that it has. It hands over its own buffer.
    if (char* query = std::strchr(const_cast<char*>(address), '?')) query[1] = '\0';
    auto reading = std::make_unique<Reading>();
    reading->fault = std::move(fault);
    return reading.release();
  } catch (const std::exception&) {
    return nullptr;  // want of memory
  }
}

MHD_Result Daemon::on_access(void* self, MHD_Connection* connection, const char* path, const char* method,
                             const char* /*version*/, const char* data, size_t* size, void** state) {
  auto& daemon = *static_cast<Daemon*>(self);
  try {
    if (*state == nullptr || static_cast<Reading*>(*state)->transaction == nullptr) {
      return daemon.begin(connection, path, method, state);
    }
    auto& reading = *static_cast<Reading*>(*state);
    if (reading.handed_over) return reading.transaction->go_on(reading.transaction);
    if (*size == 0) return daemon.serve(connection, reading);
    const MHD_Result taken = daemon.take_body(reading, data, *size);
    *size = 0;
    return taken;
  } catch (const std::exception&) {
    return MHD_NO;  // want of memory: closes the connection
  }
}

MHD_Result Daemon::begin(MHD_Connection* connection, const char* path, const char* method, void** state) {
  const HttpLimits& limits = options_.limits;
  if (ends_) return MHD_NO;
  give_time(connection, limits.body_seconds);
  HttpRequest request = read_request(connection, path, method);
  std::unique_ptr<Reading> reading(static_cast<Reading*>(std::exchange(*state, nullptr)));
  if (reading == nullptr) reading = std::make_unique<Reading>();
  const std::optional<ApiError> fault =
      reading->fault ? std::move(reading->fault) : header_fault(connection, request, limits);
  HttpAdmission admission;
  if (!fault) admission = hooks_.admit(request);
  const std::optional<int64_t> length = stated_length(request);
  const bool asks = request.headers.contains("expect");
  reading->transaction =
      std::make_shared<Transaction>(std::move(request), std::move(admission.headers), limits.reply_bytes);
  {
    const std::lock_guard lock(mutex_);
    transactions_.insert(reading->transaction);
  }
  Reading& here = *reading;
  *state = reading.release();
  if (fault) return refuse(connection, here, *fault);
  if (connections() > limits.connections) {
    return refuse(connection, here,
                  retry_later(503, /*after_s=*/1,
                              fmt::format("connections: expected at most {}, found {}; ask again",
                                          limits.connections, connections())));
  }
  if (admission.answer) {
    if (asks) return answer(connection, here, std::move(*admission.answer));
    here.early = std::move(admission.answer);
  }
  if (length && *length > limits.body_bytes) {
    here.too_long = true;
    // Whoever asks before sending, or would send far too much, is told at once.
    if (asks || *length / kForgotten > limits.body_bytes) return serve(connection, here);
  } else if (length) {
    here.transaction->body().reserve(static_cast<size_t>(std::min<int64_t>(*length, int64_t{1} << 20)));
  }
  return MHD_YES;
}

MHD_Result Daemon::take_body(Reading& reading, const char* data, size_t size) {
  const HttpLimits& limits = options_.limits;
  reading.bytes += static_cast<int64_t>(size);
  if (reading.answered) return MHD_YES;  // queued before
  std::string& body = reading.transaction->body();
  if (reading.bytes > limits.body_bytes) reading.too_long = true;
  if (!reading.too_long && !reading.early &&
      body_bytes_ + static_cast<int64_t>(size) <= limits.all_body_bytes) {
    body.append(data, size);
    reading.held_bytes += static_cast<int64_t>(size);
    body_bytes_ += static_cast<int64_t>(size);
    return MHD_YES;
  }
  if (reading.held_bytes > 0) {
    body_bytes_ -= std::exchange(reading.held_bytes, 0);
    std::string().swap(body);
  }
  return reading.bytes / kForgotten > limits.body_bytes ? MHD_NO : MHD_YES;
}

// The request is whole.
MHD_Result Daemon::serve(MHD_Connection* connection, Reading& reading) {
  if (reading.answered) return MHD_YES;
  give_time(connection, 0);
  if (reading.early) return answer(connection, reading, std::move(*reading.early));
  if (reading.too_long) {
    return refuse(
        connection, reading,
        ApiError(413, fmt::format("body: expected at most {} bytes, found more; send smaller images, "
                                  "or start the server with a larger --limit-body",
                                  options_.limits.body_bytes)));
  }
  if (reading.held_bytes < reading.bytes) {
    return refuse(
        connection, reading,
        retry_later(503, /*after_s=*/1,
                    fmt::format("bodies: expected at most {} bytes of all requests under way, found more; "
                                "ask again",
                                options_.limits.all_body_bytes)));
  }
  reading.handed_over = true;
  const std::shared_ptr<Transaction>& transaction = reading.transaction;
  if (!transaction->wait_on(connection, socket_of(connection))) return MHD_NO;
  hooks_.serve(std::make_shared<HeldExchange>(
      transaction, hooks_.refuse(transaction->request(),
                                 ApiError(500,
                                          "request: expected an answer of the server, found none; tell "
                                          "the server's makers"))));
  return MHD_YES;
}

MHD_Result Daemon::refuse(MHD_Connection* connection, Reading& reading, ApiError fault) {
  HttpReply reply = hooks_.refuse(reading.transaction->request(), fault);
  // Where the body ends may not be known, or it is not read to its end.
  reply.headers.emplace_back("Connection", "close");
  return answer(connection, reading, std::move(reply));
}

MHD_Result Daemon::answer(MHD_Connection* connection, Reading& reading, HttpReply reply) {
  reading.answered = true;
  return reading.transaction->answer_now(connection, std::move(reply));
}

void Daemon::on_completed(void* self, MHD_Connection* connection, void** state,
                          MHD_RequestTerminationCode code) {
  auto& daemon = *static_cast<Daemon*>(self);
  const std::unique_ptr<Reading> reading(static_cast<Reading*>(std::exchange(*state, nullptr)));
  if (reading == nullptr || reading->transaction == nullptr) return;
  daemon.give_time(connection, daemon.options_.limits.idle_seconds);
  daemon.finish(reading.get(), code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
}

void Daemon::finish(Reading* reading, bool whole) {
  Transaction& transaction = *reading->transaction;
  transaction.over(whole);
  body_bytes_ -= reading->held_bytes;
  {
    const std::lock_guard lock(mutex_);
    transactions_.erase(reading->transaction);
  }
  hooks_.done({.request = transaction.request(),
               .status = transaction.status(),
               .bytes_in = reading->bytes,
               .bytes_out = transaction.bytes_out(),
               .seconds = std::chrono::duration<double>(HttpClock::now() - transaction.began()).count(),
               .whole = whole});
}

}  // namespace janus::cli
