// Whether the images of a run may go where they are to go, asked before the work.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/generate/work_list.h"

namespace janus::cli {

// Makes the folders that OUT and --codes-out name as such, and those below them that a list names. Throws
// Error where a place cannot be written: of a list, one file a folder is tried.
void try_outputs(const std::vector<WorkItem>& work, const GenerateSettings& settings);

// The rule about existing files (cli/io/existing_files.h) for the wanted images, with their codes. A file
// counts as made by an output if the settings in it are those that it asks for. Throws Error with the names
// that are taken, and free ones to take instead; else each output knows whether it replaces.
// fingerprint: as is_asked_for() has it.
void check_existing(std::vector<WorkItem>& work, const GenerateSettings& settings,
                    const CommonOptions& common, const std::function<std::string()>& fingerprint);

// Throws Error where a file beside the images is there, with another text than this run gives it, and is not
// to be replaced.
void check_companions(const std::vector<WorkItem>& work, const Replacing& replacing);

}  // namespace janus::cli
