#include "generator/engine/image_encodings.h"

#include <algorithm>

namespace janus {
namespace {

// Places of one image, which no prompt has more of.
constexpr int64_t kPlaces = int64_t{1} << 24;

}  // namespace

PromptImage prompt_image(const Image& image, const PreprocessConfig& config) {
  return std::make_shared<const std::vector<float>>(preprocess(image, config));
}

ImageEncodings::Encoding& ImageEncodings::encoding_of(const PromptImage& image) {
  Encoding& encoding = encodings_[image.get()];
  if (encoding.serial == 0 || encoding.image.expired()) {
    encoding = {.image = image, .serial = next_serial_++, .embeddings = {}};
  }
  return encoding;
}

std::vector<TokenKey> ImageEncodings::keys_of(std::span<const int32_t> ids,
                                              std::span<const PromptImage> images) {
  std::vector<TokenKey> keys(ids.begin(), ids.end());
  if (images.empty()) return keys;
  const int64_t places = model_->image_tokens();
  const int32_t placeholder = model_->placeholder_id();
  int64_t place = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (ids[i] != placeholder) continue;
    const auto image = static_cast<size_t>(place / places);
    // More places than images is refused when the embeddings are made.
    if (image < images.size()) keys[i] = -(encoding_of(images[image]).serial * kPlaces + place % places);
    ++place;
  }
  return keys;
}

std::vector<PromptImage> ImageEncodings::missing(std::span<const PromptImage> images) const {
  std::vector<PromptImage> missing;
  for (const PromptImage& image : images) {
    const auto found = encodings_.find(image.get());
    const bool seen =
        found != encodings_.end() && !found->second.image.expired() && !found->second.embeddings.empty();
    if (!seen && std::find(missing.begin(), missing.end(), image) == missing.end()) missing.push_back(image);
  }
  return missing;
}

void ImageEncodings::encode(std::span<const PromptImage> images, const LayerHook& on_layer) {
  if (images.empty()) return;
  std::vector<float> pixels;
  for (const PromptImage& image : images) pixels.insert(pixels.end(), image->begin(), image->end());
  const Tensor all = model_->encode_images(pixels, on_layer);  // [B, N, D]
  for (size_t i = 0; i < images.size(); ++i) {
    encoding_of(images[i]).embeddings =
        all.rows(static_cast<int64_t>(i), 1).reshape({all.size(1), all.size(2)});
  }
}

std::vector<Tensor> ImageEncodings::embeddings(std::span<const PromptImage> images) const {
  std::vector<Tensor> embeddings;
  for (const PromptImage& image : images) embeddings.push_back(encodings_.at(image.get()).embeddings);
  return embeddings;
}

void ImageEncodings::forget_unused() {
  std::erase_if(encodings_, [](const auto& one) { return one.second.image.expired(); });
}

}  // namespace janus
