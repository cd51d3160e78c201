#include "cli/serve/automatic1111/txt2img_job.h"

#include <janus/version.h>

#include "cli/serve/automatic1111/listings.h"
#include "cli/serve/image_text.h"
#include "cli/serve/replies.h"
#include "generator/settings_text.h"

namespace janus::cli {
namespace {

Json state_json(int images, int done, int lines, int all_lines, bool interrupted) {
  return {{"skipped", false},
          {"interrupted", interrupted},
          {"stopping_generation", false},
          {"job", images > 0 ? "txt2img" : ""},
          {"job_count", images},
          {"job_no", done},
          {"sampling_step", lines},
          {"sampling_steps", all_lines}};
}

Json progress_json(double progress, double seconds_left, Json state, Json image) {
  return {{"progress", progress},
          {"eta_relative", seconds_left},
          {"state", std::move(state)},
          {"current_image", std::move(image)},
          {"textinfo", nullptr}};
}

}  // namespace

Json idle_progress() { return progress_json(0, 0, state_json(0, 0, 0, 0, false), nullptr); }

Txt2ImgJob::Txt2ImgJob(Service& service, std::shared_ptr<Exchange> exchange,
                       std::shared_ptr<ServedModel> model, Txt2Img request)
    : service_(service),
      exchange_(std::move(exchange)),
      model_(std::move(model)),
      request_(std::move(request)),
      submitted_(model_),
      slots_(static_cast<size_t>(request_.count())),
      left_(slots_.size()) {}

void Txt2ImgJob::start() {
  exchange_->when_gone([job = weak_from_this()] {
    if (const auto alive = job.lock()) alive->fail(ApiError(500, "the client has gone"));
  });
  for (size_t place = 0; place < slots_.size(); ++place) {
    ImageRequest image = request_.image;
    image.sampling.seed = seed(place);
    try {
      submitted_.submit(std::move(image), sink(place));
    } catch (...) {
      fail(api_error_of(std::current_exception(), 400));
      return;
    }
  }
}

ImageSink Txt2ImgJob::sink(size_t place) {
  const auto job = shared_from_this();
  return {
      .on_line = [job, place](const ImageSoFar& image) { job->take_line(place, image); },
      .on_done =
          [job, place](GeneratedImage& made) {
            auto image = std::make_shared<Image>(std::move(made.image));
            job->service_.workers.post([job, place, image] { job->encode(place, *image); });
          },
      .on_error =
          [job, place](const std::exception_ptr& error) {
            bool interrupted = false;
            {
              const std::lock_guard lock(job->mutex_);
              interrupted = job->interrupted_;
            }
            if (interrupted) {
              job->settle(place);
            } else {
              job->fail(api_error_of(error));
            }
          },
  };
}

void Txt2ImgJob::take_line(size_t place, const ImageSoFar& image) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    slots_[place].lines = image.lines;
    slots_[place].all_lines = image.all_lines;
    std::swap(wanted, image_wanted_);
  }
  if (!wanted) return;
  service_.workers.post([job = shared_from_this(), so_far = image.make()] {
    Json encoded = image_base64(so_far, {});
    const std::lock_guard lock(job->mutex_);
    job->current_image_ = std::move(encoded);
  });
}

void Txt2ImgJob::encode(size_t place, const Image& image) {
  try {
    const Image sized = in_size(image, request_.form);
    ImageRequest made = request_.image;
    made.sampling.seed = seed(place);
    const ImageText text = image_text(made, model_->summary(), image, request_.form);
    std::string png = image_base64(sized, request_.form, text);
    {
      const std::lock_guard lock(mutex_);
      slots_[place].png = std::move(png);
      slots_[place].infotext = text.at(kParametersKeyword);
    }
    settle(place);
  } catch (...) {
    fail(api_error_of(std::current_exception()));
  }
}

