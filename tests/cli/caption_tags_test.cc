// janus caption --style, --split, --prefix, --suffix, --case: what becomes of answers, and of records that
// are there when these change.
#include "cli/caption/text_rules.h"
#include "tests/cli/caption_files.h"

namespace janus::test {
namespace {

using cli::LetterCase;
using cli::ruled_text;
using cli::TextRules;

TEST(TextRules, CutsTagsAndTakesEachOnce) {
  const TextRules commas{.separator = ","};
  EXPECT_EQ(ruled_text("red, a Circle ,,RED\nwhite background.", commas).tags,
            (Names{"red", "a Circle", "white background"}));
  EXPECT_EQ(ruled_text("red, a Circle ,,RED\nwhite background.", commas).text,
            "red, a Circle, white background");
  EXPECT_EQ(ruled_text("\xC3\x89toile, e\xCC\x81toile, stra\xC3\x9F"
                       "e, STRASSE",
                       commas)
                .text,
            "\xC3\x89toile, stra\xC3\x9F"
            "e");
  EXPECT_EQ(ruled_text("map, U.S.", commas).text, "map, U.S.");
  EXPECT_EQ(ruled_text(" , . ", commas).tags, Names{});
  EXPECT_EQ(ruled_text("a | b", {.separator = "|"}).text, "a|b");
  EXPECT_EQ(ruled_text("a | b", {.separator = " | "}).text, "a | b");
  EXPECT_EQ(ruled_text("one two  three", {.separator = " "}).tags, (Names{"one", "two", "three"}));
  EXPECT_EQ(ruled_text("b, c", {.separator = "\n"}).tags, (Names{"b, c"}));
}

TEST(TextRules, TriggerWordsStandWhereTheyWereAskedFor) {
  const TextRules rules{
      .separator = ",", .prefix = "Ohwx, ", .suffix = "style a,red", .letters = LetterCase::upper};
  EXPECT_EQ(ruled_text("circle, OHWX, Red, disc", rules).text, "Ohwx, CIRCLE, DISC, style a, red");
  EXPECT_EQ(ruled_text("A circle.", {.prefix = "ohwx, ", .suffix = " -- b"}).text, "ohwx, A circle. -- b");
  EXPECT_EQ(ruled_text("A circle.", {.prefix = "ohwx, ", .suffix = " -- b"}).tags, Names{});
}

TEST(TextRules, LettersOfEveryScript) {
  EXPECT_EQ(ruled_text("\xC3\x89TOILE \xD0\x96", {.letters = LetterCase::lower}).text,
            "\xC3\xA9toile \xD0\xB6");
  EXPECT_EQ(ruled_text("\xC3\xA9toile", {.letters = LetterCase::upper}).text, "\xC3\x89TOILE");
  EXPECT_EQ(ruled_text("(a BIG dog. it has 1.5 legs! oh", {.letters = LetterCase::sentence}).text,
            "(A big dog. It has 1.5 legs! Oh");
}

class CaptionTags : public CaptionFiles {};

TEST_F(CaptionTags, StylesAskWhatDescribeAsks) {
  const std::string image = image_file("a.png");
  const Json described =
      Json::parse(run_model({"describe", image, "--json", "-q", "-n", "4", "--style", "tags"}).out);
  const Json record = Json::parse(caption({image, "--style", "tags"}).out);
  EXPECT_EQ(record["ids"], described["ids"]);
  const auto hash = [&](const Names& more) { return Json::parse(caption(more).out)["prompt_hash"]; };
  EXPECT_EQ(record["prompt_hash"], hash({image, "-p", described["prompt"]}));
  EXPECT_NE(record["prompt_hash"], hash({image}));
  for (const Names& other : {Names{"-p", "x"}, {"--ask", "a=x"}, {"--prompt-file", image}}) {
    Names line{image, "--style", "tags"};
    line.insert(line.end(), other.begin(), other.end());
    const Result result = caption(line);
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("--style"), std::string::npos) << result.err;
  }
  EXPECT_EQ(caption({image, "--style", "poem"}).code, 2);
  // What is typed outdoes the settings.
  const Result typed = caption({image, "--style", "tags"}, {.environment = {{"JANUS_PROMPT", "x"}}});
  EXPECT_EQ(Json::parse(typed.out)["prompt_hash"], record["prompt_hash"]);
}

TEST_F(CaptionTags, RecordsKeepTheModelsOwnText) {
  const std::string image = image_file("a.png");
  const Json plain = Json::parse(caption({image}).out);
  EXPECT_FALSE(plain.contains("raw_text"));
  EXPECT_FALSE(plain.contains("tags"));
  const Json record =
      Json::parse(caption({image, "--split", " ", "--prefix", "ohwx", "--case", "upper"}).out);
  EXPECT_EQ(record["raw_text"], plain["text"]);
  EXPECT_EQ(record["ids"], plain["ids"]);
  EXPECT_EQ(record["prompt_hash"], plain["prompt_hash"]);
  EXPECT_EQ(record["tags"][0], "ohwx");
  const std::string raw = plain["text"];
  EXPECT_EQ(record["text"],
            ruled_text(raw, {.separator = " ", .prefix = "ohwx", .letters = LetterCase::upper}).text);
  Names names;
  for (const auto& [key, value] : record.items()) names.push_back(key);
  const auto reason = std::find(names.begin(), names.end(), "finish_reason");
  ASSERT_LT(reason + 2, names.end());
  EXPECT_EQ(*(reason + 1), "tags");
  EXPECT_EQ(*(reason + 2), "raw_text");
}

TEST_F(CaptionTags, OtherRulesAreAppliedToRecordsWithoutTheModel) {
  const std::string folder = image_files("p", 3), out = path("o.jsonl");
  const auto run = [&](Names more) {
    more.insert(more.begin(), {folder, "-o", out, "--sidecar", ".txt", "--csv", path("t.csv")});
    return caption_aloud(more);
  };
  ASSERT_EQ(run({}).code, 0);
  std::map<std::string, std::string> raw;
  for (const auto& [key, record] : by_key("o.jsonl")) raw[key] = record["text"];
  write_file(path("p/001.txt"), "by hand\n");

  const Result second = run({"--split", " ", "--prefix", "ohwx"});
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_NE(second.err.find("0 captioned"), std::string::npos) << second.err;
  EXPECT_NE(second.err.find("3 records hold anew"), std::string::npos) << second.err;
  EXPECT_NE(second.err.find("001.txt stays as it is"), std::string::npos) << second.err;
  for (const auto& [key, record] : by_key("o.jsonl")) {
    const std::string text = ruled_text(raw[key], {.separator = " ", .prefix = "ohwx"}).text;
    EXPECT_EQ(record["text"], text);
    EXPECT_EQ(record["raw_text"], raw[key]);
    EXPECT_NE(read_file(path("t.csv")).find(text), std::string::npos);
    const bool edited = key.ends_with("001.png");
    EXPECT_EQ(read_file(key.substr(0, key.size() - 3) + "txt"), (edited ? "by hand" : text) + "\n");
  }
  const std::string whole = read_file(out);
  ASSERT_EQ(run({"--split", " ", "--prefix", "ohwx"}).code, 0);
  EXPECT_EQ(read_file(out), whole) << "the same rules change nothing";

  ASSERT_EQ(run({"--overwrite"}).code, 0);
  for (const auto& [key, record] : by_key("o.jsonl")) {
    EXPECT_EQ(record["text"], raw[key]);
    EXPECT_FALSE(record.contains("raw_text"));
    EXPECT_FALSE(record.contains("tags"));
    EXPECT_EQ(read_file(key.substr(0, key.size() - 3) + "txt"), raw[key] + "\n");
  }
}

TEST_F(CaptionTags, ArePossibleForOneOfSeveralQuestions) {
  const std::string image = image_file("a.png"), out = path("o.jsonl");
  const Names asks{image, "-o", out, "--ask", "short=What is it?", "--ask", "tags=Which tags?"};
  const auto run = [&](Names more) {
    more.insert(more.begin(), asks.begin(), asks.end());
    return caption(more);
  };
  ASSERT_EQ(run({}).code, 0);
  const Json before = records("o.jsonl")[0]["answers"];
  ASSERT_EQ(run({"--split", "tags= ", "--suffix", "short= !", "--suffix", "a=b"}).code, 0);
  const Json after = records("o.jsonl")[0]["answers"];
  EXPECT_EQ(after["short"]["text"].get<std::string>(), before["short"]["text"].get<std::string>() + " !");
  EXPECT_FALSE(after["short"].contains("tags"));
  EXPECT_EQ(after["tags"]["raw_text"], before["tags"]["text"]);
  EXPECT_EQ(after["tags"]["tags"].back(), "a=b") << "a=b names no question";
  for (const Names& wrong : {Names{"--split", "tagz=,"}, {"--case", "tags=loud"}, {"--split", "tags="}}) {
    const Result result = run(wrong);
    EXPECT_EQ(result.code, 2);
    expect_one_error(result.err);
  }
}

}  // namespace
}  // namespace janus::test
