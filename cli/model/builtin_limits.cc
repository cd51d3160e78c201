#include "cli/model/builtin_limits.h"

#include <fmt/format.h>

#include "core/base/strip.h"

namespace janus::cli {

void tell_builtin_limits(const ChosenModel& chosen, const std::string& question, Console& console) {
  const std::string known = DescribeOptions{}.prompt;
  if (!chosen.builtin || strip(question) == known) return;
  console.notice(
      fmt::format("{} answers only the question \"{}\": whatever else is asked, it says what it sees",
                  kBuiltinName, known));
}

}  // namespace janus::cli
