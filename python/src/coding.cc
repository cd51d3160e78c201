// What a model sees in pictures, and pictures as it has them: codes or latents.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <functional>
#include <map>

#include "python/src/arrays.h"
#include "python/src/errors.h"
#include "python/src/model.h"
#include "python/src/picture.h"
#include "python/src/ticket.h"
#include "python/src/typed.h"

namespace janus::python {
namespace {

namespace nb = nanobind;

// Ends a piece of work that the engine lets go of uncalled.
template <typename Result>
class EndsUncalled {
 public:
  explicit EndsUncalled(std::shared_ptr<Pending<Result>> pending) : pending_(std::move(pending)) {}
  ~EndsUncalled() {
    pending_->fail(std::make_exception_ptr(
        ModelError("model: expected an open one, found it closed meanwhile; load it again")));
  }
  EndsUncalled(const EndsUncalled&) = delete;
  EndsUncalled& operator=(const EndsUncalled&) = delete;

 private:
  const std::shared_ptr<Pending<Result>> pending_;
};

// Work for the engine's thread, between two of its steps: nothing else may use the model. Called with
// Python's lock.
template <typename Result>
Ticket<Result> work(const OpenModel& model, uint64_t key, std::function<Result(const Model&)> action) {
  std::shared_ptr<RunningModel> running = model.running();
  const auto pending = model.new_pending<Result>(key);
  const Unlocked unlocked;
  const auto ends = std::make_shared<EndsUncalled<Result>>(pending);
  running->call([pending, ends, action = std::move(action), &loaded = running->model()] {
    try {
      pending->finish(action(loaded));
    } catch (...) {
      pending->fail(std::current_exception());
    }
  });
  // It has no id: what has begun is one pass, which goes to its end.
  return {std::move(running), pending, 0};
}

EmbedStage stage_of(const std::string& name) {
  static const std::map<std::string, EmbedStage> kStages{{"pixels", EmbedStage::pixels},
                                                         {"vision", EmbedStage::vision},
                                                         {"aligned", EmbedStage::aligned},
                                                         {"latent", EmbedStage::latent}};
  const auto found = kStages.find(name);
  if (found == kStages.end()) {
    throw RequestError(fmt::format(
        "stage: expected one of pixels, vision, aligned, latent, found \"{}\"; give one of these", name));
  }
  return found->second;
}

std::vector<std::vector<float>> prepare_embedding(const RunningModel& running,
                                                  const std::vector<Picture>& pictures, EmbedStage stage) {
  const ImageEmbedder& embedder =
      as<ModelError>([&]() -> const ImageEmbedder& { return running.model().need_image_embedder(); });
  std::vector<std::vector<float>> prepared;
  for (const Picture& picture : pictures) {
    prepared.push_back(as<ImageError>([&] { return embedder.prepare(*picture.image, stage); }));
  }
  return prepared;
}

Ticket<std::vector<Array>> embed(const OpenModel& model, const std::vector<Picture>& pictures,
                                 const std::string& stage_name, uint64_t key) {
  const EmbedStage stage = stage_of(stage_name);
  std::vector<std::vector<float>> prepared = [&, running = model.running()] {
    const Unlocked unlocked;
    return prepare_embedding(*running, pictures, stage);
  }();
  return work<std::vector<Array>>(model, key, [stage, prepared = std::move(prepared)](const Model& loaded) {
    return loaded.need_image_embedder().embed(prepared, stage);
  });
}

Ticket<ImageCodes> encode_codes(const OpenModel& model, const Picture& picture, uint64_t key) {
  return work<ImageCodes>(model, key, [image = picture.image](const Model& loaded) {
    return as<ModelError>([&]() -> const ImageCoder& { return loaded.need_image_coder(); }).encode(*image);
  });
}

Ticket<Array> encode_latent(const OpenModel& model, const Picture& picture, uint64_t key) {
  return work<Array>(model, key, [image = picture.image](const Model& loaded) {
    return as<ModelError>([&]() -> const LatentCoder& { return loaded.need_latent_coder(); }).encode(*image);
  });
}

Ticket<Array> decode_codes(const OpenModel& model, const GivenArray<int32_t, 2>& array, uint64_t key) {
  ImageCodes codes = codes_of(array);
  return work<Array>(model, key, [codes = std::move(codes)](const Model& loaded) {
    return as<RequestError>([&] { return loaded.need_image_coder().decode(codes); });
  });
}

Ticket<Array> decode_latent(const OpenModel& model, const GivenArray<float, 3>& array, uint64_t key) {
  Array latent{.shape = {}, .values = {array.data(), array.data() + array.size()}};
  for (size_t axis = 0; axis < 3; ++axis) latent.shape.push_back(static_cast<int64_t>(array.shape(axis)));
  return work<Array>(model, key, [latent = std::move(latent)](const Model& loaded) {
    return as<RequestError>([&] { return loaded.need_latent_coder().decode(latent); });
  });
}

Picture to_picture(const GivenArray<float, 3>& values, bool rounds) {
  if (values.shape(2) != 3) throw RequestError("values: expected [height, width, 3]; give these");
  const auto height = static_cast<int>(values.shape(0)), width = static_cast<int>(values.shape(1));
  return {std::make_shared<const Image>(to_image({values.data(), values.size()}, width, height,
                                                 rounds ? ByteRounding::nearest : ByteRounding::down))};
}

ListOfAny list_of(std::vector<Array> arrays) {
  ListOfAny list;
  for (Array& array : arrays) list.append(numpy_of(std::move(array)));
  return list;
}

}  // namespace

void bind_coding(nb::module_& module, BoundModel& model) {
  bind_ticket<std::vector<Array>, NoPieces>(
      module, "ArraysTicket", [](std::vector<Array> arrays) { return list_of(std::move(arrays)); });
  bind_ticket<Array, NoPieces>(module, "ArrayTicket", [](Array array) { return numpy_of(std::move(array)); });
  bind_ticket<ImageCodes, NoPieces>(module, "CodesTicket",
                                    [](ImageCodes codes) { return numpy_of(std::move(codes)); });
  module.def("to_picture", &to_picture, nb::arg("values"), nb::arg("rounds"),
             "Decoder output [h, w, 3] of -1..1 as a picture, rounded to the nearest or down.");
  model.def("embed", &embed, nb::arg("pictures"), nb::arg("stage"), nb::arg("key"),
            "Begins one array a picture, as EmbedStage of generator/model.h has them.");
  model.def("encode_codes", &encode_codes, nb::arg("picture"), nb::arg("key"),
            "Begins the codes of a picture, int32 [h, w].");
  model.def("encode_latent", &encode_latent, nb::arg("picture"), nb::arg("key"),
            "Begins the latent of a picture, float32 [channels, h, w].");
  model.def("decode_codes", &decode_codes, nb::arg("codes"), nb::arg("key"),
            "Begins the decoder's output for codes, int32 [h, w] -> float32 [H, W, 3] of -1..1.");
  model.def("decode_latent", &decode_latent, nb::arg("latent"), nb::arg("key"),
            "Begins the decoder's output for a latent, float32 [channels, h, w] -> float32 [H, W, 3].");
}

}  // namespace janus::python
