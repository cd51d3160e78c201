#include "cli/io/last_line.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "cli/app/command.h"
#include "cli/io/console.h"
#include "core/base/control_chars.h"
#include "core/base/machine_fault.h"
#include "core/base/utf8.h"

namespace janus::cli {
namespace {

std::atomic<bool> ending{false}, as_json{false};
std::atomic<int> exit_code_without_memory{1};

// A line that is cut where it would be longer than any should be.
class FixedLine {
 public:
  void add(const char* text) {
    for (; *text != '\0' && length_ < letters_.size() - 8; ++text) letters_[length_++] = *text;
  }
  // Bytes that may come from anywhere, a path's.
  void add_safe(std::string_view text) {
    constexpr size_t kRest = 256, kLongestChar = 4;
    while (!text.empty() && length_ < letters_.size() - kRest - kLongestChar) {
      const Utf8Char next = utf8_front(text);
      const bool shows =
          next.well_formed && !is_control(next.code_point) && !turns_or_ends_lines(next.code_point);
      if (as_json && (text[0] == '"' || text[0] == '\\')) letters_[length_++] = '\\';
      if (!shows) letters_[length_++] = '?';
      for (size_t i = 0; shows && i < next.length; ++i) letters_[length_++] = text[i];
      text.remove_prefix(next.length);
    }
  }
  void write() const { (void)!::write(error_descriptor(), letters_.data(), length_); }

 private:
  std::array<char, 2048> letters_{};
  size_t length_ = 0;
};

bool is_memory_left() {
  constexpr size_t kSome = size_t{1} << 20;
  void* const some = std::malloc(kSome);
  std::free(some);
  return some != nullptr;
}

// Where there is no memory for an exception either, none is active.
bool is_without_memory() {
  const std::exception_ptr active = std::current_exception();
  if (!active) return !is_memory_left();
  try {
    std::rethrow_exception(active);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (const MachineFault&) {
    return true;
  } catch (const std::system_error&) {  // of a thread
    return true;
  } catch (...) {
    return false;
  }
}

void on_terminate() {
  if (is_without_memory()) end_with_line({kNoMemory}, exit_code_without_memory);
  std::abort();
}

// The system ends a process whose stack cannot grow by a signal: what the main thread needs is taken at once.
// (The stacks of other threads are taken whole when they start.)
[[gnu::noinline]] void take_stack() {
  constexpr size_t kStack = size_t{512} << 10;
  void* const trial = mmap(nullptr, 2 * kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (trial == MAP_FAILED) end_with_line({kNoMemory}, exit_code_without_memory);
  munmap(trial, 2 * kStack);
  std::array<volatile char, kStack> stack;
  for (size_t i = 0; i < stack.size(); i += 4096) stack[stack.size() - 1 - i] = 0;
}

}  // namespace

void tell_last_line_as_json() { as_json = true; }

void end_with_line(std::initializer_list<const char*> parts, int exit_code) {
  while (ending.exchange(true)) pause();
  FixedLine line;
  if (isatty(error_descriptor()) != 0 && !as_json) line.add("\r\x1b[K");  // a bar may stand there
  line.add(as_json ? "{\"error\":\"" : "janus: ");
  for (const char* part : parts) line.add_safe(part);
  line.add(as_json ? "\"}\n" : "\n");
  line.write();
  _exit(exit_code);
}

void end_in_order_without_memory(int exit_code) {
  exit_code_without_memory = exit_code;
  std::set_terminate(on_terminate);
  take_stack();
}

}  // namespace janus::cli
