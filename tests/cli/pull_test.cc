// janus pull: what it makes of a repository, and what it never lets a server do.
#include <gtest/gtest.h>

#include "tests/cli/pull_fixture.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

TEST_F(Pull, MakesTheLayoutOfHuggingfaceHub) {
  model_.files["README.md"] = "words";
  model_.files["pytorch_model.bin"] = "pickle";
  model_.files["onnx/model.onnx"] = "folder";
  serve();
  Result result = pull();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, snapshot() + "\n");
  EXPECT_NE(result.err.find("deepseek (LICENSE)"), std::string::npos) << result.err;
  for (const char* name : {"README.md", "pytorch_model.bin", "onnx/model.onnx"}) {
    EXPECT_FALSE(fs::exists(snapshot() + "/" + name));
    EXPECT_TRUE(server_->queries(name).empty());
    model_.files.erase(name);
  }
  expect_whole();
  for (const auto& [name, text] : model_.files) {
    EXPECT_EQ(fs::read_symlink(snapshot() + "/" + name), "../../blobs/" + model_.hash(name));
    EXPECT_FALSE(fs::is_symlink(blob(name)));
  }
  // As `git hash-object` and `sha256sum` say.
  EXPECT_TRUE(
      fs::exists(folder() + "/blobs/b7384340d23d56b9fc8fab765eac7c7173d9af01"));  // processor_config.json
}

TEST_F(Pull, AnIndexWhoseFilesAreGoneIsPassedOver) {
  const std::string index = "model.safetensors.index.json";
  model_.files[index] = R"({"weight_map": {"a": "model-00001-of-00001.safetensors"}})";
  serve();
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_FALSE(fs::exists(snapshot() + "/" + index));
  EXPECT_EQ(read_file(snapshot() + "/" + kWeights), model_.files[kWeights]);
}

TEST_F(Pull, AnIndexWithoutItsFilesIsNoModel) {
  model_.files.erase(kWeights);
  model_.files["model.safetensors.index.json"] =
      R"({"weight_map": {"a": "./model-00001-of-00002.safetensors", "b": "./model-00002-of-00002.safetensors"}})";
  model_.files["model-00001-of-00002.safetensors"] = noise(100);
  serve();
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("expected model-00002-of-00002.safetensors, which"), std::string::npos)
      << result.err;
  EXPECT_FALSE(fs::exists(snapshot()));
}

TEST_F(Pull, WhatIsThereIsNotDownloadedAgain) {
  serve();
  EXPECT_EQ(pull({"-q"}).code, 0);
  size_t asked = server_->queries().size();
  Result result = pull({"--json"});
  EXPECT_EQ(server_->queries().size(), asked + 1);
  auto record = nlohmann::json::parse(result.out);
  EXPECT_EQ(record["downloaded"], 0);
  EXPECT_EQ(record["bytes"], bytes());
  EXPECT_EQ(record["asked"], true);
  EXPECT_EQ(record["path"], snapshot());
  EXPECT_EQ(record["commit"], model_.commit);
  EXPECT_EQ(record["files"].size(), model_.files.size());
}

TEST_F(Pull, IsQuietWhereAsked) {
  serve();
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
}

TEST_F(Pull, ARevisionIsAskedForAndNamedInTheCache) {
  serve();
  Result result = run({"pull", std::string(kId) + "@refs/pr/6", "-q"}, around());
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(server_->queries("/revision/refs%2Fpr%2F6?blobs=true").size(), 1U);
  EXPECT_EQ(read_file(folder() + "/refs/refs/pr/6"), model_.commit);
  EXPECT_FALSE(fs::exists(folder() + "/refs/main"));
}

TEST_F(Pull, AMovedBranchPointsAtTheNewCommitAndKeepsTheOld) {
  serve();
  EXPECT_EQ(pull({"-q"}).code, 0);
  std::string old = snapshot();
  model_.commit = "aaaa456789abcdef0123456789abcdef01234567";
  const std::string config = model_.files["config.json"];
  model_.files["config.json"] += "\n";
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
  EXPECT_EQ(read_file(old + "/config.json"), config);
  EXPECT_EQ(server_->queries(kTarget).size(), 1U);
}

