#include <new>

#include "cli/app/command.h"
#include "core/base/transient_error.h"

namespace janus::cli {

std::optional<Fault> fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const TransientError& error) {
    return Fault{error.what(), /*transient=*/true};
  } catch (const Error& error) {
    return Fault{error.what()};
  } catch (const std::bad_alloc&) {
    return Fault{kNoMemory, /*transient=*/true};
  }
  return std::nullopt;
}

std::optional<std::string> error_of(const std::function<void()>& action) {
  std::optional<Fault> fault = fault_of(action);
  return fault ? std::optional(std::move(fault->message)) : std::nullopt;
}

}  // namespace janus::cli
