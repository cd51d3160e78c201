// The files of a conversation: /save and /load.
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "cli/chat/chat.h"
#include "cli/chat/chat_image.h"
#include "cli/io/existing_files.h"
#include "cli/io/output_file.h"
#include "core/base/error.h"
#include "core/base/json_line.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;
using Kind = ChatEntry::Kind;

// Images whose files are newer than the conversation that was about them.
void tell_changed_images(const Transcript& transcript, const std::string& file, Console& console) {
  std::error_code fault;
  const fs::file_time_type then = fs::last_write_time(file, fault);
  for (const ChatEntry& entry : transcript) {
    if (fault || entry.kind == Kind::asked) continue;
    std::error_code ignored;
    const fs::file_time_type now = fs::last_write_time(entry.images.front(), ignored);
    if (ignored || now <= then) continue;
    console.notice(fmt::format("{} has changed since {} was written", entry.images.front(), file));
  }
}

}  // namespace

void Chat::save(const std::string& path, bool replace) {
  const std::string name = canonical_path(path);
  const bool own = saved_.contains(name) || (!kept_in().empty() && name == canonical_path(kept_in()));
  if (!replace && !own && is_taken(path)) {
    fail(
        "save, {}: expected a new name, found a file that this conversation did not make; take {}, or "
        "replace it with /save! {}",
        path, free_name(path), path);
  }
  const std::string text = has_extension(path, ".json") ? to_indented(transcript_json(transcript_)) + "\n"
                                                        : transcript_text(transcript_);
  OutputFile(path).write(text, console_);
  saved_.insert(canonical_path(path));
  console_.notice("wrote " + path);
}

void Chat::load(const std::string& path) {
  Transcript transcript = read_transcript(path);
  for (ChatEntry& entry : transcript) {
    if (entry.kind == Kind::asked) continue;
    const Image image = read_chat_image(entry.images.front(), console_, settings_.pixel_limit);
    entry.image = prompt_image(image, chosen_.model->preprocess_config());
  }
  tell_changed_images(transcript, path, console_);
  go_on_with(std::move(transcript));
  if (transcript_.empty()) return console_.notice("loaded an empty conversation from " + path);
  const size_t asked = count_of(transcript_, Kind::asked), images = transcript_.size() - asked;
  console_.notice(fmt::format("loaded {}: {} question{}, {} image{}", path, asked, asked == 1 ? "" : "s",
                              images, images == 1 ? "" : "s"));
}

void Chat::go_on_with(Transcript transcript) {
  Conversation conversation(*engine_);
  std::vector<PromptImage> images;
  for (const ChatEntry& entry : transcript) {
    if (entry.kind != Kind::asked) {
      images.push_back(entry.image);
    } else {
      conversation.tell(
          {entry.text, std::exchange(images, {}), entry.answer, entry.ids, entry.special_tokens});
    }
  }
  conversation_.emplace(std::move(conversation));
  transcript_ = std::move(transcript);
  asked_ = static_cast<uint32_t>(count_of(transcript_, Kind::asked));
  made_ = static_cast<uint32_t>(count_of(transcript_, Kind::made));
  file_.begin_new();
}

}  // namespace janus::cli
