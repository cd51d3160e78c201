// A tensor as it lies in a file, whatever the container format.
#pragma once

#include <span>
#include <string>

#include "core/base/mapped_file.h"
#include "core/tensor/tensor.h"

namespace janus {

// Checked against its file before it is listed.
struct StoredTensor {
  std::string type;          // as the file names it: "BF16", "I64"
  DType dtype = DType::f32;  // once loaded; only where `unreadable` is empty
  Shape shape;               // [elements] where the file has more axes than a Shape takes
  FileBytes data;            // exactly the tensor's bytes, aligned or not
  std::string file;          // its name in the folder, for messages
  std::string unreadable;    // why no model can read it, "5 axes" or "type I64"; else empty

  // No device has such elements: they become f32 when they are loaded.
  bool is_f64() const { return type == "F64"; }
  // What people call the type in which it is stored: "bf16"; the file's own word where no model can read it.
  std::string type_name() const { return unreadable.empty() && !is_f64() ? name_of(dtype) : type; }

  // Sets type, dtype, shape and unreadable of a tensor of this type (as safetensors names it) and these
  // sizes, whose product is `elements`.
  void describe(std::string stored_type, std::span<const int64_t> sizes, int64_t elements);
};

}  // namespace janus
