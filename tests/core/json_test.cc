#include "core/base/json.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/core/model_files.h"

namespace janus {
namespace {

using test::error_of;
using test::expect_error;

std::string parse_error(const std::string& text) {
  return error_of([&] { parse_json(text, "config.json"); });
}

TEST(ParseJson, TellsLineAndColumnOfAFault) {
  expect_error(parse_error("{\n  \"a\": 1,\n  \"b\": nope\n}"),
               {"config.json: line 3, column 9", "syntax error"});
  expect_error(parse_error("{\"a\": 1"), {"line 1, column 8", "unexpected end of input"});
  expect_error(parse_error("{} x"), {"line 1, column 4"});
  expect_error(parse_error(""), {"config.json", "empty file"});
}

TEST(ParseJson, RefusesWhatIsNoText) {
  expect_error(parse_error("{\"a\xff\": 1}"), {"config.json: line 1", "UTF-8"});
  expect_error(parse_error(std::string("{\0}", 3)), {"config.json: line 1"});
  expect_error(parse_error("{\"a\": 1e999}"), {"config.json", "line 1, column 11", "fault: number overflow"});
}

TEST(ParseJson, LimitsNesting) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(parse_error(nested(100)), "");
  expect_error(parse_error(nested(102)), {"nested at most 100 deep"});
  expect_error(parse_error(nested(1'000'000)), {"nested at most 100 deep"});
  expect_error(parse_error(std::string(1'000'000, '[')), {"nested at most 100 deep"});
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  expect_error(parse_error(objects), {"nested at most 100 deep"});
}

TEST(ParseJson, LimitsValues) {
  std::string many = "[0";
  for (int i = 1; i < 4'000'000 - 1; ++i) many += ",0";
  EXPECT_EQ(parse_error(many + "]"), "");
  expect_error(parse_error(many + ",0]"), {"config.json: expected JSON of at most 4000000 values"});
}

TEST(ParseJson, LimitsKeysThatStandInOrder) {
  std::string keys;
  for (int i = 0; i < 10'000; ++i) keys += fmt::format("{}\"{}\":0", i == 0 ? "{" : ",", i);
  EXPECT_EQ(parse_json<nlohmann::ordered_json>(keys + "}", "f").size(), 10'000U);
  EXPECT_EQ(parse_json(keys + ",\"x\":0}", "f").size(), 10'001U);
  expect_error(error_of([&] { parse_json<nlohmann::ordered_json>(keys + ",\"x\":0}", "f"); }),
               {"f: expected at most 10000 keys in an object"});
}

TEST(ParseJson, KeepsTheOrderOfKeysOnRequest) {
  EXPECT_EQ(parse_json<nlohmann::ordered_json>(R"({"b":1,"a":{"d":2,"c":3}})", "f").dump(),
            R"({"b":1,"a":{"d":2,"c":3}})");
}

TEST(ParseJson, DiscardsOnRequest) {
  EXPECT_EQ(parse_json_or_discard("[1]").size(), 1U);
  for (const std::string& text : {std::string(), std::string("{"),
                                  std::string(101, '[') + std::string(101, ']'), std::string("\"\xff\"")}) {
    EXPECT_TRUE(parse_json_or_discard(text).is_discarded()) << text;
    EXPECT_TRUE(parse_json_or_discard<nlohmann::ordered_json>(text).is_discarded()) << text;
  }
}

TEST(ParseJson, KnowsJsonBeyondItsBounds) {
  EXPECT_TRUE(is_json(std::string(1000, '[') + std::string(1000, ']')));
  for (const char* text : {"", "{", "[1] x", "\"\xff\""}) EXPECT_FALSE(is_json(text)) << text;
}

TEST(ParseJson, RefusesDuplicateKeysWhereAsked) {
  const std::string text = R"({"a": {"x": 1}, "b": {"x": 1}, "a": {}})";
  EXPECT_TRUE(parse_json(text, "f").at("a").empty());  // the last wins
  expect_error(error_of([&] { parse_json(text, "f", DuplicateKeys::refuse); }), {"f: ", "\"a\" twice"});
  EXPECT_EQ(error_of([&] { parse_json(R"({"a": {"x": 1}, "b": [{"x": 1}]})", "f", DuplicateKeys::refuse); }),
            "");
}

class JsonObjectTest : public ::testing::Test {
 protected:
  const nlohmann::json json_ = parse_json(R"({
    "int": 7, "whole": 8.0, "half": 0.5, "negative": -3, "huge": 18446744073709551615, "null": null,
    "text": "hello", "yes": true, "list": [1, 2, 3], "mixed": [1, "x"], "inner": {"size": "big"}
  })",
                                          "config.json");
  const JsonObject object_{json_, "config.json"};
};

TEST_F(JsonObjectTest, ReadsTypedValues) {
  EXPECT_EQ(object_.required_integer("int", 0, 7), 7);
  EXPECT_EQ(object_.required_integer("whole", 0, 8), 8);
  EXPECT_EQ(object_.required_integer("negative", -3, 0), -3);
  EXPECT_EQ(object_.number("half", 0), 0.5);
  EXPECT_EQ(object_.number("int", 0), 7.0);
  EXPECT_TRUE(object_.boolean("yes", false));
  EXPECT_EQ(object_.required_string("text"), "hello");
  EXPECT_EQ(object_.integers("list", 1, 3), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(object_.numbers("list"), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(object_.required_object("inner").string("size", ""), "big");
}

TEST_F(JsonObjectTest, NullAndAbsentKeysGiveTheFallback) {
  for (const char* key : {"null", "nowhere"}) {
    EXPECT_FALSE(object_.contains(key));
    EXPECT_EQ(object_.integer(key, 5, 0, 9), 5);
    EXPECT_EQ(object_.number(key, 1.5), 1.5);
    EXPECT_TRUE(object_.boolean(key, true));
    EXPECT_EQ(object_.string(key, "x"), "x");
    EXPECT_FALSE(object_.object(key).has_value());
    EXPECT_TRUE(object_.integers(key, 0, 9).empty());
    expect_error(error_of([&] { object_.required_integer(key, 0, 9); }), {"config.json", key, "from 0 to 9"});
    expect_error(error_of([&] { object_.required_string(key); }), {"config.json", key, "no such key"});
    expect_error(error_of([&] { object_.required_object(key); }), {"config.json", key, "no such key"});
  }
}

TEST_F(JsonObjectTest, NamesFileKeyExpectedAndFound) {
  expect_error(error_of([&] { object_.integer("int", 0, 0, 6); }),
               {"config.json: int", "from 0 to 6", "found 7"});
  expect_error(error_of([&] { object_.integer("half", 0, 0, 6); }), {"config.json: half", "found 0.5"});
  expect_error(error_of([&] { object_.integer("huge", 0, INT64_MIN, INT64_MAX); }),
               {"huge", "1844674407370955161"});
  expect_error(error_of([&] { object_.integer("text", 0, 0, 6); }), {"config.json: text", "found \"hello\""});
  expect_error(error_of([&] { object_.string("int", ""); }), {"config.json: int", "found 7"});
  expect_error(error_of([&] { object_.boolean("int", true); }), {"config.json: int", "true or false"});
  expect_error(error_of([&] { object_.number("text", 0); }), {"config.json: text", "a number"});
  expect_error(error_of([&] { object_.integers("mixed", 0, 9); }), {"config.json: mixed", "found \"x\""});
  expect_error(error_of([&] { object_.integers("list", 0, 2); }),
               {"config.json: list", "from 0 to 2", "found 3"});
  expect_error(error_of([&] { object_.numbers("mixed"); }), {"config.json: mixed", "found \"x\""});
  expect_error(error_of([&] { object_.object("list"); }), {"config.json: list", "object", "[1,2,3]"});
  const JsonObject inner = object_.required_object("inner");
  expect_error(error_of([&] { inner.integer("size", 0, 0, 6); }),
               {"config.json: inner: size", "found \"big\""});
  expect_error(error_of([&] { JsonObject(json_.at("list"), "config.json"); }),
               {"config.json: expected a JSON object"});
}

TEST(Excerpt, IsOneShortLineOfAscii) {
  EXPECT_EQ(excerpt("a\nb"), R"("a\nb")");
  EXPECT_EQ(excerpt("\xc3\xa9"), R"("\u00e9")");
  EXPECT_LE(excerpt(std::string(1000, 'x')).size(), 63U);
  EXPECT_EQ(excerpt("broken \xff"), R"("broken \ufffd")");
}

}  // namespace
}  // namespace janus
