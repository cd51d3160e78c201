#include <new>
#include <utility>

#include "cli/app/command.h"
#include "core/base/machine_fault.h"
#include "core/base/transient_error.h"

namespace janus::cli {

std::optional<Fault> fault_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const MachineFault&) {
    throw;
  } catch (const TransientError& error) {
    return Fault{error.what(), /*transient=*/true};
  } catch (const Error& error) {
    return Fault{error.what()};
  }
  return std::nullopt;
}

std::optional<std::string> error_of(const std::function<void()>& action) {
  std::optional<Fault> fault = fault_of(action);
  return fault ? std::optional(std::move(fault->message)) : std::nullopt;
}

std::optional<std::string> any_error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::bad_alloc&) {
    return kNoMemory;
  }
  return std::nullopt;
}

void with_records(const std::function<void()>& action) {
  constexpr const char* kGoOn = "; the same command goes on with what is recorded";
  try {
    action();
  } catch (const MachineFault& fault) {
    throw MachineFault(fault.what() + std::string(kGoOn));
  } catch (const std::bad_alloc&) {
    throw MachineFault(kNoMemory + std::string(kGoOn));
  }
}

}  // namespace janus::cli
