#include "generator/memory_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/readable_bytes.h"

namespace janus {
namespace {

// The types of weights from the best to the smallest, each smaller than the one before. Weights mapped as
// they are stored need no memory that cannot be given back.
std::vector<WeightType> smaller_types() {
  std::vector<WeightType> types{WeightType::native, WeightType::bf16};
  for (const DType type : block_types()) {
    if (is_larger(types.back(), type)) types.emplace_back(type);
  }
  return types;
}

// What the system cannot take back.
bool own_fits(const MemoryNeed& need, const MachineMemory& machine) {
  return need.own_bytes() <= std::min(machine.available_bytes, machine.address_bytes);
}

// With the weights that it can, which are mapped already.
bool fits(const MemoryNeed& need, const MachineMemory& machine) {
  return need.own_bytes() + need.mapped_bytes <= machine.available_bytes && own_fits(need, machine);
}

// "2.25 GB that the machine has left"
std::string left(const MachineMemory& machine) {
  const bool limited = machine.address_bytes < machine.available_bytes;
  return fmt::format("{} that {} left",
                     readable_bytes(limited ? machine.address_bytes : machine.available_bytes),
                     limited ? "the limit of this process (ulimit -v, -d) has" : machine.limit + " has");
}

MemoryNeed need_of(const MemoryQuestion& question) {
  MemoryNeed need = memory_need(question.checkpoint, question.device, question.options, question.work);
  if (question.in_memory) need.mapped_bytes = 0;
  return need;
}

// The first of these changes, from the least to the most, with which it fits; empty if none does.
std::string remedy(const MemoryQuestion& question, const MachineMemory& machine) {
  constexpr int64_t kShortAnswer = 512;
  const auto with = [&](const auto& change) {
    MemoryQuestion other = question;
    change(other);
    try {
      return fits(need_of(other), machine);
    } catch (const Error&) {
      return false;  // a type that this model's own does not allow
    }
  };
  const auto short_answer = [](MemoryQuestion& other) { other.work.new_tokens = kShortAnswer; };
  if (question.work.new_tokens > kShortAnswer && with(short_answer))
    return question.words(MemoryChange::new_tokens, std::to_string(kShortAnswer));
  for (int rows = question.work.rows / 2; rows >= 1; rows /= 2) {
    if (with([&](MemoryQuestion& other) { other.work.rows = rows; })) {
      return question.words(MemoryChange::rows, std::to_string(rows));
    }
  }
  for (const WeightType type : smaller_types()) {
    const auto other_type = [&](MemoryQuestion& other) { other.options.type = type; };
    if (with(other_type)) return question.words(MemoryChange::type, name_of(type));
  }
  return {};
}

std::string parts(const MemoryNeed& need) {
  std::string text;
  const auto part = [&](const char* what, int64_t bytes) {
    if (bytes > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, readable_bytes(bytes));
  };
  part("weights in memory", need.held_bytes);
  part("weights mapped from files", need.mapped_bytes);
  part("cache", need.cache_bytes);
  part("scratch", need.scratch_bytes);
  return text;
}

MachineMemory memory_of(const Device& device) {
  const int64_t own = device.free_bytes();
  // Its driver takes some, and blocks of memory are larger than what is asked for.
  return own < 0 ? machine_memory() : MachineMemory{.available_bytes = own / 16 * 15, .limit = "the GPU"};
}

void tell(const std::function<void(const std::string&)>& listener, const std::string& text) {
  if (listener) listener(text);
}

// Why "auto" takes no GPU is for those who ask, unless there is one.
std::shared_ptr<Device> open_any(const DeviceOptions& options, const DeviceListeners& listeners) {
  try {
    return open_device("cuda", options);
  } catch (const Error& error) {
    const std::string text = fmt::format("no GPU is used: {}", error.what());
    std::error_code fault;
    tell(std::filesystem::exists("/dev/nvidiactl", fault) ? listeners.notice : listeners.detail, text);
  }
  return open_device("cpu", options);
}

}  // namespace

std::string memory_words(MemoryChange change, const std::string& value) {
  switch (change) {
    case MemoryChange::new_tokens:
      return "new_tokens " + value;
    case MemoryChange::rows:
      return "rows " + value;
    case MemoryChange::type:
      return "type " + value;
    case MemoryChange::device:
      return "device " + value;
  }
  return value;
}

MemoryAnswer check_memory(const MemoryQuestion& asked, const MachineMemory& machine) {
  // From as many images side by side as the device likes to one.
  std::vector<std::pair<MemoryQuestion, MemoryNeed>> tries;
  for (const int images : {0, 8, 4, 2, 1}) {
    if (images >= std::max(1, asked.work.generated_images)) continue;
    MemoryQuestion question = asked;
    question.work.images_at_once = images;
    tries.emplace_back(question, need_of(question));
    if (fits(tries.back().second, machine)) return {.warning = {}, .images_at_once = images};
  }
  const auto first = std::find_if(tries.begin(), tries.end(),
                                  [&](const auto& one) { return own_fits(one.second, machine); });
  const auto& [question, need] = first == tries.end() ? tries.back() : *first;
  const std::string change = remedy(question, machine);
  const std::string found = left(machine);
  std::string use = "use " + change;
  if (change.empty()) {
    use = device_traits(question.device).has_own_memory
              ? fmt::format("use {} or a smaller model", question.words(MemoryChange::device, "cpu"))
              : "close other programs, or use a smaller model";
  }
  if (first != tries.end()) {
    return {.warning = fmt::format(
                "model {}: {} is more than the {}; weights will be read from the disk again and again; {}",
                question.model, parts(need), found, use),
            .images_at_once = question.work.images_at_once};
  }
  throw NotEnoughMemory(fmt::format("memory, model {}: expected {} ({}), found {}; {}", question.model,
                                    readable_bytes(need.own_bytes()), parts(need), found, use));
}

void check_room(int64_t bytes, const std::string& what, const std::string& advice,
                const MachineMemory& machine) {
  if (bytes <= std::min(machine.available_bytes, machine.address_bytes)) return;
  throw NotEnoughMemory(fmt::format("memory, {}: expected {}, found {}; {}", what, readable_bytes(bytes),
                                    left(machine), advice));
}

FittingDevice open_fitting_device(MemoryQuestion question, const DeviceOptions& options,
                                  const DeviceListeners& listeners) {
  const bool any = question.device == "auto";
  std::shared_ptr<Device> device = any ? open_any(options, listeners) : open_device(question.device, options);
  MemoryAnswer answer;
  try {
    question.device = device->name();
    answer = check_memory(question, memory_of(*device));
  } catch (const Error& error) {
    if (!any || device->free_bytes() < 0) throw;
    tell(listeners.notice, fmt::format("{} is not used: {}", device->name(), error.what()));
    device = open_device("cpu", options);
    question.device = device->name();
    answer = check_memory(question, memory_of(*device));
  }
  if (!answer.warning.empty()) tell(listeners.notice, answer.warning);
  if (answer.images_at_once > 0) {
    tell(listeners.detail,
         fmt::format("{} images are drawn side by side: more do not fit", answer.images_at_once));
  }
  return {device, answer.images_at_once};
}

}  // namespace janus