TEST_F(Pull, TheTokenGoesToTheHubAloneAndIsNeverPrinted) {
  const std::string& token = kToken;
  // Another port is another host, and so is another name of this one.
  for (const char* host : {"127.0.0.1", "localhost"}) {
    HttpServer storage(
        [this](const HttpQuery& query) { return RemoteModel::part(query, model_.files[kWeights]); });
    serve([&](const HttpQuery& query) -> std::optional<HttpReply> {
      if (query.target.ends_with("moved" + kTarget)) {
        return HttpReply{.status = 302, .headers = {{"Location", storage.url(host) + "/signed"}}};
      }
      if (!query.target.ends_with(kTarget)) return std::nullopt;
      return HttpReply{.status = 307, .headers = {{"Location", "/moved" + kTarget}}};
    });
    Surroundings with_token = around();
    with_token.environment["HF_TOKEN"] = token + "\n";
    Result result = run({"pull", kId, "-v"}, with_token);
    EXPECT_EQ(result.code, 0) << result.err;
    expect_whole();
    ASSERT_EQ(storage.queries("/signed").size(), 1U);
    EXPECT_EQ(storage.queries("/signed")[0].header("authorization"), "");
    for (const HttpQuery& query : server_->queries()) {
      EXPECT_EQ(query.header("authorization"), "Bearer " + token) << query.target;
    }
    EXPECT_EQ((result.out + result.err).find(token), std::string::npos);
    fs::remove_all(path("cache"));
  }
  serve([](const HttpQuery&) { return HttpReply{.status = 401}; });
  Surroundings with_token = around();
  with_token.environment["HF_TOKEN"] = token;
  Result result = run({"pull", kId, "-v"}, with_token);
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("$HF_TOKEN"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find(token), std::string::npos);
}

TEST_F(Pull, RedirectsLeadToWebServersOnly) {
  write_file(path("secret"), "x");
  for (const std::string& place : {"file://" + path("secret"), std::string("gopher://127.0.0.1/")}) {
    serve([=](const HttpQuery& query) -> std::optional<HttpReply> {
      if (!query.target.ends_with(kTarget)) return std::nullopt;
      return HttpReply{.status = 302, .headers = {{"Location", place}}};
    });
    Result result = pull({"-q"});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    expect_nothing_to_see();
  }
}

TEST_F(Pull, NamesFromTheServerCannotLeadOutOfTheCache) {
  for (const std::string& name :
       {std::string("../../../evil.safetensors"), std::string("/tmp/evil.json"), std::string("a\nb.json"),
        std::string("\x1b[31m.json"), std::string(".."), std::string("a//b"), std::string("a/../b"),
        std::string("..\\evil.json"), std::string(""), std::string(300, 'a')}) {
    serve([=, this](const HttpQuery& query) -> std::optional<HttpReply> {
      if (!query.target.starts_with("/api/")) return std::nullopt;
      RemoteModel hostile = model_;
      hostile.files[name] = "x";
      return HttpReply{.body = hostile.listing().dump()};
    });
    Result result = pull({"-q"});
    EXPECT_EQ(result.code, 1) << name;
    expect_one_error(result.err);
    EXPECT_FALSE(fs::exists(path("cache"))) << name;
  }
}

TEST_F(Pull, TextOfTheServerCannotDrawOnTheTerminal) {
  model_.card = {{"license", "mit\n\x1b[2J"}};
  serve();
  Result result = pull();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
}

TEST_F(Pull, ListingsThatAreNoneAreRefused) {
  for (const char* body : {"", "<html>", "[]", "{}", "{\"sha\": \"../..\", \"siblings\": []}",
                           "{\"sha\": \"0123456789abcdef0123456789abcdef01234567\", \"siblings\": 5}"}) {
    serve([=](const HttpQuery&) { return HttpReply{.body = body}; });
    Result result = pull({"-q"});
    EXPECT_EQ(result.code, 1) << body;
    expect_one_error(result.err);
    EXPECT_FALSE(fs::exists(path("cache")));
  }
}

