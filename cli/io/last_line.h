// The end of the process where nothing else can be done any more.
#pragma once

#include <initializer_list>

namespace janus::cli {

// Writes `parts` as one error line to standard error, and ends the process with `exit_code`. Takes no memory
// of the heap, so that it may be called where there is none, and in a signal handler. Where several threads
// come here, the first one speaks.
[[noreturn]] void end_with_line(std::initializer_list<const char*> parts, int exit_code);

// From here on that line is a JSON object, as print_errors_as_json() has it.
void tell_last_line_as_json();

// From here on memory that ends where no exception may pass (a thread, a destructor) ends the process with
// one line and `exit_code`, in place of SIGABRT; so does a main thread that has no memory for its stack.
// Other faults of ours end it as ever.
void end_in_order_without_memory(int exit_code);

}  // namespace janus::cli
