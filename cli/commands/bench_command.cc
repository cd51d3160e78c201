// janus bench: how fast this machine runs a model, held against what it could do at most.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "cli/app/command.h"
#include "cli/commands/bench.h"
#include "cli/commands/bench_parts.h"
#include "cli/commands/bench_requests.h"
#include "cli/io/json_output.h"
#include "cli/io/progress.h"
#include "cli/model/chosen_device.h"
#include "cli/model/chosen_model.h"
#include "cli/model/random_model.h"
#include "cli/model/vae_places.h"
#include "core/base/error.h"
#include "core/tensor/device.h"
#include "generator/random_checkpoint.h"

namespace janus::cli {
namespace {

struct BenchSettings {
  std::string config;
  std::vector<std::string> only;
};

void check_parts(const std::vector<std::string>& only) {
  for (const std::string& part : only) {
    if (std::find(kBenchParts.begin(), kBenchParts.end(), part) != kBenchParts.end()) continue;
    throw UsageError(
        fmt::format("option --only, command line: expected one of {}, found \"{}\"; see janus bench --help",
                    fmt::join(kBenchParts, ", "), part));
  }
}

BenchModel open_bench_model(const BenchSettings& settings, const CommonOptions& common, Console& console,
                            ProgressDisplay& progress) {
  Checkpoint checkpoint =
      settings.config.empty() ? open_checkpoint(common, console) : random_model(settings.config);
  BenchModel opened;
  opened.chosen.name = !settings.config.empty() ? settings.config : name_of_model(common.model);
  const ModelOptions options{.type = weight_type_from_name(common.type), .vae = vae_places(common.vae)};
  const Work work{.prompt_images = 1, .new_tokens = 1, .generated_images = kImageSteps.back().images};
  const auto [device, side_by_side] =
      choose_device(common,
                    {checkpoint, opened.chosen.name, common.device, options, work,
                     /*in_memory=*/!settings.config.empty()},
                    console);
  opened.chosen.images_at_once = side_by_side;
  Clock::time_point start = Clock::now();
  // Opened again, so that reading the headers counts where there are files.
  if (settings.config.empty()) checkpoint = Checkpoint::open(model_files(common.model, console));
  checkpoint.take_notes();  // told above
  opened.chosen.model = open_model(
      checkpoint, device, {.type = options.type, .progress = progress.callback(), .vae = options.vae});
  opened.chosen.load_ms = ms_since(start);
  tell_notes(checkpoint, console);
  std::map<std::string, double> types;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    auto bytes = static_cast<double>(tensor.data.bytes.size());
    opened.stored_bytes += bytes;
    types[name_of(tensor.dtype)] += bytes;
  }
  auto most =
      std::max_element(types.begin(), types.end(), [](auto& a, auto& b) { return a.second < b.second; });
  opened.type = common.type == "native" ? most->first : common.type;
  return opened;
}

double gigabytes_a_second(const Measurement& line) { return line.bytes / 1e6 / line.ms; }

std::optional<double> gigaoperations_a_second(const Measurement& line) {
  if (!line.operations) return std::nullopt;
  return *line.operations / 1e6 / line.ms;
}

Json record_of(const Measurement& line, const std::string& type) {
  const auto number_or_null = [](const std::optional<double>& x) {
    return x ? Json(rounded(*x)) : Json(nullptr);
  };
  Json record;
  record["what"] = line.what;
  record["rows"] = line.rows;
  record["type"] = type;
  record["ms"] = rounded(line.ms);
  record["bytes"] = static_cast<int64_t>(line.bytes);
  record["gb_per_s"] = rounded(gigabytes_a_second(line));
  record["gop_per_s"] = number_or_null(gigaoperations_a_second(line));
  record["fraction"] = number_or_null(line.fraction);
  return record;
}

std::string line_of(const Measurement& line, const std::string& type) {
  const std::optional<double> rate = gigaoperations_a_second(line);
  // Of bytes for what reads memory, of operations for the rest.
  return fmt::format("{:<14} {:>4} {:>6} {:>10.2f} {:>8} {:>7} {:>8} {:>7} {:>8}\n", line.what, line.rows,
                     type, line.ms, line.bytes > 0 ? fmt::format("{:.1f}", line.bytes / 1e6) : "",
                     line.bytes > 0 ? fmt::format("{:.2f}", gigabytes_a_second(line)) : "",
                     rate ? fmt::format("{:.1f}", *rate) : "",
                     line.bound ? fmt::format("{:.1f}", *line.bound / 1e9) : "",
                     line.fraction ? fmt::format("{:.0f} %", *line.fraction * 100) : "");
}

Outcome bench(const BenchSettings& settings, const CommonOptions& common, Console& console) {
  check_parts(settings.only);
  ProgressDisplay progress(console);
  progress.update(settings.config.empty() ? "loading the model" : "making random weights", 0, 0);
  BenchModel opened = open_bench_model(settings, common, console, progress);
  console.notice(fmt::format("{} on {}: {}", opened.chosen.name, opened.chosen.model->device().name(),
                             opened.chosen.model->device().description()));
  Bench measurements(opened, settings.only, progress);
  if (!common.json) {
    console.result(fmt::format("{:<14} {:>4} {:>6} {:>10} {:>8} {:>7} {:>8} {:>7} {:>8}\n", "what", "rows",
                               "type", "ms", "MB", "GB/s", "Gop/s", "bound", "of bound"));
  }
  measurements.run([&](const Measurement& line) {
    progress.hide();
    if (common.json) {
      print_json(record_of(line, opened.type), console);
    } else {
      console.result(line_of(line, opened.type));
    }
  });
  return Outcome::done;
}

}  // namespace

Command bench_command() {
  auto settings = std::make_shared<BenchSettings>();
  return {
      .name = "bench",
      .summary = "speed on this machine, beside what it could do at most",
      .examples = {"janus bench", "janus bench -m Janus-Pro-1B --json",
                   "janus bench --config janus-pro-1b -t 2 --only image_decode",
                   "janus bench --config janusflow-1.3b --only flow_step --only vae_decode"},
      .declare =
          [settings](OptionSet& options) {
            options.option("--config", "NAME", one_of(settings->config, random_checkpoint_names()),
                           fmt::format("random weights of this size, made in memory: {}",
                                       fmt::join(random_checkpoint_names(), ", ")));
            options.values("--only", "PART", settings->only,
                           fmt::format("measure this part alone, or with others so named: {}",
                                       fmt::join(kBenchParts, ", ")));
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return bench(*settings, common, console); },
      .unused = kSamplingOptions,
  };
}

}  // namespace janus::cli
