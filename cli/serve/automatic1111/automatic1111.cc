// The paths of AUTOMATIC1111's web UI that its clients use to make images.
#include <algorithm>
#include <mutex>

#include "cli/serve/answer_run.h"
#include "cli/serve/automatic1111/listings.h"
#include "cli/serve/automatic1111/txt2img_job.h"
#include "cli/serve/replies.h"
#include "cli/serve/request_json.h"
#include "core/base/json.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {
namespace {

using ExchangePtr = std::shared_ptr<Exchange>;

// What the handlers share: the model that options have chosen, and what is under way.
struct Desk {
  std::mutex mutex;
  std::string chosen;  // empty: the default
  Txt2ImgJobs jobs;

  std::string model() {
    const std::lock_guard lock(mutex);
    return chosen;
  }
};

Handler always(Json json) {
  return [json = std::move(json)](const ExchangePtr& exchange) { reply_json(*exchange, json); };
}

void set_options(Service& service, Desk& desk, const ExchangePtr& exchange) {
  const nlohmann::json body = parse_body(exchange->request().body);
  const std::string name = RequestFields(body).text("sd_model_checkpoint");
  if (!name.empty()) {
    const std::vector<ModelSummary> summaries = service.models.summaries();
    const bool known = std::any_of(summaries.begin(), summaries.end(),
                                   [&](const ModelSummary& summary) { return summary.name == name; });
    if (!known) {
      std::vector<std::string> names;
      for (const ModelSummary& summary : summaries) names.push_back(summary.name);
      throw ApiError(404,
                     fmt::format("sd_model_checkpoint: expected one of {}, found {}; see /sdapi/v1/sd-models",
                                 fmt::join(names, ", "), excerpt(name)),
                     "model_not_found", "sd_model_checkpoint");
    }
    const std::lock_guard lock(desk.mutex);
    desk.chosen = name;
  }
  reply_json(*exchange, nullptr);
}

void get_options(Service& service, Desk& desk, const ExchangePtr& exchange) {
  std::string model = desk.model();
  if (model.empty()) model = service.models.summaries().front().name;
  reply_json(*exchange, options(model));
}

void txt2img(Service& service, const std::shared_ptr<Desk>& desk, const ExchangePtr& exchange) {
  const nlohmann::json body = parse_body(exchange->request().body);
  Txt2Img request = read_txt2img(body, service.limits);
  with_model(service, exchange, desk->model(),
             [&service, desk, exchange, request](const std::shared_ptr<ServedModel>& model) mutable {
               request.settle(model->model().engine_model().image_defaults());
               check_text_length(request.image.prompt.size(), model->model(), "prompt");
               check_text_length(request.image.negative_prompt.size(), model->model(), "negative_prompt");
               const auto job = std::make_shared<Txt2ImgJob>(service, exchange, model, request);
               desk->jobs.add(job);
               job->start();
             });
}

void progress(Desk& desk, const ExchangePtr& exchange) {
  const auto& query = exchange->request().query;
  const bool skip = std::any_of(query.begin(), query.end(), [](const auto& entry) {
    return entry.first == "skip_current_image" && (entry.second == "true" || entry.second == "1");
  });
  const auto job = desk.jobs.oldest();
  reply_json(*exchange, job ? job->progress(!skip) : idle_progress());
}

}  // namespace

void add_automatic1111(Router& router, Service& service) {
  const auto desk = std::make_shared<Desk>();
  router.add("POST", "/sdapi/v1/txt2img",
             [&service, desk](const ExchangePtr& exchange) { txt2img(service, desk, exchange); });
  router.add("GET", "/sdapi/v1/progress", [desk](const ExchangePtr& exchange) { progress(*desk, exchange); });
  router.add("POST", "/sdapi/v1/interrupt", [desk](const ExchangePtr& exchange) {
    if (const auto job = desk->jobs.oldest()) job->interrupt();
    reply_json(*exchange, nullptr);
  });
  router.add("GET", "/sdapi/v1/options",
             [&service, desk](const ExchangePtr& exchange) { get_options(service, *desk, exchange); });
  router.add("POST", "/sdapi/v1/options",
             [&service, desk](const ExchangePtr& exchange) { set_options(service, *desk, exchange); });
  router.add("GET", "/sdapi/v1/sd-models", [&service](const ExchangePtr& exchange) {
    reply_json(*exchange, sd_models(service.models.summaries()));
  });
  router.add("POST", "/sdapi/v1/img2img", [](const ExchangePtr&) {
    throw ApiError(501,
                   "the model draws images from words alone and cannot change one; ask /sdapi/v1/txt2img");
  });
  router.add("GET", "/sdapi/v1/samplers", always(samplers()));
  router.add("GET", "/sdapi/v1/schedulers", always(Json::array()));
  router.add("GET", "/sdapi/v1/upscalers", always(upscalers()));
  router.add("GET", "/sdapi/v1/cmd-flags", always(Json::object()));
}

}  // namespace janus::cli
