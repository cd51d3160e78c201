// The image so far, while its codes are sampled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/io/output_file.h"
#include "vision/image_file.h"

namespace janus::cli {

class Preview {
 public:
  // Throws UsageError for an extension that cannot be written, Error for a place that cannot.
  Preview(const std::string& path, int quality);

  // Images are shown in groups of so many, side by side.
  void set_group(int64_t images) { group_ = images; }
  // Writes image `index` of all as it is now, beside what is there of its group.
  void show(int64_t index, Image image, Console& console);

 private:
  void write(Console& console) const;

  OutputFile output_;
  ImageFormat format_;
  int quality_;
  int64_t group_ = 1;
  int64_t first_ = 0;  // index of the image in tiles_[0]
  std::vector<Image> tiles_;
};

}  // namespace janus::cli