void Txt2ImgJob::settle(size_t place) {
  {
    const std::lock_guard lock(mutex_);
    if (over_ || slots_[place].settled) return;
    slots_[place].settled = true;
    if (--left_ > 0) return;
    over_ = true;
  }
  exchange_->reply({.body = reply_body()});
}

void Txt2ImgJob::fail(const ApiError& error) {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    over_ = true;
  }
  reply_error(*exchange_, error);
  submitted_.cancel();
}

void Txt2ImgJob::interrupt() {
  {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
  }
  submitted_.cancel();
}

bool Txt2ImgJob::over() const {
  const std::lock_guard lock(mutex_);
  return over_;
}

Json Txt2ImgJob::progress(bool with_image) {
  const std::lock_guard lock(mutex_);
  int lines = 0, all_lines = 0, done = 0;
  for (const Slot& slot : slots_) {
    lines += slot.settled ? slot.all_lines : slot.lines;
    all_lines += slot.all_lines;
    done += slot.settled ? 1 : 0;
  }
  const double share = static_cast<double>(lines) / all_lines;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  if (with_image) image_wanted_ = true;
  return progress_json(share, share > 0 ? seconds * (1 - share) / share : 0,
                       state_json(request_.count(), done, lines, all_lines, interrupted_),
                       with_image ? current_image_ : Json());
}

// Called once it is over, when nothing changes any more.
std::string Txt2ImgJob::reply_body() const {
  const ImageRequest& image = request_.image;
  Json images = Json::array(), seeds = Json::array(), subseeds = Json::array(), texts = Json::array(),
       prompts = Json::array(), negatives = Json::array();
  for (size_t place = 0; place < slots_.size(); ++place) {
    if (!slots_[place].png) continue;
    if (request_.send_images) images.push_back(*slots_[place].png);
    seeds.push_back(seed(place));
    subseeds.push_back(0);
    texts.push_back(slots_[place].infotext);
    prompts.push_back(image.prompt);
    negatives.push_back(image.negative_prompt);
  }
  const Json info{{"prompt", image.prompt},
                  {"all_prompts", std::move(prompts)},
                  {"negative_prompt", image.negative_prompt},
                  {"all_negative_prompts", std::move(negatives)},
                  {"seed", image.sampling.seed},
                  {"all_seeds", std::move(seeds)},
                  {"subseed", 0},
                  {"all_subseeds", std::move(subseeds)},
                  {"subseed_strength", 0},
                  {"width", request_.form.side},
                  {"height", request_.form.side},
                  {"native_size", model_->model().info().image_size},
                  {"sampler_name", kSampler},
                  {"cfg_scale", rounded(*image.guidance)},
                  {"steps", image.steps.value_or(slots_.front().all_lines)},
                  {"batch_size", request_.batch_size},
                  {"sd_model_name", model_->summary().name},
                  {"sd_model_hash", ""},
                  {"extra_generation_params", Json::object()},
                  {"index_of_first_image", 0},
                  {"infotexts", std::move(texts)},
                  {"styles", Json::array()},
                  {"clip_skip", 0},
                  {"version", fmt::format("janus {}", JANUS_VERSION)}};
  // That "info" is JSON within a text is AUTOMATIC1111's way.
  return to_line({{"images", std::move(images)}, {"parameters", request_.body}, {"info", to_line(info)}});
}

void Txt2ImgJobs::add(const std::shared_ptr<Txt2ImgJob>& job) {
  const std::lock_guard lock(mutex_);
  forget_what_is_over();
  jobs_.push_back(job);
}

std::shared_ptr<Txt2ImgJob> Txt2ImgJobs::oldest() {
  const std::lock_guard lock(mutex_);
  forget_what_is_over();
  return jobs_.empty() ? nullptr : jobs_.front().lock();
}

void Txt2ImgJobs::forget_what_is_over() {
  std::erase_if(jobs_, [](const std::weak_ptr<Txt2ImgJob>& job) {
    const auto alive = job.lock();
    return alive == nullptr || alive->over();
  });
}

}  // namespace janus::cli
