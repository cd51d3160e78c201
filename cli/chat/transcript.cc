#include "cli/chat/transcript.h"

#include <algorithm>
#include <filesystem>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/read_file.h"

namespace janus::cli {
namespace {

using Kind = ChatEntry::Kind;

constexpr const char* kMake = "/generate ";
constexpr const char* kShow = "/image ";
constexpr size_t kMostBytes = size_t{64} << 20;

std::string whole_path(const std::string& path) {
  std::error_code fault;
  const std::filesystem::path whole = std::filesystem::absolute(path, fault);
  return fault ? path : whole.lexically_normal().string();
}

Json user_turn(const std::string& text, const std::vector<std::string>& images) {
  Json turn{{"role", "user"}, {"text", text}};
  for (const std::string& image : images) turn["images"].push_back(whole_path(image));
  return turn;
}

Json assistant_turn(const ChatEntry& entry) {
  Json turn{{"role", "assistant"}, {"text", entry.answer},
            {"ids", entry.ids},    {"finish_reason", entry.finish_reason},
            {"seed", entry.seed},  {"model", entry.model}};
  if (entry.special_tokens) turn["special_tokens"] = true;
  return turn;
}

// Reads the turns of a file one after the other.
class TranscriptReader {
 public:
  explicit TranscriptReader(const std::string& path) : path_(path) {}

  Transcript read() {
    const Json turns = parse_json_or_discard<Json>(read_file(path_, "conversation, " + path_, kMostBytes));
    check(turns.is_array(),
          "conversation, {}: expected a JSON array of turns, found {}; load a FILE.json that /save or janus "
          "chat wrote",
          path_, turns.is_discarded() ? "text that is no JSON" : turns.type_name());
    for (at_ = 0; at_ < turns.size(); ++at_) {
      const Json& turn = turns[at_];
      expect(turn.is_object() && turn.contains("text") && turn["text"].is_string() && turn.contains("role"),
             "an object {\"role\", \"text\"}", turn);
      const bool answered = at_ + 1 < turns.size() && turns[at_ + 1].is_object() &&
                            turns[at_ + 1].value("role", Json()) == "assistant";
      expect(turn["role"] == "user", "a user's turn", turn["role"]);
      if (!answered) {
        read_image(turn);
      } else {
        read_question(turn);
        read_answer(turns[++at_]);
      }
    }
    return std::move(entries_);
  }

 private:
  void expect(bool holds, const char* expected, const Json& found) const {
    if (holds) return;
    constexpr size_t kShown = 60;
    fail("conversation, {}, turn {}: expected {}, found {}; correct it", path_, at_, expected,
         to_line(found).substr(0, kShown));
  }

  std::vector<std::string> images_of(const Json& turn) const {
    std::vector<std::string> images;
    if (!turn.contains("images")) return images;
    expect(turn["images"].is_array(), "an array of paths as images", turn["images"]);
    for (const Json& image : turn["images"]) {
      expect(image.is_string() && !image.get_ref<const std::string&>().empty(), "paths as images", image);
      images.push_back(image);
    }
    return images;
  }

  void read_image(const Json& turn) {
    const std::string text = turn["text"];
    const bool made = text.rfind(kMake, 0) == 0, shown = text.rfind(kShow, 0) == 0;
    expect(made || shown, "an answer behind this question", turn["text"]);
    const std::vector<std::string> images = images_of(turn);
    expect(images.size() == 1, "one image", turn.value("images", Json()));
    ChatEntry& entry = entries_.emplace_back();
    entry.kind = made ? Kind::made : Kind::shown;
    entry.text = made ? text.substr(std::string(kMake).size()) : "";
    entry.images = images;
  }

  // The images of a question are those that wait, in the order that it tells, and others that were shown.
  void read_question(const Json& turn) {
    ChatEntry asked;
    asked.text = turn["text"];
    asked.images = images_of(turn);
    Transcript waiting(entries_.end() - static_cast<int64_t>(waiting_images(entries_).size()),
                       entries_.end());
    entries_.resize(entries_.size() - waiting.size());
    for (const std::string& image : asked.images) {
      const auto known = std::find_if(waiting.begin(), waiting.end(),
                                      [&](const ChatEntry& entry) { return entry.images.front() == image; });
      if (known != waiting.end()) {
        entries_.push_back(*known);
        waiting.erase(known);
      } else {
        entries_.emplace_back();
        entries_.back().kind = Kind::shown;
        entries_.back().images = {image};
      }
    }
    expect(waiting.empty(), "the image of the turn before among the images", turn.value("images", Json()));
    entries_.push_back(std::move(asked));
  }

