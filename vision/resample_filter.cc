#include "vision/resample_filter.h"

#include <cmath>

#include "core/base/error.h"

namespace janus {
namespace {

constexpr double kPi = 3.14159265358979323846;

double box(double x) { return x > -0.5 && x <= 0.5 ? 1 : 0; }

double triangle(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

double hamming(double x) {
  x = std::abs(x);
  if (x == 0) return 1;
  if (x >= 1) return 0;
  x *= kPi;
  return std::sin(x) / x * (0.54F + 0.46F * std::cos(x));  // single precision, as there
}

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double sinc(double x) {
  if (x == 0) return 1;
  x *= kPi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

}  // namespace

ResampleFilter filter_of(Resample resample) {
  switch (resample) {
    case Resample::box:
      return {.support = 0.5, .weight = box};
    case Resample::bilinear:
      return {.support = 1, .weight = triangle};
    case Resample::hamming:
      return {.support = 1, .weight = hamming};
    case Resample::bicubic:
      return {.support = 2, .weight = cubic};
    case Resample::lanczos:
      return {.support = 3, .weight = lanczos};
    default:
      fail("resample: expected a filter that weighs pixels, found {}", static_cast<int>(resample));
  }
}

}  // namespace janus
