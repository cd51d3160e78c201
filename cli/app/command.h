// What a command of the program is, and the ways its work can end. main.cc alone turns these into exit codes.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/io/console.h"

namespace janus::cli {

// How a command ended that was not cut short by an exception.
enum class Outcome { done, some_failed, all_failed, interrupted };

// The command line alone is wrong, whatever files and models there are.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Whoever read our standard output has gone: no fault, and nobody to tell.
class ClosedPipe : public std::exception {};

// Standard output takes no more: the end of the run, not the fault of one of several items.
class OutputFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Command {
  std::string name;
  std::string summary;
  std::vector<std::string> examples;  // whole command lines, simplest first
  // Adds the command's own options; their values land where `run` finds them.
  std::function<void(OptionSet&)> declare;
  // Throws UsageError before anything is opened, Error for everything else that ends the command.
  std::function<Outcome(const CommonOptions&, Console&)> run;
  std::string notes = {};  // whole lines below the options in --help, as wrapped_notes() reads them
  // Common options that would change nothing in it, by their long names: its help and completion leave them
  // out. They are accepted, because scripts give the same ones to every command.
  std::vector<std::string> unused = {};

  bool leaves_unused(const std::string& long_name) const {
    return std::find(unused.begin(), unused.end(), long_name) != unused.end();
  }
};

// For Command::unused: what only the drawing of words or codes takes, and what only opening a model does.
inline const std::vector<std::string> kSamplingOptions{"--seed", "--max-tokens"};
inline const std::vector<std::string> kModelOptions{
    "--model", "--builtin-notice", "--device",     "--type",          "--threads",
    "--seed",  "--verify",         "--max-tokens", "--json-progress", "--vae"};
// All but --quiet and --verbose: of commands that only print text of their own.
inline const std::vector<std::string> kTextOnly{"--model",   "--builtin-notice", "--device", "--type",
                                                "--threads", "--seed",           "--verify", "--max-tokens",
                                                "--json",    "--json-progress",  "--vae"};
// What commands that make and read no images leave out.
inline const std::vector<std::string> kAnswersOnly{"--vae"};

// What ended the work on one of several items.
struct Fault {
  std::string message;
  bool transient = false;  // it says nothing about the item: see TransientError
};

// What is said where memory runs out.
inline constexpr const char* kNoMemory =
    "memory: expected more, found none left; close other programs, or choose a smaller model or type";

// Does `action` for one of several items: the Error that ended it, or nothing. A MachineFault, and want of
// memory, are not the item's: they pass through and end the run.
std::optional<Fault> fault_of(const std::function<void()>& action);
// The message alone.
std::optional<std::string> error_of(const std::function<void()>& action);
// The same, with faults of the machine: for what a person may try again, or what may be left out.
std::optional<std::string> any_error_of(const std::function<void()>& action);
// Does the work of a run whose records stay: what the machine ends it with says that it can be gone on with.
void with_records(const std::function<void()>& action);

Command describe_command();
Command generate_command();
Command encode_command();
Command decode_command();
Command embed_command();
Command score_command();
Command tokenize_command();
Command info_command();
Command bench_command();
Command caption_command();
Command serve_command();
Command pull_command();
Command quantize_command();
Command list_command();
Command rm_command();

}  // namespace janus::cli
