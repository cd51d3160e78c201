// The one rule about files that stand where outputs go; docs/files.md has it for users.
//
// A file that the user names is replaced, unless --no-clobber is given. A file of a name that the program
// makes up (numbers, names in folders) is replaced only where the output that is to stand there is known to
// have made it, or --overwrite is given. A write-protected file, a folder and an input are never replaced.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/io/output_file.h"

namespace janus::cli {

// What the command line says of files that are there.
struct Replacing {
  bool overwrite = false, no_clobber = false;
  const OptionEntry* overwrite_option = nullptr;
  const OptionEntry* no_clobber_option = nullptr;

  // To be asked once the options are read: one on the command line outdoes the other in the environment or
  // the user's settings. Throws UsageError where both are meant.
  void settle();
};

// Adds --overwrite and --no-clobber.
void declare_replacing(OptionSet& options, Replacing& target,
                       const std::string& overwrite_help = "replace files of names that janus makes up");

// Whether something stands at `path` that a file put there would replace: a file, or a link to one or to
// nothing; not a folder, pipe or device.
bool is_taken(const std::string& path);
// Whether the system says that anything stands at `path`, be it a link to nothing; not where it cannot tell.
bool is_there(const std::string& path);
// "a/x.png", 2 -> "a/x-2.png".
std::string numbered_name(const std::string& path, int number);
// `path` where nothing is there, else the first of a/x-2.png, a/x-3.png, ... of which that holds.
std::string free_name(const std::string& path);
// The first of star-2-%03d.png, star-3-%03d.png, ... of which all `count` names are free.
std::string free_pattern(const std::string& pattern, int64_t count);
// `path` as a shell takes it for one word.
std::string shell_word(const std::string& path);

// Throws Error where `output` is one of `inputs`, by whatever name or link; "-" as an input is what standard
// input reads from.
void check_not_input(const std::string& output, const std::vector<std::string>& inputs);

// The output at `path`, which the user named. Throws Error as the rule and OutputFile say.
OutputFile named_output(const std::string& path, const Replacing& replacing,
                        const std::vector<std::string>& inputs);

// The output that option -o of a command with one input places: `given` itself, or where that is a folder
// (one that is there, or a name that ends in "/": made, with those around it) NAME in it.
struct PlacedOutput {
  PlacedOutput(const std::string& given, const std::string& name);
  // Throws Error as the rule and OutputFile say.
  OutputFile open(const Replacing& replacing, const std::vector<std::string>& inputs) const;

  std::string path;
  bool made_up = false;  // the program chose the last part
};

}  // namespace janus::cli
