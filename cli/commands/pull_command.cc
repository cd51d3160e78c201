// janus pull: a model from the hub into the cache on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "cli/app/command.h"
#include "cli/hub/pull.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_model.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/readable_bytes.h"
#include "tokenizer/image/vae_files.h"

namespace janus::cli {
namespace {

struct PullSettings {
  hub::Repository repository;
  int64_t jobs = 4;
  int64_t retries = 5;
  std::optional<int64_t> timeout;
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

Json pull_json(const std::string& name, const hub::PulledModel& model, double ms) {
  Json record, files = Json::array();
  int64_t bytes = 0, downloaded = 0;
  for (const hub::PulledFile& file : model.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"downloaded", file.downloaded}});
    bytes += file.bytes;
    downloaded += file.downloaded;
  }
  record["model"] = name;
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

// Of an autoencoder's repository, as diffusers has them; nothing of others.
std::vector<std::string> vae_files(const std::vector<std::string>& names) {
  const bool is_vae = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with("diffusion_pytorch_model.");
  });
  if (!is_vae) return {};
  return {"config.json", choose_vae_weights(names, "its repository")};
}

// One repository after the other, each with what is said of it.
class Pulling {
 public:
  Pulling(const PullSettings& settings, const CommonOptions& common, Console& console,
          ProgressDisplay& progress)
      : settings_(settings), common_(common), console_(console), progress_(progress) {
    server_.retries = static_cast<int>(settings.retries);
    if (settings.timeout) server_.patience_s = server_.most_retry_after_s = *settings.timeout;
    server_.notice = [&](const std::string& text) { console_.notice(text); };
    server_.read_environment();
  }

  hub::PulledModel pull(const hub::Repository& repository) {
    const std::string name = repository.to_string();
    progress_.update("asking for " + name, 0, 0);
    const hub::PullEvents events{
        .listed =
            [&](const hub::Listing& listing, int64_t bytes) {
              console_.notice(fmt::format("{}: {}, commit {}", name, readable_bytes(bytes), listing.commit));
              console_.notice(listing.licence.empty()
                                  ? "the repository states no licence"
                                  : "licence, as the repository states it: " + listing.licence);
            },
        .progress = [&](int64_t done, int64_t total) { progress_.update_bytes("downloading", done, total); },
        .configured = [&](const std::string& config) { check_kind(name, config); },
        .open = [](const std::string& path) { is_vae_folder(path) ? check_vae(path) : check_model(path); }};
    const hub::PulledModel pulled = hub::pull(
        server_, cache_, repository,
        {.jobs = static_cast<int>(settings_.jobs), .verify = common_.verify, .choose = vae_files}, events);
    progress_.hide();
    if (!pulled.unasked.empty()) {
      console_.notice(
          fmt::format("{}: commit {} is whole in the cache; whether {} has moved since is not known: {}",
                      name, pulled.commit, repository.revision, pulled.unasked));
    }
    return pulled;
  }

  // Where the model draws with an autoencoder that did not come with it.
  std::optional<hub::PulledModel> pull_vae_of(const hub::PulledModel& model) {
    const Checkpoint checkpoint = Checkpoint::open(model.path);
    if (!draws_latents(checkpoint.config()) || find_vae(checkpoint, {})) return std::nullopt;
    const std::string name = settings_.repository.to_string();
    console_.notice(fmt::format("{} draws with an autoencoder from another repository, {}: fetching it, too",
                                name, kVaeRepository));
    try {
      return pull(*hub::parse_repository(kVaeRepository));
    } catch (const Error& error) {
      fail("{} ({} itself is there, and answers)", error.what(), name);
    }
  }

 private:
  static void check_kind(const std::string& name, const std::string& config) {
    if (is_vae_config(parse_json_or_discard(config))) return;
    const auto bytes = std::as_bytes(std::span(config));
    check_family(FileSet::in_memory(name, {{"config.json", {bytes, nullptr}}}));
  }

  const PullSettings& settings_;
  const CommonOptions& common_;
  Console& console_;
  ProgressDisplay& progress_;
  hub::Server server_;
  const hub::Cache cache_ = hub::Cache::from_environment();
};

Outcome pull(const PullSettings& settings, const CommonOptions& common, Console& console) {
  const auto start = std::chrono::steady_clock::now();
  const auto milliseconds = [&] {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  };
  ProgressDisplay progress(console);
  progress.update("asking for " + settings.repository.to_string(), 0, 0);
  Pulling pulling(settings, common, console, progress);
  const hub::PulledModel model = pulling.pull(settings.repository);
  const bool is_vae = is_vae_folder(model.path);
  const auto vae = is_vae ? std::nullopt : pulling.pull_vae_of(model);
  const std::string name = settings.repository.to_string();
  if (common.json) {
    Json record = pull_json(name, model, milliseconds());
    if (vae) record["vae"] = pull_json(kVaeRepository, *vae, milliseconds());
    print_json(record, console);
  } else {
    console.notice(
        is_vae ? fmt::format("ready: janus generate -m JanusFlow-1.3B --vae {} \"a lighthouse\"", name)
               : fmt::format("ready: janus describe -m {} photo.jpg", name));
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
                           "failures in a row, with next to nothing gained, to try again after, {range}");
            options.option("--timeout", "S",
                           number(settings->timeout, {1, hub::kMostPatience_s},
                                  "30, and 300 where the server asks to come back later"),
                           "seconds to wait for the network: a connection that brings less than 1 KiB a "
                           "second for so long is dropped, and a longer pause is not made, {range}");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return pull(*settings, common, console); },
      .notes =
          "Downloads configuration, tokenizer and weights (those that loading would read) into the cache "
          "that\n"
          "huggingface_hub uses: $HF_HUB_CACHE, $HF_HOME/hub, $XDG_CACHE_HOME/huggingface/hub or\n"
          "~/.cache/huggingface/hub. An interrupted download goes on where it stopped; every file's size and "
          "hash\n"
          "are checked, and in the end a model is opened from them. What another program put into "
          "the\n"
          "cache is hashed once, and with --verify whatever is there.\n"
          "A model of JanusFlow draws with the autoencoder of another repository, stabilityai/sdxl-vae, "
          "which "
          "comes, too.\n"
          "What is there whole is not written again, and needs no hub: $HF_HUB_OFFLINE=1 forbids the "
          "network.\n"
          "$HF_ENDPOINT names another server; $HF_TOKEN, or the file that `hf auth login` writes, opens "
          "private "
          "and\n"
          "gated repositories; $https_proxy, $http_proxy, $no_proxy and $SSL_CERT_FILE count as for curl.\n",
      .unused = {"--model", "--builtin-notice", "--device", "--type", "--threads", "--seed", "--max-tokens",
                 "--vae"},
  };
}

}  // namespace janus::cli
