#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <thread>

#include "cli/app/command.h"
#include "cli/io/interrupt.h"
#include "cli/io/json_output.h"
#include "cli/serve/front.h"
#include "cli/serve/host/loading_host.h"
#include "cli/serve/kept_memory.h"
#include "cli/serve/listener.h"
#include "cli/serve/settings.h"
#include "core/base/mapped_file.h"
#include "core/base/read_file.h"

namespace janus::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kLook = std::chrono::milliseconds(50);

// Decoding and encoding images take one processor each; the engine has the others.
constexpr int kWorkers = 4;

void check_usage(const ServeSettings& settings) {
  if (settings.tls_cert.empty() != settings.tls_key.empty()) {
    throw UsageError(fmt::format("option {}, command line: expected {} with it, found none; give both",
                                 settings.tls_cert.empty() ? "--tls-key" : "--tls-cert",
                                 settings.tls_cert.empty() ? "--tls-cert" : "--tls-key"));
  }
}

// A socket of the service manager wins over --host and --port.
Listener listen_where_allowed(const ServeSettings& settings) {
  const Listener inherited = inherited_listener();
  const bool loopback = inherited.socket >= 0 ? inherited.loopback : is_loopback(settings.host);
  check(loopback || !settings.api_key_file.empty() || settings.insecure_no_key,
        "--host {}: expected --api-key-file for an address that other machines reach, found none; give it a "
        "file with a key, or --insecure-no-key where a firewall keeps others out",
        inherited.socket >= 0 ? inherited.address : settings.host);
  return inherited.socket >= 0 ? inherited : open_listener(settings.host, settings.port);
}

std::string pem_of(const char* option, const std::string& path) {
  constexpr size_t kMostBytes = 1 << 20;
  return path.empty() ? "" : read_file(path, fmt::format("{} {}", option, path), kMostBytes);
}

// Connections are open files, and models and images need some, too.
void allow_open_files(int64_t connections) {
  constexpr rlim_t kOthers = 256;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = static_cast<rlim_t>(connections) + kOthers;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  setrlimit(RLIMIT_NOFILE, &limit);
}

void tell_start(const std::string& url, const CommonOptions& common, Console& console) {
  console.notice(fmt::format("janus serve: {}", url));
  if (common.json) print_json({{"url", url}}, console);
}

// Waits for the first model and says when it is there. Throws Error where it cannot be loaded.
void wait_for_model(const LoadingHost& host, const InterruptNotice& interrupt, Console& console) {
  while (!host.started() && !interrupt.came()) {
    const std::string fault = host.start_fault();
    check(fault.empty(), "{}", fault);
    std::this_thread::sleep_for(kLook);
  }
  if (interrupt.came()) return;
  console.detail(fmt::format("model {}: ready", host.summaries().front().name));
  notify_service_manager("READY=1");
}

Outcome serve(const ServeSettings& settings, const CommonOptions& common, Console& console) {
  check_usage(settings);
  FrontSettings front_settings;
  front_settings.admission = {
      .keys = settings.api_key_file.empty() ? ApiKeys() : ApiKeys::read(settings.api_key_file),
      .hosts = settings.hosts,
      .origins = settings.origins};
  front_settings.http = {.limits = settings.limits.http,
                         .tls_certificate = pem_of("--tls-cert", settings.tls_cert),
                         .tls_key = pem_of("--tls-key", settings.tls_key)};
  allow_open_files(settings.limits.http.connections);
  KeptMemory kept_memory;
  InterruptNotice interrupt;
  Metrics metrics;
  LoadingHost host({.common = common,
                    .models = name_models(common.models, settings.aliases),
                    .rows = settings.rows,
                    .answer_window = settings.draft,
                    .image_window = settings.parallel,
                    .queue = settings.limits.queue,
                    .most_loaded = settings.most_loaded,
                    .keep_alive_s = settings.keep_alive_s},
                   metrics, console);
  const Listener listener = listen_where_allowed(settings);
  front_settings.admission.loopback = listener.loopback;
  front_settings.http.listener = listener.socket;
  AccessLog log(console, settings.log_content);
  WorkerPool workers(kWorkers);
  RouteTable routes;
  Service service{host, workers, settings.limits, metrics};
  add_routes(routes, service);
  {
    Front front(front_settings, routes, workers, metrics, log);
    const bool unix_socket = listener.address.starts_with("unix:");
    tell_start(unix_socket ? listener.address
                           : (settings.tls_cert.empty() ? "http://" : "https://") + listener.address,
               common, console);
    wait_for_model(host, interrupt, console);
    while (!interrupt.came()) {
      std::this_thread::sleep_for(kLook);
      kept_memory.look(front.requests());
      check_mapped_files();  // whoever watches over the server starts it with the new model
    }
    notify_service_manager("STOPPING=1");
    front.close();
    const auto until = Clock::now() + std::chrono::seconds(settings.drain_s);
    if (front.requests() > 0) {
      console.notice(
          fmt::format("janus serve: ending; {} requests have {} s", front.requests(), settings.drain_s));
    }
    while (front.requests() > 0 && Clock::now() < until) std::this_thread::sleep_for(kLook);
  }
  host.stop();
  interrupt.obeyed();
  return Outcome::done;
}

}  // namespace

Command serve_command() {
  auto settings = std::make_shared<ServeSettings>();
  return {
      .name = "serve",
      .summary = "answers over HTTP, as OpenAI, Ollama and AUTOMATIC1111 do, and a page for people",
      .examples = {"janus serve", "janus serve -m Janus-Pro-1B --port 9000",
                   "janus serve --host 0.0.0.0 --api-key-file keys.txt"},
      .declare = [settings](OptionSet& options) { declare_serve(options, *settings); },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return serve(*settings, common, console); },
      .notes =
          "-m may be given several times: requests name the model, and the first is the default. /health "
          "answers 503 until it is loaded.\n"
          "\n"
          "SIGTERM and Ctrl-C end the server: it takes nothing new, gives what is under way --drain-seconds, "
          "and exits 0. A second one ends it at once.\n",
      .unused = {"--seed", "--max-tokens", "--json-progress"},
  };
}

}  // namespace janus::cli
