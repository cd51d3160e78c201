// The build with libedit.
#include <histedit.h>

#include <clocale>
#include <cstdio>

#include "cli/chat/line_reader.h"

namespace janus::cli {
namespace {

constexpr int kLinesKept = 1000;

class EditingLines : public LineReader {
 public:
  explicit EditingLines(std::string history_file) : history_file_(std::move(history_file)) {
    std::setlocale(LC_CTYPE, "");  // so that a letter of several bytes is one
    // The prompt and what is typed belong to the person, not to the results on standard output.
    editor_ = el_init("janus", stdin, stderr, stderr);
    history_ = history_init();
    if (editor_ == nullptr || history_ == nullptr) return;
    HistEvent event;
    history(history_, &event, H_SETSIZE, kLinesKept);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!history_file_.empty()) history(history_, &event, H_LOAD, history_file_.c_str());
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_PROMPT, &EditingLines::prompt_of);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_SIGNAL, 1);  // the terminal is put right before a signal ends the program
    el_set(editor_, EL_HIST, history, history_);
    // A Ctrl-D typed before the terminal listened letter by letter arrives as a zero byte.
    el_set(editor_, EL_BIND, "^@", "em-delete-or-list", nullptr);
    el_source(editor_, nullptr);
  }
  ~EditingLines() override {
    if (history_ != nullptr) history_end(history_);
    if (editor_ != nullptr) el_end(editor_);
  }
  EditingLines(const EditingLines&) = delete;
  EditingLines& operator=(const EditingLines&) = delete;

  bool ready() const { return editor_ != nullptr && history_ != nullptr; }

  std::optional<std::string> read(const std::string& prompt) override {
    prompt_ = prompt;
    // Before the prompt is shown, so that who sees it may type anything.
    el_set(editor_, EL_PREP_TERM, 1);
    int count = 0;
    const char* text = el_gets(editor_, &count);
    if (text == nullptr || count <= 0) return std::nullopt;
    std::string line(text, static_cast<size_t>(count));
    if (line.back() == '\n') line.pop_back();
    if (!line.empty()) {
      HistEvent event;
      history(history_, &event, H_ENTER, line.c_str());
      if (!history_file_.empty()) history(history_, &event, H_SAVE, history_file_.c_str());
    }
    return line;
  }

 private:
  static char* prompt_of(EditLine* editor) {
    EditingLines* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return self->prompt_.data();
  }

  std::string history_file_, prompt_;
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
};

}  // namespace

std::unique_ptr<LineReader> editing_line_reader(const std::string& history) {
  auto reader = std::make_unique<EditingLines>(history);
  if (!reader->ready()) return nullptr;
  return reader;
}

}  // namespace janus::cli
