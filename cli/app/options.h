// Options of the command line: CLI11 splits the words; this page gives them types, ranges, JANUS_<OPTION> in
// the environment and messages of one form.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/base/range.h"
#include "generator/engine/request.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace janus::cli {

// How the text of a value is taken into its target, and what help can say of the value.
struct Reader {
  // Empty, or what was expected instead ("a whole number of 1 or more").
  std::function<std::string(const std::string& text)> take;
  std::string range = {};                 // what may be given ("1 to 1024"); empty where it is not bounded
  std::string default_value = {};         // the target's, when the reader was made; empty where it has none
  std::vector<std::string> choices = {};  // all that may be given, where that is a list
  bool numeric = false;                   // whether it is a number
  // What the text "-" stands for: itself, a file on standard input, or the text there.
  enum class Dash { plain, file, text } dash = Dash::plain;
};

// Each target keeps its value where the option is not given, and must outlive OptionSet::read(). An empty
// text, and a number out of its range, are no default.
Reader any_text(std::string& target);
Reader some_text(std::string& target);  // not empty
// A file that is read; "-" stands for standard input.
Reader input_path(std::string& target);
// The same of an option or argument that may be given several times; each is added.
Reader input_paths(std::vector<std::string>& targets);
// Any text; "-" stands for the text on standard input.
Reader any_input_text(std::string& target);
// More than white space; "-" stands for the text on standard input. otherwise: what the command takes where
// the target is empty.
Reader prompt_text(std::string& target, const std::string& otherwise = {});
Reader number(int64_t& target, IntRange range);
Reader number(double& target, RealRange range);
// The same of a target that has no value until one is given. otherwise: its default, for help.
Reader number(std::optional<int64_t>& target, IntRange range, const std::string& otherwise);
Reader number(std::optional<double>& target, RealRange range, const std::string& otherwise);
// 0 to 2^32 - 1; a negative one stands for a random seed, which is drawn at once.
Reader seed_number(int64_t& target);
Reader one_of(std::string& target, std::vector<std::string> values);

// One option or argument: how it is shown and how its text is read, wherever the text comes from.
struct OptionEntry {
  std::string names;       // "-s,--seed"; the bare name of an argument
  std::string value_name;  // "N"; empty for flags and arguments
  std::string help;        // as it is shown
  Reader reader;
  bool positional = false;
  bool required = false;
  bool repeats = false;  // every text counts, not the last one alone
  CLI::Option* option = nullptr;

  std::vector<std::string> aliases = {};  // long names that other programs have for it; help tells none

  std::string long_name() const;    // "--seed"; the name of an argument
  std::string brief_name() const;   // "-s"; the long name where there is no shorter one
  std::string environment() const;  // "JANUS_SEED"; empty for an argument
  // The long name and the aliases without their dashes, as a file of settings has them; none of an argument.
  std::vector<std::string> keys() const;
  bool takes_path() const;  // as value_name says: FILE, OUT, IMAGE, MODEL
  bool on_command_line() const;
  std::string first_text() const;  // as it stands on the command line; empty where it does not
};

// The words of the command line behind the program's name, each as CLI11 leaves it whole; unguarded() gives
// it back as it was typed.
std::vector<std::string> guarded_words(int argc, char** argv);
std::string unguarded(std::string word);

// The options of one command, or those all commands share. In a help text "{range}" stands for the reader's
// range, and "{default}" for "(default X)" of its default, which is appended where the text does not place
// it.
class OptionSet {
 public:
  // `command` is what messages call this: "janus generate".
  OptionSet(CLI::App& app, std::string command) : app_(&app), command_(std::move(command)) {}

  // The entries live as long as the set.
  const OptionEntry& flag(const std::string& names, bool& target, const std::string& help);
  const OptionEntry& option(const std::string& names, const std::string& value_name, Reader reader,
                            const std::string& help, std::vector<std::string> aliases = {});
  const OptionEntry& required_option(const std::string& names, const std::string& value_name, Reader reader,
                                     const std::string& help);
  // May be given several times; each text is added.
  const OptionEntry& values(const std::string& names, const std::string& value_name,
                            std::vector<std::string>& target, const std::string& help);
  // The same for a reader that adds each text itself.
  const OptionEntry& values(const std::string& names, const std::string& value_name, Reader reader,
                            const std::string& help);
  const OptionEntry& argument(const std::string& name, Reader reader, const std::string& help);
  const OptionEntry& required_argument(const std::string& name, Reader reader, const std::string& help);
  // At least one.
  const OptionEntry& required_arguments(const std::string& name, std::vector<std::string>& target,
                                        const std::string& help);

  // After CLI11 has parsed: reads every option, from the command line, or else from the environment, or else
  // from the user's settings. No shell has seen the latter two: a path's leading ~ is the home folder there.
  // A text that stands on standard input is read last, without the end of its last line. Throws UsageError
  // naming option, source, expected and found, also where two of them want standard input.
  void read() const;
  // Reads one option, where the command line has it.
  void read_given(const std::string& long_name) const;
  // Whether the command line has the option, which must be one of these.
  bool given(const std::string& long_name) const;

  const std::list<OptionEntry>& entries() const { return entries_; }
  const std::string& command() const { return command_; }

 private:
  const OptionEntry& add(OptionEntry entry);
  const OptionEntry& entry_of(const std::string& long_name) const;
  void take_standard_input(const std::vector<const OptionEntry*>& wanted) const;
  void accept(const OptionEntry& entry, const std::string& text, const std::string& where) const;
  std::string help_call() const;  // the command that tells of these options

  CLI::App* app_;
  std::string command_;
  std::list<OptionEntry> entries_;  // a list: references to entries stay good
};

// What every command understands.
struct CommonOptions {
  // A path, or owner/repo[@revision] of the hub cache; empty = the built-in model. The last of `models`, for
  // commands that use one.
  std::string model;
  std::vector<std::string> models;  // in the order of the command line
  std::string device = "auto";
  std::string type = "native";
  std::string vae;      // of JanusFlow: a path, or owner/repo of the hub cache; empty = where it is found
  int64_t threads = 0;  // 0 = the processors this process may use
  int64_t seed = SamplingOptions{}.seed;  // 0 to 2^32-1, a random one already drawn
  const OptionEntry* seed_option = nullptr;
  int64_t max_tokens = AnswerRequest{}.max_tokens;
  std::string builtin_notice = "hourly";
  bool verify = false;
  bool json = false;
  bool json_progress = false;
  bool quiet = false;
  bool verbose = false;
};

// Adds the common options with `target` behind them.
void declare_common(OptionSet& options, CommonOptions& target);
// Adds --special-tokens, for every command that takes words for the model.
void declare_special_tokens(OptionSet& options, bool& target);

}  // namespace janus::cli