TEST_F(Pull, ADiskTooSmallIsRefusedBeforeAnythingIsDownloaded) {
  serve([this](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.starts_with("/api/")) return std::nullopt;
    nlohmann::json listing = model_.listing();
    for (nlohmann::json& file : listing["siblings"]) file["size"] = int64_t{1} << 49;
    return HttpReply{.body = listing.dump()};
  });
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("free space"), std::string::npos) << result.err;
  EXPECT_EQ(server_->queries().size(), 1U);
}

TEST_F(Pull, WithoutANetworkItSaysSoonWhatToDoByHand) {
  serve();
  std::string gone = server_->url();
  server_.reset();
  auto start = std::chrono::steady_clock::now();
  Result result =
      run({"pull", kId, "-q"}, {.environment = {{"HF_ENDPOINT", gone}, {"HF_HUB_CACHE", path("cache")}}});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("by hand: save the files of " + gone), std::string::npos) << result.err;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST_F(Pull, GoesThroughTheProxyOfTheEnvironment) {
  const std::string hub = "http://hub.invalid";
  serve([&, this](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.starts_with(hub)) return HttpReply{.status = 400};
    HttpQuery inner = query;
    inner.target = query.target.substr(hub.size());
    return model_.answer(inner);
  });
  Result result = run({"pull", kId, "-q"}, {.environment = {{"HF_ENDPOINT", hub + "/"},
                                                            {"http_proxy", server_->url()},
                                                            {"HF_HUB_CACHE", path("cache")}}});
  EXPECT_EQ(result.code, 0) << result.err;
  expect_whole();
}

TEST_F(Pull, TwoAtOnceDownloadEachFileOnce) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    return std::nullopt;
  });
  Process first({"pull", kId}, around()), second({"pull", kId}, around());
  Result one = first.finish(), two = second.finish();
  EXPECT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(two.code, 0) << two.err;
  expect_whole();
  EXPECT_EQ(server_->queries(kTarget).size(), 1U);
}

TEST_F(Pull, WrongSettingsAreExitOneAndNotRepeated) {
  serve();
  const std::vector<std::pair<std::string, std::string>> all{{"HF_ENDPOINT", "ftp://hub"},
                                                             {"HF_ENDPOINT", "hub"},
                                                             {"HF_ENDPOINT", "http://user:sec@hub"},
                                                             {"HF_TOKEN", "sec\nret"}};
  for (const auto& [name, value] : all) {
    Surroundings wrong = around();
    wrong.environment[name] = value;
    Result result = run({"pull", kId, "-q"}, wrong);
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_EQ(result.err.find("sec"), std::string::npos);
  }
  EXPECT_TRUE(server_->queries().empty());
}

TEST_F(Pull, WhatWasPulledRuns) {
  serve();
  Result before = run({"info", "-q", "-m", kId}, around());
  EXPECT_EQ(before.code, 1);
  expect_one_error(before.err);
  EXPECT_NE(before.err.find(std::string("janus pull ") + kId), std::string::npos) << before.err;
  EXPECT_EQ(pull({"-q"}).code, 0);
  Result by_path = run({"tokenize", "a red circle", "-q", "-m", kModel});
  for (const char* revision : {"", "@main", "@0123456789abcdef0123456789abcdef01234567", "@01234567"}) {
    Result result = run({"tokenize", "a red circle", "-q", "-m", std::string(kId) + revision}, around());
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out, by_path.out);
  }
}

TEST(PullWithoutCurl, IsRefusedByNameAndSaysWhatToDo) {
  if (JANUS_WITH_CURL != 0) GTEST_SKIP() << "this build has libcurl";
  Result result = run({"pull", kId, "-q"}, {.environment = {{"HF_HUB_CACHE", "/no/such/cache"}}});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("libcurl"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("by hand"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace janus::test
