// The program: picks the command, and turns whatever ends it into an exit code.
#include <fcntl.h>
#include <fmt/format.h>
#include <janus/version.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <new>

#include "cli/app/command.h"
#include "cli/app/help.h"
#include "cli/app/manual.h"
#include "cli/app/settings_file.h"
#include "cli/app/slips.h"
#include "cli/chat/chat_command.h"
#include "cli/io/interrupt.h"
#include "cli/io/json_output.h"
#include "cli/io/last_line.h"
#include "cli/io/mapped_fault.h"
#include "core/base/mapped_file.h"
#include "core/tensor/device.h"

namespace janus::cli {
namespace {

enum ExitCode {
  kDone = 0,
  kFailed = 1,      // something in the world is wrong, or every one of several items failed
  kUsage = 2,       // the command line alone is wrong
  kSomeFailed = 3,  // some of several items failed
  // 128 + a signal's number: end_on_interrupt()
};

int exit_code_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return kDone;
    case Outcome::some_failed:
      return kSomeFailed;
    case Outcome::all_failed:
      return kFailed;
    case Outcome::interrupted:
      return 128 + SIGINT;
  }
  return kFailed;
}

// The first file opened must not take the number of a closed standard stream. What stands in for one fails
// when used: nothing can be read from an input, or written to an output, that is not there.
void occupy_standard_streams() {
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    (void)open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

std::vector<Command> all_commands(const Manual& manual) {
  return {describe_command(), generate_command(),   chat_command(),
          encode_command(),   decode_command(),     embed_command(),
          score_command(),    tokenize_command(),   info_command(),
          bench_command(),    caption_command(),    serve_command(),
          pull_command(),     list_command(),       rm_command(),
          quantize_command(), help_command(manual), completion_command(manual)};
}

// A key of the user's settings that no option has is a slip, and refused wherever it stands.
void check_user_settings(const Manual& manual) {
  for (const auto& [table, values] : user_settings()) {
    std::vector<std::string> names, commands;
    for (const OptionEntry& entry : manual.common->entries()) names.push_back(entry.long_name().substr(2));
    for (size_t i = 0; i < manual.commands.size(); ++i) {
      commands.push_back(manual.commands[i].name);
      if (!table.empty() && table != commands.back()) continue;
      for (const OptionEntry& entry : manual.options[i].entries()) {
        for (const std::string& key : entry.keys()) names.push_back(key);
      }
    }
    const auto known = [](const std::vector<std::string>& all, const std::string& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    check(table.empty() || known(commands, table),
          "settings, {}: expected tables named as commands, found [{}]; {}", settings_path(), table,
          advice(table, commands, "janus --help"));
    for (const auto& [key, value] : values) {
      check(known(names, key), "settings, {}: expected options{}, found {}; {}", settings_path(),
            table.empty() ? "" : " of janus " + table, key,
            advice(key, names, table.empty() ? "janus help options" : fmt::format("janus {} --help", table)));
    }
  }
}

// The message where no word is a command.
std::string no_command(const std::vector<std::string>& extras, const std::vector<std::string>& typed,
                       const Manual& manual) {
  std::vector<std::string> names, options{"--help", "--version", "--list-devices"};
  for (const Command& command : manual.commands) names.push_back(command.name);
  for (const OptionEntry& entry : manual.common->entries()) options.push_back(entry.long_name());
  const std::string found = extras.empty() ? "" : extras[0];
  if (found.starts_with("-")) {
    return fmt::format("option, command line: expected an option of janus, found \"{}\"; {}", found,
                       advice(found, options, "janus --help"));
  }
  const std::string taken = advice_on_taken_command(typed, *manual.common, names);
  return fmt::format("command, command line: expected one of {}, found {}; {}", fmt::join(names, ", "),
                     extras.empty() ? "none" : "\"" + found + "\"",
                     taken.empty() ? advice(found, names, "janus --help") : taken);
}

// Every device that can be opened, a line each.
void list_devices(bool json, Console& console) {
  for_each_device([&](Device& device) {
    if (json) {
      print_json({{"device", device.name()}, {"description", device.description()}}, console);
    } else {
      console.result(fmt::format("{:<8} {}\n", device.name(), device.description()));
    }
  });
}

void tell_version(bool json, Console& console) {
  if (json) {
    print_json({{"program", "janus"}, {"version", JANUS_VERSION}}, console);
  } else {
    console.result("janus " JANUS_VERSION "\n");
  }
}

Outcome run(int argc, char** argv) {
  if (argc <= 1) {
    Console(false, false).result(welcome());
    return Outcome::done;
  }
  // Known before anything can be wrong: errors of the command line are told so too.
  char** const end = std::find(argv + 1, argv + argc, std::string_view("--"));
  if (std::find(argv + 1, end, std::string_view("--json-progress")) != end) print_errors_as_json();
  CLI::App app;
  app.set_help_flag();
  app.allow_extras()->fallthrough()->require_subcommand(0, 1);
  CommonOptions common;
  OptionSet common_options(app, "janus");
  bool help = false, version = false, devices = false;
  declare_common(common_options, common);
  CLI::Option* help_flag = app.add_flag("-h,--help", help);
  CLI::Option* version_flag = app.add_flag("--version", version);
  CLI::Option* devices_flag = app.add_flag("--list-devices", devices);

  Manual manual;
  manual.common = &common_options;
  manual.commands = all_commands(manual);
  for (const Command& command : manual.commands) {
    CLI::App* part = app.add_subcommand(command.name);
    command.declare(manual.options.emplace_back(*part, "janus " + command.name));
  }
  const std::vector<std::string> typed(argv + 1, argv + argc);
  const std::string typed_command = command_word(typed, common_options);
  const OptionSet* typed_for = &common_options;  // where there is no command
  for (size_t i = 0; i < manual.commands.size(); ++i) {
    if (typed_command == manual.commands[i].name) typed_for = &manual.options[i];
  }
  check_words({typed, *typed_for, common_options});
  std::vector<std::string> words = guarded_words(argc, argv);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  app.parse(std::move(words));

  const Command* command = nullptr;
  const OptionSet* own = nullptr;
  for (size_t i = 0; i < manual.commands.size(); ++i) {
    if (!app.got_subcommand(manual.commands[i].name)) continue;
    command = &manual.commands[i];
    own = &manual.options[i];
  }
  if (help_flag->count() > 0 || version_flag->count() > 0 || devices_flag->count() > 0) {
    common_options.read_given("--json");
    Console console(false, false);
    if (version_flag->count() > 0) {
      tell_version(common.json, console);
    } else if (help_flag->count() > 0) {
      console.result(command == nullptr ? program_help(manual.commands)
                                        : command_help(*command, *own, common_options));
    } else {
      list_devices(common.json, console);
    }
    return Outcome::done;
  }
  std::vector<std::string> extras = app.remaining(true);
  std::erase(extras, "--");
  for (std::string& word : extras) word = unguarded(std::move(word));
  if (command == nullptr) throw UsageError(no_command(extras, typed, manual));
  if (!extras.empty()) throw UsageError(unexpected(extras, {typed, *own, common_options}, *command));
  use_settings_of(command->name);
  check_user_settings(manual);
  common_options.read();
  if (!common.models.empty()) common.model = common.models.back();
  own->read();
  Console console(common.quiet, common.verbose);
  if (common.json_progress) console.tell_progress_as_json();
  const Outcome outcome = command->run(common, console);
  check_mapped_files();
  return outcome;
}

int guarded_main(int argc, char** argv) {
  try {
    return exit_code_of(run(argc, argv));
  } catch (const UsageError& error) {
    print_error(error.what());
    return kUsage;
  } catch (const CLI::ArgumentMismatch& error) {
    std::string text = error.what();
    print_error(fmt::format("option {}, command line: expected a value, found none; see janus --help",
                            text.substr(0, text.find(':'))));
    return kUsage;
  } catch (const CLI::Error& error) {
    print_error(fmt::format("command line: {}; see janus --help", error.what()));
    return kUsage;
  } catch (const ClosedPipe&) {
    return kFailed;
  } catch (const std::bad_alloc&) {
    print_error(kNoMemory);
    return kFailed;
  } catch (const std::exception& error) {
    print_error(error.what());
    return kFailed;
  }
}

}  // namespace

}  // namespace janus::cli

int main(int argc, char** argv) {
  janus::cli::occupy_standard_streams();
  janus::cli::error_descriptor();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow further is an error of write()
  janus::cli::end_on_interrupt();
  janus::cli::end_on_mapped_fault(janus::cli::kFailed);
  janus::cli::end_in_order_without_memory(janus::cli::kFailed);
  try {
    return janus::cli::guarded_main(argc, argv);
  } catch (...) {  // there was no memory for the words either
    janus::cli::end_with_line({janus::cli::kNoMemory}, janus::cli::kFailed);
  }
}
