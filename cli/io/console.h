// The two standard streams: results alone on standard output, everything else that a person reads on standard
// error, and a bar that lines of either kind never run into.
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace janus::cli {

// Standard error as the first call finds it. Decoding threads point descriptor 2 elsewhere for moments, to
// silence libraries; what people are to read goes here.
int error_descriptor();

// Writes "janus: TEXT" as one_line() to standard error, whatever happens to it there.
void print_error(std::string_view text);
// From here on it writes {"error": TEXT}.
void print_errors_as_json();

// Safe to use from several threads.
class Console {
 public:
  // quiet: standard error carries errors only. verbose: details too.
  Console(bool quiet, bool verbose);

  // To standard output, at once; text that a terminal gets as safe_text(). Throws ClosedPipe if its reader
  // has gone, OutputFailure if it cannot be written.
  void result(std::string_view text);
  void result(std::span<const std::byte> bytes);

  // One line each, one_line(), to standard error.
  void notice(std::string_view text);  // unless quiet
  void detail(std::string_view text);  // if verbose and not quiet
  void error(std::string_view text);   // always, after "janus: "

  // A JSON object on a line of its own to standard error, unless quiet.
  void progress_object(std::string_view json);
  // All of standard error is such objects from here on, {"notice": TEXT} and {"error": TEXT} too, and no bars
  // are drawn.
  void tell_progress_as_json() {
    json_progress_ = true;
    bars_ = false;
    print_errors_as_json();
  }
  bool json_progress() const { return json_progress_; }

  bool quiet() const { return quiet_; }
  // Whether bars may be drawn: standard error is a terminal that can. They have no colour for NO_COLOR to
  // take.
  bool bars() const { return bars_; }
  // Whether results appear on a terminal, between the lines of standard error.
  bool results_on_terminal() const { return results_on_terminal_; }

  // The columns of a table among the results: 0 where they go to no terminal, and may be as wide as they
  // like.
  size_t result_width() const;

  // The columns that a bar may take now.
  static size_t bar_width();
  // Draws `text`, one_line() of at most bar_width() columns, over the bar that stands there; the next line
  // written takes it away.
  void draw_bar(std::string_view text);
  void clear_bar();

 private:
  void clear_bar_locked();

  std::mutex mutex_;
  bool quiet_, verbose_, bars_, results_on_terminal_;
  bool json_progress_ = false;
  bool bar_drawn_ = false;
};

}  // namespace janus::cli
