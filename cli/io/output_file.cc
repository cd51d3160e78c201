#include "cli/io/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cli/app/command.h"
#include "cli/io/interrupt.h"
#include "core/base/error.h"
#include "core/base/machine_fault.h"
#include "core/base/mapped_file.h"
#include "core/base/remedy.h"
#include "core/base/write_all.h"

namespace janus::cli {
namespace {

[[noreturn]] void refuse_fault(const std::string& path, const std::string& expected, int fault) {
  fail_of_system(fault, fmt::format("output, {}: expected {}, found {}; {}", path, expected,
                                    std::strerror(fault), remedy_of(fault, "choose another -o")));
}

}  // namespace

bool has_extension(const std::string& path, const std::string& extension) {
  std::string found = std::filesystem::path(path).extension().string();
  return strcasecmp(found.c_str(), extension.c_str()) == 0;
}

void require_extension(const std::string& path, const std::string& extension, const std::string& option) {
  if (path == kStandardStream || has_extension(path, extension)) return;
  throw UsageError(
      fmt::format("option {}, command line: expected a name that ends in {}, found \"{}\"; rename it, "
                  "or use - for standard output",
                  option, extension, path));
}

void require_one_on_stream(const std::string& path, bool json) {
  if (path != kStandardStream || !json) return;
  throw UsageError(
      "option --json, command line: expected an output in a file beside it, found -; name a file");
}

void require_no_terminal(const std::string& path, const Console& console) {
  check(path != kStandardStream || !console.results_on_terminal(),
        "output, standard output: expected a file or a pipe for what is no text, found a terminal; name a "
        "file with -o, or add | or >");
}

OutputFile::OutputFile(std::string path, Existing existing)
    : path_(std::move(path)), existing_(existing), target_(resolve_links(path_)) {
  if (path_ == kStandardStream) return;
  struct stat status {};
  bool exists = stat(target_.c_str(), &status) == 0;
  if (!exists && errno != ENOENT) refuse_fault(path_, "a file in a folder that is there", errno);
  if (exists && S_ISDIR(status.st_mode)) refuse("a file", "a folder");
  // The superuser may write all files: what nobody is meant to write stays all the same.
  if (exists && (status.st_mode & 0222) == 0) refuse("a file that can be written", "a write-protected one");
  if (exists && access(target_.c_str(), W_OK) != 0) refuse_fault(path_, "a file that can be written", errno);
  special_ = exists && !S_ISREG(status.st_mode);
  if (special_) return;
  if (exists && existing_ == Existing::kept) {
    throw FileExists(
        fmt::format("output, {}: expected a free name, found a file; choose another, or let --overwrite "
                    "replace it",
                    path_));
  }

  struct stat folder {};
  // Folders are tried before the work: where one has gone since, others of the run have no place either.
  const auto refuse_folder = [&](int fault) {
    throw MachineFault(fmt::format("output, {}: expected the folder {}, found {}; {}", path_,
                                   folder_of(target_), std::strerror(fault),
                                   remedy_of(fault, "choose another -o")));
  };
  if (stat(folder_of(target_).c_str(), &folder) != 0) refuse_folder(errno);
  InterruptHold hold;
  remove_leftovers_once(folder_of(target_));
  if (const int fault = try_folder_of(target_); fault != 0) {
    if (fault == ENOENT) refuse_folder(fault);
    refuse_fault(path_, "a folder that takes files", fault);
  }
}

void OutputFile::write(std::string_view text, Console& console) const {
  write(std::as_bytes(std::span(text)), console);
}

void OutputFile::write(std::span<const std::byte> bytes, Console& console) const {
  check_mapped_files();
  if (path_ == kStandardStream) {
    console.result(bytes);
  } else if (special_) {
    write_directly(bytes);
  } else {
    InterruptHold hold;
    AtomicFile file(target_, options(/*durable=*/false));
    file.append(bytes);
    file.commit();
  }
}

AtomicFile OutputFile::begin() const {
  if (special_) refuse("a regular file", "a pipe or device");
  return AtomicFile(target_, options(/*durable=*/true));
}

AtomicFileOptions OutputFile::options(bool durable) const {
  return {.durable = durable,
          .in_known_folder = true,
          .replaces = existing_ == Existing::replaced,
          .name = "output, " + path_,
          .advice = "choose another -o"};
}

void OutputFile::write_directly(std::span<const std::byte> bytes) const {
  int descriptor = open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) refuse_fault(path_, "a pipe or device that can be written", errno);
  const int fault = write_all(descriptor, bytes);
  close(descriptor);
  if (fault != 0) refuse_fault(path_, fmt::format("to write {} bytes", bytes.size()), fault);
}

GrowingFile::GrowingFile(const OutputFile& output, uint64_t bytes) : output_(output), bytes_(bytes) {
  if (output.special_) output.refuse("a regular file", "a pipe or device");
  hold_.emplace();
  file_.emplace(output.target_, output.options(/*durable=*/true));
  file_->reserve(bytes);
}

void GrowingFile::append(std::span<const std::byte> bytes) {
  end_if_interrupted();
  file_->append(bytes);
  written_ += bytes.size();
}

void GrowingFile::finish() {
  check(written_ == bytes_, "output, {}: expected to write {} bytes, found {}; report this", output_.path_,
        bytes_, written_);
  check_mapped_files();
  file_->flush();
  end_if_interrupted();
  file_->commit();
  file_.reset();
  hold_.reset();
}

void GrowingFile::end_if_interrupted() {
  if (!InterruptHold::pending()) return;
  file_.reset();
  hold_.reset();  // ends the program
}

void OutputFile::refuse(const std::string& expected, const std::string& found) const {
  fail("output, {}: expected {}, found {}; choose another -o", path_, expected, found);
}

}  // namespace janus::cli
