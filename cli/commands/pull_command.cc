// janus pull: a model from the hub into the cache on this machine.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <span>

#include "cli/app/command.h"
#include "cli/hub/pull.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/io/readable.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {
namespace {

struct PullSettings {
  hub::Repository repository;
  int64_t jobs = 4;
  int64_t retries = 5;
};

Reader repository_name(hub::Repository& target) {
  return {.take = [&target](const std::string& text) -> std::string {
    std::optional<hub::Repository> repository = hub::parse_repository(text);
    if (!repository) {
      const std::string meant = hub::meant_repository(text);
      return "owner/repo or owner/repo@revision, as the hub names models" +
             (meant.empty() ? "" : ": " + meant + ", it seems");
    }
    target = *repository;
    return {};
  }};
}

Json pull_json(const PullSettings& settings, const hub::PulledModel& model, double ms) {
  Json record, files = Json::array();
  int64_t bytes = 0, downloaded = 0;
  for (const hub::PulledFile& file : model.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"downloaded", file.downloaded}});
    bytes += file.bytes;
    downloaded += file.downloaded;
  }
  record["model"] = settings.repository.to_string();
  record["path"] = model.path;
  record["commit"] = model.commit;
  record["licence"] = model.licence.empty() ? Json() : Json(model.licence);
  record["bytes"] = bytes;
  record["downloaded"] = downloaded;
  record["files"] = files;
  record["asked"] = model.unasked.empty();  // whether the hub said that this is still the revision's commit
  record["ms"] = rounded(ms);
  return record;
}

Outcome pull(const PullSettings& settings, const CommonOptions& common, Console& console) {
  auto start = std::chrono::steady_clock::now();
  const std::string name = settings.repository.to_string();
  ProgressDisplay progress(console);
  progress.update("asking for " + name, 0, 0);
  hub::Server server;
  server.retries = static_cast<int>(settings.retries);
  server.notice = [&](const std::string& text) { console.notice(text); };
  server.read_environment();
  const hub::Cache cache = hub::Cache::from_environment();
  hub::PullEvents events;
  events.listed = [&](const hub::Listing& listing, int64_t bytes) {
    console.notice(fmt::format("{}: {}, commit {}", name, readable_bytes(bytes), listing.commit));
    console.notice(listing.licence.empty() ? "the repository states no licence"
                                           : "licence, as the repository states it: " + listing.licence);
  };
  events.progress = [&](int64_t done, int64_t total) { progress.update_bytes("downloading", done, total); };
  events.configured = [&](const std::string& config) {
    const auto bytes = std::as_bytes(std::span(config));
    check_family(FileSet::in_memory(name, {{"config.json", {bytes, nullptr}}}));
  };
  events.open = check_model;
  const hub::PulledModel model =
      hub::pull(server, cache, settings.repository,
                {.jobs = static_cast<int>(settings.jobs), .verify = common.verify}, events);
  progress.hide();
  if (!model.unasked.empty()) {
    console.notice(
        fmt::format("{}: commit {} is whole in the cache; whether {} has moved since is not known: {}", name,
                    model.commit, settings.repository.revision, model.unasked));
  }
  if (common.json) {
    std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
    print_json(pull_json(settings, model, taken.count()), console);
  } else {
    console.notice(fmt::format("ready: janus describe -m {} photo.jpg", name));
    console.result(model.path + "\n");
  }
  return Outcome::done;
}

}  // namespace

Command pull_command() {
  auto settings = std::make_shared<PullSettings>();
  return {
      .name = "pull",
      .summary = "downloads a model from the hub into the cache",
      .examples = {"janus pull deepseek-community/Janus-Pro-1B",
                   "janus pull deepseek-ai/Janus-Pro-1B@refs/pr/6",
                   "HF_ENDPOINT=https://hf-mirror.com janus pull deepseek-community/Janus-Pro-1B",
                   "janus generate -m deepseek-community/Janus-Pro-1B \"a lighthouse\" -o out.png"},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("REPOSITORY", repository_name(settings->repository),
                                      "owner/repo, or owner/repo@revision: a branch, tag or commit");
            options.option("-j,--jobs", "N", number(settings->jobs, {1, 32}), "files at a time, {range}");
            options.option("--retries", "N", number(settings->retries, {0, 100}),
                           "failures in a row, with nothing gained, to try again after, {range}");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return pull(*settings, common, console); },
      .notes =
          "Downloads configuration, tokenizer and weights (those that loading would read) into the cache "
          "that\n"
          "huggingface_hub uses: $HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or\n"
          "~/.cache/huggingface/hub. An interrupted download goes on where it stopped; every file's size and "
          "hash\n"
          "are checked, and in the end a model is opened from them. --verify hashes what was there before, "
          "too.\n"
          "What is there whole is not written again, and needs no hub: $HF_HUB_OFFLINE=1 forbids the "
          "network.\n"
          "$HF_ENDPOINT names another server; $HF_TOKEN, or the file that `hf auth login` writes, opens "
          "private "
          "and\n"
          "gated repositories; $https_proxy, $http_proxy, $no_proxy and $SSL_CERT_FILE count as for curl.\n",
      .unused = {"--model", "--builtin-notice", "--device", "--type", "--threads", "--seed", "--max-tokens"},
  };
}

}  // namespace janus::cli