  void read_answer(const Json& turn) {
    expect(turn.contains("text") && turn["text"].is_string(), "an answer with \"text\"", turn);
    ChatEntry& entry = entries_.back();
    entry.answer = turn["text"];
    const Json ids = turn.value("ids", Json::array());
    expect(ids.is_array() &&
               std::all_of(ids.begin(), ids.end(), [](const Json& id) { return id.is_number_integer(); }),
           "whole numbers as ids", ids);
    for (const Json& id : ids) {
      const auto number = id.get<int64_t>();
      expect(number >= 0 && number <= INT32_MAX, "ids of tokens", id);
      entry.ids.push_back(static_cast<int32_t>(number));
    }
    const Json reason = turn.value("finish_reason", Json("stop")), model = turn.value("model", Json("")),
               seed = turn.value("seed", Json(0)), special = turn.value("special_tokens", Json(false));
    expect(reason.is_string(), "a finish_reason that is text", reason);
    expect(model.is_string(), "a model that is text", model);
    expect(seed.is_number_unsigned() || seed == 0, "a seed that is a whole number", seed);
    expect(special.is_boolean(), "special_tokens that are true or false", special);
    entry.finish_reason = reason;
    entry.model = model;
    entry.seed = static_cast<uint32_t>(seed.get<uint64_t>());
    entry.special_tokens = special;
  }

  const std::string& path_;
  size_t at_ = 0;
  Transcript entries_;
};

}  // namespace

std::span<const ChatEntry> waiting_images(const Transcript& transcript) {
  const auto last = std::find_if(transcript.rbegin(), transcript.rend(),
                                 [](const ChatEntry& entry) { return entry.kind == Kind::asked; });
  return std::span(transcript).last(static_cast<size_t>(last - transcript.rbegin()));
}

std::vector<std::string> waiting_paths(const Transcript& transcript) {
  std::vector<std::string> paths;
  for (const ChatEntry& entry : waiting_images(transcript)) paths.push_back(entry.images.front());
  return paths;
}

size_t count_of(const Transcript& transcript, Kind kind) {
  return static_cast<size_t>(std::count_if(transcript.begin(), transcript.end(),
                                           [&](const ChatEntry& entry) { return entry.kind == kind; }));
}

Json transcript_json(const Transcript& transcript) {
  Json turns = Json::array();
  const size_t waiting = transcript.size() - waiting_images(transcript).size();
  for (size_t i = 0; i < transcript.size(); ++i) {
    const ChatEntry& entry = transcript[i];
    if (entry.kind == Kind::made) {
      turns.push_back(user_turn(kMake + entry.text, entry.images));
    } else if (entry.kind == Kind::asked) {
      turns.push_back(user_turn(entry.text, entry.images));
      turns.push_back(assistant_turn(entry));
    } else if (i >= waiting) {
      turns.push_back(user_turn(kShow + entry.images.front(), entry.images));
    }
  }
  return turns;
}

std::string transcript_text(const Transcript& transcript) {
  std::string text;
  const size_t waiting = transcript.size() - waiting_images(transcript).size();
  for (size_t i = 0; i < transcript.size(); ++i) {
    const ChatEntry& entry = transcript[i];
    if (entry.kind == Kind::shown && i < waiting) continue;
    for (const std::string& image : entry.images) text += "[" + image + "]\n";
    if (entry.kind == Kind::asked) text += "> " + entry.text + "\n\n" + entry.answer + "\n\n";
    if (entry.kind == Kind::made) text += "> " + (kMake + entry.text) + "\n\n";
    if (entry.kind == Kind::shown) text += "\n";
  }
  return text;
}

Transcript read_transcript(const std::string& path) { return TranscriptReader(path).read(); }

}  // namespace janus::cli
