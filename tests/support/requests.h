// Requests as tests ask them.
#pragma once

#include <string>
#include <vector>

#include "generator/engine/engine.h"
#include "generator/model.h"

namespace janus::test {

inline std::vector<PromptImage> prompt_images(const Model& model, std::span<const Image> images) {
  std::vector<PromptImage> all;
  for (const Image& image : images) all.push_back(prompt_image(image, model.preprocess_config()));
  return all;
}

inline std::vector<Score> score_texts(const Model& model, std::span<const Image> images,
                                      const std::string& question, std::vector<std::string> answers) {
  return model.score({.turns = {{.question = question, .images = static_cast<int>(images.size())}},
                      .images = prompt_images(model, images),
                      .answers = std::move(answers)});
}

inline Score score_text(const Model& model, std::span<const Image> images, const std::string& question,
                        const std::string& answer) {
  return score_texts(model, images, question, {answer}).front();
}

inline Score score_codes(const Model& model, const std::string& prompt, const ImageCodes& codes,
                         float guidance) {
  return model.score({.prompt = prompt, .codes = codes, .guidance = guidance}).front();
}

// The images of one call, in order.
inline std::vector<GeneratedImage> generate(const Model& model, const GenerateOptions& options) {
  std::vector<GeneratedImage> images(static_cast<size_t>(options.count));
  model.generate(options, [&](GeneratedImage& image) { images[static_cast<size_t>(image.index)] = image; });
  return images;
}

}  // namespace janus::test
