#include "python/src/picture.h"

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include <span>
#include <utility>

#include "python/src/arrays.h"
#include "python/src/errors.h"
#include "python/src/unlocked.h"
#include "vision/check_image.h"
#include "vision/image_file.h"
#include "vision/image_kind.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

std::span<const std::byte> bytes_of(const nb::bytes& bytes) {
  return {static_cast<const std::byte*>(bytes.data()), bytes.size()};
}

nb::bytes read_file(const std::string& path) {
  const std::string content = [&] {
    const Unlocked unlocked;
    return as<ImageError>([&] { return read_image_file(path); });
  }();
  return nb::bytes(content.data(), content.size());
}

std::optional<std::string> kind_of(const nb::bytes& head) {
  const auto kind = image_kind_of(bytes_of(head));
  return kind ? std::optional(kind->name) : std::nullopt;
}

// What was odd about a file stands beside the picture.
std::pair<Picture, std::string> decode(const nb::bytes& file, const std::string& name) {
  const std::span<const std::byte> bytes = bytes_of(file);
  const Unlocked unlocked;
  DecodedImage decoded = as<ImageError>([&] { return decode_image(bytes, name); });
  return {{std::make_shared<const Image>(std::move(decoded.image))}, std::move(decoded.warning)};
}

Picture from_array(const GivenArray<uint8_t, 3>& array) {
  if (array.shape(2) != 3) throw ImageError("picture: expected an array [height, width, 3]; give one");
  const Unlocked unlocked;
  Image image{static_cast<int>(array.shape(1)), static_cast<int>(array.shape(0)), {}};
  image.pixels.assign(array.data(), array.data() + array.size());
  as<ImageError>([&] { check_image(image); });
  return {std::make_shared<const Image>(std::move(image))};
}

// uint8 [height, width, 3], of the picture's own bytes.
nb::ndarray<nb::numpy, const uint8_t> array_of(const Picture& picture) {
  auto owned = std::make_unique<std::shared_ptr<const Image>>(picture.image);
  const Image& image = **owned;
  const nb::capsule owner(
      owned.get(), [](void* shared) noexcept { delete static_cast<std::shared_ptr<const Image>*>(shared); });
  (void)owned.release();
  return {image.pixels.data(),
          {static_cast<size_t>(image.height), static_cast<size_t>(image.width), size_t{3}},
          owner};
}

nb::bytes encode(const Picture& picture, const std::string& format, const ImageText& text, int quality) {
  const std::vector<std::byte> bytes = [&] {
    const Unlocked unlocked;
    return as<ImageError>([&] {
      const auto known = image_format_of("image." + format);
      check(known.has_value(), "format: expected one of {}, found \"{}\"; give one of these",
            writable_extensions(), format);
      return encode_image(*picture.image, *known, text, quality);
    });
  }();
  return nb::bytes(bytes.data(), bytes.size());
}

}  // namespace

void bind_pictures(nb::module_& module) {
  module.def("read_file", &read_file, nb::arg("path"),
             "The bytes of a picture's file. Raises ImageError where it cannot be read.");
  module.def("kind_of", &kind_of, nb::arg("head"),
             "The kind of picture that a file's first bytes (2048 of them) tell, 'PNG'; None for others.");
  module.def("decode", &decode, nb::arg("file"), nb::arg("name"),
             "A file's picture, and what was odd about it or ''. Raises ImageError.");
  nb::class_<Picture>(module, "Picture", "An 8-bit RGB picture.")
      .def_static("from_array", &from_array, nb::arg("array"), "Copies uint8 [height, width, 3].")
      .def_prop_ro("width", [](const Picture& picture) { return picture.image->width; })
      .def_prop_ro("height", [](const Picture& picture) { return picture.image->height; })
      .def("array", &array_of, "The pixels, uint8 [height, width, 3]; shared and read-only.")
      .def("encode", &encode, nb::arg("format"), nb::arg("text"), nb::arg("quality"),
           "The bytes of a file 'png', 'jpeg' or 'webp' with texts in it, as the program writes it.");
  nb::class_<Prepared>(module, "Prepared", "A picture as the vision tower takes it.");
}

}  // namespace janus::python
