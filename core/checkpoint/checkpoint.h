// Opens a model: its JSON files and its tensors by name, mapped and in their stored type. One file a
// container format; this page is all that models know of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/checkpoint/file_set.h"
#include "core/checkpoint/stored_tensor.h"
#include "core/checkpoint/weight_files.h"
#include "core/tensor/device.h"
#include "core/tensor/tensor.h"

namespace janus {

// What to make of weight matrices while loading: one type, or each as it is stored (`native`). Vectors
// (norms, biases) are always f32.
class WeightType {
 public:
  static const WeightType native, f32, f16, bf16;

  // Names a type that weights may have.
  constexpr WeightType(DType dtype) : dtype_(dtype) {}  // NOLINT(google-explicit-constructor): a type is one
  // Must not be called on native.
  DType dtype() const { return *dtype_; }
  bool operator==(const WeightType& other) const = default;

 private:
  constexpr WeightType() = default;

  std::optional<DType> dtype_;
};
inline constexpr WeightType WeightType::native{}, WeightType::f32{DType::f32}, WeightType::f16{DType::f16},
    WeightType::bf16{DType::bf16};

WeightType weight_type_from_name(std::string_view name);  // throws Error naming the known ones
const char* name_of(WeightType type);
std::vector<std::string> weight_type_names();
// The type a matrix of `shape` takes. Where its rows are no whole number of blocks, the next larger type that
// fits; what is quantised already stays as it is rather than grow.
DType weight_dtype(WeightType type, DType stored, const Shape& shape);

// Whether `type` takes more bytes than `dtype`; never for native.
bool is_larger(WeightType type, DType dtype);

// What loading made of a tensor.
struct WeightUse {
  std::string part;  // of the model: "vision"
  DType dtype = DType::f32;
  bool matrix = false;
};

// The model's files at `path`: a folder, or the content of one GGUF file. Throws Error that says what was
// found in place of these.
FileSet open_model_files(const std::string& path);

struct CheckpointOptions {
  // Reads all weights once to hold them against the checksums that their files carry: torch pickles have
  // such, safetensors none.
  bool verify = false;
};

class Checkpoint {
 public:
  // Opens `config.json` and lists every tensor of the files that choose_weight_files names; prefixes that
  // training programs put before tensor names are taken out. Nothing is read but headers. Throws Error with
  // file, expected, found and what to do on anything wrong: no config, weights quantised by another program,
  // an adapter, truncated files, overlapping or missing tensors, a shard that is not there.
  static Checkpoint open(FileSet files, const CheckpointOptions& options = {});
  // A path for open_model_files.
  static Checkpoint open(const std::string& path, const CheckpointOptions& options = {});
  // Tensors that are in memory already, under a config.
  static Checkpoint from_tensors(FileSet files, nlohmann::json config,
                                 std::map<std::string, StoredTensor> tensors);

  const FileSet& files() const { return files_; }
  const nlohmann::json& config() const { return *config_; }

  // What the tensors were read from; no files where they were in memory already.
  const WeightFiles& weight_files() const { return state_->weight_files; }

  bool contains(const std::string& name) const { return tensors().contains(name); }
  // Throws Error naming the tensor and the files searched.
  const StoredTensor& find(const std::string& name) const;
  const std::map<std::string, StoredTensor>& tensors() const { return state_->tensors; }

  // What loading finds out is shared by copies of a checkpoint; threads must not load from one at the same
  // time.

  // Names of tensors that no Weights has read so far, sorted.
  std::vector<std::string> unread() const;
  void mark_read(const std::string& name, WeightUse use = {}) const { state_->read[name] = std::move(use); }
  // The tensors that were read, by name.
  const std::map<std::string, WeightUse>& read() const { return state_->read; }
  // Gives tensors that are there other names, old -> new. Throws Error where two names become one.
  void rename(const std::map<std::string, std::string>& names) const;
  // What a person should know of how the weights were read: each line is given out once.
  void note(const std::string& text) const;
  std::vector<std::string> take_notes() const;

 private:
  struct State {
    std::map<std::string, StoredTensor> tensors;
    WeightFiles weight_files;
    std::map<std::string, WeightUse> read;
    std::vector<std::string> notes;
    std::set<std::string> noted;
  };

  FileSet files_;
  std::shared_ptr<const nlohmann::json> config_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// The elements on `device`: in place of the file where that can be, else copied; f64 rounded to f32.
Tensor tensor_on(Device& device, const StoredTensor& stored);

// ops::convert, with the tensor's name in what it throws.
Tensor convert_weight(const Tensor& x, DType dtype, const std::string& name, const std::string& file);

struct LoadOptions {
  // Only notes what would become of each tensor (Checkpoint::read): matrices stay as they are stored.
  bool plan = false;
  // Called before each tensor is read, with its stored bytes.
  std::function<void(int64_t bytes)> on_read = {};
};

// A place in a checkpoint's tree of names: (w / "blocks" / 3).matrix("attn.qkv.weight", {3072, 1024}).
// Refers to the checkpoint, which must outlive it; the tensors it returns keep their files mapped themselves.
class Weights {
 public:
  Weights(const Checkpoint& checkpoint, Device& device, WeightType type, LoadOptions options = {})
      : checkpoint_(&checkpoint),
        device_(&device),
        type_(type),
        options_(std::make_shared<const LoadOptions>(std::move(options))) {}

  // The same place, whose tensors belong to `name` and whose matrices take `type`.
  Weights part(std::string name, WeightType type) const;
  Weights operator/(std::string_view part) const;
  Weights operator/(int64_t index) const;

  Device& device() const { return *device_; }
  WeightType type() const { return type_; }
  std::string path(std::string_view name) const;  // "blocks.3.attn.qkv.weight"
  bool contains(std::string_view name) const;
  // The stored shape; throws as get() if there is no such tensor.
  const Shape& shape(std::string_view name) const;
  // The stored shape where its number of axes is not the caller's to know otherwise: throws unless it is
  // `rank`.
  const Shape& shape(std::string_view name, int rank) const;

  // A vector or another small tensor, as f32. Throws Error with the full path, the expected and the found
  // shape and the file.
  Tensor get(std::string_view name, const Shape& expected) const;
  // A weight matrix (linear, embedding, convolution) in its stored type, mapped; converted as weight_dtype
  // says, by all threads of the device.
  Tensor matrix(std::string_view name, const Shape& expected) const;
  // The same for a matrix that only products read: then in the device's preferred_weight_layout.
  Tensor product_matrix(std::string_view name, const Shape& expected) const;

 private:
  const StoredTensor& stored(std::string_view name, const Shape& expected) const;

  const Checkpoint* checkpoint_;
  Device* device_;
  WeightType type_;
  std::shared_ptr<const LoadOptions> options_;
  std::string part_, prefix_;
};

}  // namespace janus
