// The build with libedit.
#include <histedit.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <optional>
#include <utility>

#include "cli/chat/interrupt_watch.h"
#include "cli/chat/line_reader.h"
#include "cli/io/safe_text.h"

namespace janus::cli {
namespace {

constexpr int kLinesKept = 1000;

// The names in rows, for people.
std::string in_rows(const std::vector<std::string>& names) {
  constexpr size_t kWidth = 78, kMost = 200;
  std::string text;
  size_t column = 0;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    if (column > 0 && column + names[i].size() > kWidth) {
      text += "\n";
      column = 0;
    }
    text += names[i] + "  ";
    column += names[i].size() + 2;
  }
  return text + (names.size() > kMost ? "...\n" : "\n");
}

class EditingLines : public LineReader {
 public:
  EditingLines(std::string history_file, Completer completer)
      : history_file_(std::move(history_file)), completer_(std::move(completer)) {
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
    // In edit mode the terminal makes no signal of Ctrl-C, so that it is a key like any other.
    el_set(editor_, EL_SETTY, "-d", "-intr", nullptr);
    for (const char* key : {"^M", "^J"}) bind_key(key, "janus-enter", "take the line", &EditingLines::enter);
    bind_key("^C", "janus-interrupt", "clear the line", &EditingLines::interrupt);
    bind_key("^I", "janus-complete", "complete", &EditingLines::complete);
  }
  ~EditingLines() override {
    if (history_ != nullptr) history_end(history_);
    if (editor_ != nullptr) el_end(editor_);
  }
  EditingLines(const EditingLines&) = delete;
  EditingLines& operator=(const EditingLines&) = delete;

  // Not where the terminal (TERM=emacs) or the user's editrc wants no editing: keys mean nothing there.
  bool ready() const {
    int edits = 0;
    return editor_ != nullptr && history_ != nullptr && el_get(editor_, EL_EDITMODE, &edits) == 0 &&
           edits != 0;
  }

  TypedLine read(const std::string& prompt) override {
    prompt_ = prompt;
    ended_by_.reset();
    // Before the prompt is shown, so that who sees it may type anything.
    el_set(editor_, EL_PREP_TERM, 1);
    watch_.pass_on(true);
    int count = 0;
    const char* text = el_gets(editor_, &count);
    TypedLine line;
    if (text != nullptr && count > 0) line.text.assign(text, static_cast<size_t>(count));
    if (ended_by_) line.end = *ended_by_;
    std::fputs(line.end == TypedLine::End::interrupted ? "^C\n" : "\n", stderr);
    if (line.end == TypedLine::End::entered && !line.text.empty()) {
      HistEvent event;
      history(history_, &event, H_ENTER, line.text.c_str());
      if (!history_file_.empty()) history(history_, &event, H_SAVE, history_file_.c_str());
    }
    return line;
  }

 private:
  using Key = unsigned char (*)(EditLine*, int);

  // In both keymaps that vi has, too.
  void bind_key(const char* key, const char* name, const char* help, Key action) {
    el_set(editor_, EL_ADDFN, name, help, action);
    el_set(editor_, EL_BIND, key, name, nullptr);
    el_set(editor_, EL_BIND, "-a", key, name, nullptr);
  }

  static EditingLines* self(EditLine* editor) {
    EditingLines* lines = nullptr;
    el_get(editor, EL_CLIENTDATA, &lines);
    return lines;
  }
  static char* prompt_of(EditLine* editor) { return self(editor)->prompt_.data(); }

  static unsigned char enter(EditLine* editor, int) { return end_line(editor, TypedLine::End::entered); }
  static unsigned char interrupt(EditLine* editor, int) {
    return end_line(editor, TypedLine::End::interrupted);
  }
  static unsigned char end_line(EditLine* editor, TypedLine::End how) {
    self(editor)->ended_by_ = how;
    // Before the terminal makes signals of Ctrl-C again.
    self(editor)->watch_.pass_on(false);
    // What follows begins below all of the line: over the rest of it the cursor goes by printing it again.
    const LineInfo* line = el_line(editor);
    std::fputs(one_line({line->cursor, line->lastchar}).c_str(), stderr);
    return CC_NEWLINE;
  }

  static unsigned char complete(EditLine* editor, int) {
    const LineInfo* line = el_line(editor);
    const Completion completion = self(editor)->completer_({line->buffer, line->cursor});
    if (!completion.insert.empty()) {
      return el_insertstr(editor, completion.insert.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    if (completion.choices.empty()) return CC_ERROR;
    std::fputs(safe_text("\n" + in_rows(completion.choices)).c_str(), stderr);
    return CC_REDISPLAY;
  }

  std::string history_file_, prompt_;
  Completer completer_;
  std::optional<TypedLine::End> ended_by_;  // a key, where it was one
  // There before el_gets(), which puts back the handlers that it found. At the prompt no key makes an
  // interrupt, so one that comes is for the program.
  InterruptWatch watch_;
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
};

}  // namespace

std::unique_ptr<LineReader> editing_line_reader(const std::string& history, LineReader::Completer completer) {
  auto reader = std::make_unique<EditingLines>(history, std::move(completer));
  if (!reader->ready()) return nullptr;
  return reader;
}

}  // namespace janus::cli
