// The picture so far, while its codes are drawn.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/io/output_file.h"
#include "generator/model.h"
#include "vision/image_file.h"

namespace janus::cli {

class Preview {
 public:
  // Throws UsageError for an extension that cannot be written, Error for a place that cannot. every: lines of
  // codes from one picture to the next.
  Preview(const std::string& path, int64_t every);

  // Writes the images drawn side by side, next to each other; what is not drawn yet is grey.
  void lines_drawn(std::span<const GeneratedImage> so_far, const Model& model, Console& console);
  // Puts a finished image in the place of its unfinished one.
  void finished(int index, const Image& image, Console& console);

 private:
  void write(Console& console) const;

  OutputFile output_;
  ImageFormat format_;
  int64_t every_;
  int first_ = 0;  // index of the image in tiles_[0]
  std::vector<Image> tiles_;
};

}  // namespace janus::cli
