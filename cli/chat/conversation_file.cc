#include "cli/chat/conversation_file.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <vector>

#include "cli/app/command.h"
#include "cli/io/existing_files.h"
#include "cli/io/interrupt.h"
#include "cli/io/output_file.h"
#include "cli/io/safe_text.h"
#include "cli/io/state_folder.h"
#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/json_line.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// $XDG_STATE_HOME/janus/chats, made where it is missing, for its owner alone.
fs::path chats_folder() {
  const std::string state = state_folder();
  check(!state.empty(), "conversation: expected HOME or XDG_STATE_HOME, found neither; set one");
  const fs::path folder = fs::path(state) / "chats";
  std::error_code fault;
  if (fs::is_directory(folder, fault)) return folder;
  fs::create_directories(folder, fault);
  check(!fault, "conversation, {}: expected a folder that can be made, found: {}; make it", folder.string(),
        fault.message());
  fs::permissions(folder, fs::perms::owner_all, fault);
  return folder;
}

std::string new_name() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return free_name((chats_folder() / fmt::format("{:%Y%m%d-%H%M%S}-{}.json", local, getpid())).string());
}

}  // namespace

std::string canonical_path(const std::string& path) {
  std::error_code fault;
  const fs::path whole = fs::weakly_canonical(path, fault);
  return fault ? path : whole.string();
}

ConversationFile::ConversationFile(Keeps keeps, const std::string& path, bool goes_on)
    : keeps_(keeps), path_(path) {
  if (keeps_ != Keeps::named) return;
  OutputFile may_be_written(path_);
  if (goes_on || !is_there(path_)) return;
  fail(
      "conversation, {}: expected a new name, found a file that is there; take {}, or go on with it: --load "
      "{}",
      path_, free_name(path_), path_);
}

void ConversationFile::put(const std::string& text) const {
  const InterruptHold hold;
  const std::string target = resolve_links(path_);
  remove_leftovers_once(folder_of(target));
  AtomicFile file(target, {.durable = true,
                           .owner_only = true,
                           .name = "conversation, " + path_,
                           .advice = "free space, or /save it elsewhere"});
  file.append(text);
  file.commit();
}

void ConversationFile::write(const Transcript& transcript, Console& console) {
  if (keeps_ == Keeps::nothing || (transcript.empty() && !begun_)) return;
  const auto write_it = [&] {
    if (path_.empty()) path_ = new_name();
    put(to_indented(transcript_json(transcript)) + "\n");
    begun_ = true;
    written_ = path_;
  };
  if (keeps_ == Keeps::named) return write_it();
  if (const std::optional<std::string> fault = any_error_of(write_it)) {
    console.notice(*fault + " (this conversation is not kept)");
    keeps_ = Keeps::nothing;
  }
}

void ConversationFile::begin_new() {
  if (!begun_) return;
  path_ = keeps_ == Keeps::named ? free_name(path_) : "";
  begun_ = false;
}

std::string kept_conversations() {
  constexpr size_t kMost = 10;
  std::vector<fs::path> files;
  std::error_code fault;
  const fs::path folder = fs::path(state_folder()) / "chats";
  for (const auto& entry : fs::directory_iterator(folder, fault)) {
    if (has_extension(entry.path(), ".json")) files.push_back(entry.path());
  }
  check(!files.empty(), "conversation, {}: expected kept ones, found none; name a FILE.json",
        folder.string());
  std::sort(files.rbegin(), files.rend());  // their names begin with the time
  std::string text;
  for (size_t i = 0; i < std::min(files.size(), kMost); ++i) {
    std::string first = "(cannot be read)";
    any_error_of([&] {
      const Transcript transcript = read_transcript(files[i].string());
      first = transcript.empty() ? "(empty)" : "(images)";
      for (const ChatEntry& entry : transcript) {
        if (entry.kind != ChatEntry::Kind::asked) continue;
        first = entry.text;
        break;
      }
    });
    text += fmt::format("{}  {}\n", files[i].string(), one_line(first));
  }
  if (files.size() > kMost) text += fmt::format("... and {} older\n", files.size() - kMost);
  return text;
}

}  // namespace janus::cli
