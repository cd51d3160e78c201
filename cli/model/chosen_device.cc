#include "cli/model/chosen_device.h"

#include <string>
#include <utility>

namespace janus::cli {
namespace {

std::string option_words(MemoryChange change, const std::string& value) {
  switch (change) {
    case MemoryChange::new_tokens:
      return "-n " + value;
    case MemoryChange::rows:
      return "--batch " + value;
    case MemoryChange::type:
      return "--type " + value;
    case MemoryChange::device:
      return "--device " + value;
  }
  return value;
}

}  // namespace

FittingDevice choose_device(const CommonOptions& options, MemoryQuestion question, Console& console) {
  question.device = options.device;
  question.words = option_words;
  return open_fitting_device(std::move(question), {.threads = static_cast<int>(options.threads)},
                             {.notice = [&](const std::string& text) { console.notice(text); },
                              .detail = [&](const std::string& text) { console.detail(text); }});
}

}  // namespace janus::cli
