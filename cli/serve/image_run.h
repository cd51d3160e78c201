// The images of one request of a client, and how they grow.
#pragma once

#include <functional>
#include <memory>

#include "cli/serve/http/exchange.h"
#include "cli/serve/model_host.h"
#include "cli/serve/service.h"

namespace janus::cli {

// Called on a worker, one after the other and in order. Any may be empty. What one throws ends the job with
// that. on_error is called before start_images() returns where the images are refused.
struct ImageEvents {
  // The image as far as it is drawn, grey below; `partial` counts those of one image from 0.
  std::function<void(int image, int partial, const Image& so_far)> on_partial = {};
  std::function<void(int image, const GeneratedImage& made)> on_image = {};
  // In the end one of these two is called, once.
  std::function<void()> on_done = {};
  std::function<void(const ApiError& error)> on_error = {};
};

struct ImageJob {
  ImageRequest request;  // image k has the seed + k, modulo 2^32
  int count = 1;
  int partial_images = 0;  // of each image
};

// Starts the images. All are cancelled where one fails, or the exchange's client goes away.
void start_images(Service& service, const std::shared_ptr<ServedModel>& model,
                  const std::shared_ptr<Exchange>& exchange, const ImageJob& job, ImageEvents events);

}  // namespace janus::cli
