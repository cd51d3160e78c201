// The module `lanczos`: enlarging by OpenCV, apart from its codecs, which take twenty times as long to open.
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/formats/image_module.h"

namespace {

void enlarge_lanczos(const janus::Image& from, janus::Image& to) {
  // OpenCV does not write to the source, but takes no pointer to const.
  const cv::Mat source(from.height, from.width, CV_8UC3, const_cast<uint8_t*>(from.pixels.data()));
  cv::Mat target(to.height, to.width, CV_8UC3, to.pixels.data());
  cv::resize(source, target, target.size(), 0, 0, cv::INTER_LANCZOS4);
}

}  // namespace

void janus_image_module(janus::ImageModule& module) {
  module = {};
  module.enlarge_lanczos = enlarge_lanczos;
}
