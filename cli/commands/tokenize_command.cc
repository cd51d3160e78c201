// janus tokenize: text as the model's ids, and back.
#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "cli/app/command.h"
#include "cli/io/json_output.h"
#include "cli/model/chosen_model.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus::cli {
namespace {

struct TokenizeSettings {
  std::string text;
  bool decode = false;
};

// Ids between white space, commas or the brackets of an array. Throws UsageError for anything else.
std::vector<int32_t> read_ids(const std::string& text) {
  constexpr const char* kBetween = " \t\r\n,[]";
  std::vector<int32_t> ids;
  for (size_t at = text.find_first_not_of(kBetween); at != std::string::npos;) {
    size_t end = std::min(text.find_first_of(kBetween, at), text.size());
    int32_t id = 0;
    auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, id);
    if (error != std::errc() || stop != text.data() + end || id < 0) {
      throw UsageError(
          fmt::format("argument TEXT, command line: expected ids of 0 or more, found \"{}\"; see janus "
                      "tokenize --help",
                      text.substr(at, end - at)));
    }
    ids.push_back(id);
    at = text.find_first_not_of(kBetween, end);
  }
  return ids;
}

Outcome tokenize(const TokenizeSettings& settings, const CommonOptions& common, Console& console) {
  std::vector<int32_t> ids;
  if (settings.decode) ids = read_ids(settings.text);
  tell_builtin(common, console);
  std::unique_ptr<TextTokenizer> tokenizer = open_tokenizer(model_files(common.model, console));
  std::string text = settings.text;
  if (settings.decode) {
    for (int32_t id : ids) (void)tokenizer->token_of(id);  // refuses one that is not there
    text = tokenizer->decode(ids);
  } else {
    ids = tokenizer->encode(text, true);
  }
  if (common.json) {
    print_json({{"text", text}, {"ids", ids}}, console);
  } else {
    console.result(settings.decode ? text + "\n" : to_line(ids) + "\n");
  }
  return Outcome::done;
}

}  // namespace

Command tokenize_command() {
  auto settings = std::make_shared<TokenizeSettings>();
  return {
      .name = "tokenize",
      .summary = "text as the model's ids, or ids as text",
      .examples = {"janus tokenize \"a red circle\"", "janus tokenize --decode \"1 2 3\"",
                   "janus tokenize -m Janus-Pro-1B \"a red circle\""},
      .declare =
          [settings](OptionSet& options) {
            options.required_argument("TEXT", any_input_text(settings->text), "text, or ids with --decode");
            options.flag("--decode", settings->decode, "TEXT holds ids, print their text");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return tokenize(*settings, common, console); },
      .unused = {"--device", "--type", "--threads", "--seed", "--max-tokens", "--verify", "--json-progress",
                 "--vae"},
  };
}

}  // namespace janus::cli
