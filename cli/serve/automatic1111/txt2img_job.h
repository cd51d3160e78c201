// A request of /sdapi/v1/txt2img that is under way.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve/automatic1111/txt2img_request.h"
#include "cli/serve/service.h"
#include "cli/serve/submitted.h"

namespace janus::cli {

// Its functions may be called from any thread.
class Txt2ImgJob : public std::enable_shared_from_this<Txt2ImgJob> {
 public:
  Txt2ImgJob(Service& service, std::shared_ptr<Exchange> exchange, std::shared_ptr<ServedModel> model,
             Txt2Img request);

  // Asks the model for the images, and answers the exchange once they are there. Throws ApiError where the
  // model does not take the request. Images that nobody waits for any more are given up.
  void start();
  // Gives up the images that are not done; the reply has the others.
  void interrupt();
  bool over() const;

  // As GET /sdapi/v1/progress tells it. The image so far is the one that the last call has asked for: it is
  // made where the engine stands then, which this does not wait for.
  Json progress(bool with_image);

 private:
  struct Slot {
    int lines = 0, all_lines = 1;
    bool settled = false;
    std::optional<std::string> png;  // in base64
    std::string infotext;
  };

  ImageSink sink(size_t place);
  void take_line(size_t place, const ImageSoFar& image);
  void encode(size_t place, const Image& image);
  void settle(size_t place);
  void fail(const ApiError& error);
  std::string reply_body() const;
  uint32_t seed(size_t place) const { return request_.image.sampling.seed + static_cast<uint32_t>(place); }

  Service& service_;
  const std::shared_ptr<Exchange> exchange_;
  const std::shared_ptr<ServedModel> model_;
  const Txt2Img request_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();

  Submitted submitted_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<Slot> slots_;
  size_t left_;
  bool over_ = false, interrupted_ = false;
  bool image_wanted_ = false;
  Json current_image_;  // null, or a PNG in base64
};

// The requests that are under way, oldest first.
class Txt2ImgJobs {
 public:
  void add(const std::shared_ptr<Txt2ImgJob>& job);
  // Null where there is none.
  std::shared_ptr<Txt2ImgJob> oldest();

 private:
  void forget_what_is_over();

  std::mutex mutex_;
  std::vector<std::weak_ptr<Txt2ImgJob>> jobs_;
};

// As GET /sdapi/v1/progress tells it where nothing is under way.
Json idle_progress();

}  // namespace janus::cli
