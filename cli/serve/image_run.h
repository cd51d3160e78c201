// The images of one request of a client, and how they grow.
#pragma once

#include <functional>
#include <memory>

#include "cli/serve/http/exchange.h"
#include "cli/serve/model_host.h"
#include "cli/serve/service.h"

namespace janus::cli {

// An image as far as it is drawn, grey below.
struct PartialImage {
  int image = 0;
  int partial = 0;               // counts those of one image from 0
  int lines = 0, all_lines = 0;  // of codes: finished ones, and all
  const Image& so_far;
};

// Called on a worker, one after the other and in order. Any may be empty. What one throws ends the job with
// that. on_error is called before start_images() returns where the images are refused.
struct ImageEvents {
  // The place of an image in the model's queue, 0 as soon as it runs: on any thread, only for quick work.
  std::function<void(int image, int place)> on_place = {};
  std::function<void(const PartialImage& partial)> on_partial = {};
  std::function<void(int image, const GeneratedImage& made)> on_image = {};
  // In the end one of these two is called, once.
  std::function<void()> on_done = {};
  std::function<void(const ApiError& error)> on_error = {};
};

struct ImageJob {
  ImageRequest request;  // image k has the seed + k, modulo 2^32
  int count = 1;
  int partial_images = 0;  // of each image, at even distances
  int preview_every = 0;   // a partial image after so many lines in place of those; 0: partial_images says
};

// Starts the images. All are cancelled where one fails, or the exchange's client goes away.
void start_images(Service& service, const std::shared_ptr<ServedModel>& model,
                  const std::shared_ptr<Exchange>& exchange, const ImageJob& job, ImageEvents events);

}  // namespace janus::cli
