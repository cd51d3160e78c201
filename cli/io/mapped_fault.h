// A model file that is cut short while it is read.
#pragma once

namespace janus::cli {

// From here on touching what is gone of a mapped file (core/base/mapped_file.h) ends the process with one
// line on standard error and `exit_code`, instead of the system's "Bus error". Other faults end it as ever.
void end_on_mapped_fault(int exit_code);

}  // namespace janus::cli
