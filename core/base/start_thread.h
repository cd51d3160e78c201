// Threads that the machine may not have.
#pragma once

#include <future>
#include <system_error>
#include <thread>
#include <utility>

namespace janus {

// Throws MachineFault: there is no other thread, for the reason that `error` has.
[[noreturn]] void fail_without_thread(const std::system_error& error);

// As std::thread and std::async do. Throws MachineFault where the system has no more threads, or no memory
// for one's stack.
template <typename Action>
std::thread start_thread(Action action) {
  try {
    return std::thread(std::move(action));
  } catch (const std::system_error& error) {
    fail_without_thread(error);
  }
}

template <typename Action>
std::future<void> start_task(Action action) {
  try {
    return std::async(std::launch::async, std::move(action));
  } catch (const std::system_error& error) {
    fail_without_thread(error);
  }
}

}  // namespace janus
