// The embeddings that the vision tower makes of images, kept for as long as a request holds the image.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "generator/engine/cache_rows.h"
#include "generator/engine/engine_model.h"

namespace janus {

class ImageEncodings {
 public:
  explicit ImageEncodings(const EngineModel& model) : model_(&model) {}

  // The keys of a prompt's tokens.
  std::vector<TokenKey> keys_of(std::span<const int32_t> ids, std::span<const PromptImage> images);
  // The images among `images` that have not been encoded, each once.
  std::vector<PromptImage> missing(std::span<const PromptImage> images) const;
  // Encodes images in one pass of the vision tower.
  void encode(std::span<const PromptImage> images, const LayerHook& on_layer);
  // The embeddings [N, D] of each image. All must have been encoded.
  std::vector<Tensor> embeddings(std::span<const PromptImage> images) const;
  // Forgets the images that nobody holds.
  void forget_unused();

 private:
  struct Encoding {
    std::weak_ptr<const std::vector<float>> image;
    int64_t serial = 0;
    Tensor embeddings;  // empty until encode()
  };
  Encoding& encoding_of(const PromptImage& image);

  const EngineModel* model_;
  std::map<const std::vector<float>*, Encoding> encodings_;
  int64_t next_serial_ = 1;
};

}  // namespace janus
