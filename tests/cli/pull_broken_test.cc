// janus pull from a server that breaks off, refuses, delays and errs.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/cli/pull_fixture.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

Overrule break_first(size_t after, bool tells_length = true) {
  return [=](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget) || query.times > 1) return std::nullopt;
    return HttpReply{.body = weights(), .tells_length = tells_length, .break_after = after};
  };
}

TEST_F(Pull, GoesOnAfterABrokenConnection) {
  for (bool tells_length : {true, false}) {
    serve(break_first(100'000, tells_length));
    Result result = pull({"--json"});
    EXPECT_EQ(result.code, 0) << result.err;
    expect_whole();
    auto queries = server_->queries(kTarget);
    ASSERT_EQ(queries.size(), 2U);
    EXPECT_EQ(queries[0].header("range"), "");
    EXPECT_EQ(queries[1].header("range"), "bytes=100000-");
    EXPECT_EQ(nlohmann::json::parse(result.out)["downloaded"], bytes());
    fs::remove_all(path("cache"));
  }
}

TEST_F(Pull, TheNextCallGoesOnWhereThisOneStopped) {
  serve(break_first(100'000));
  Result result = pull({"-q", "--retries", "0"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("run the command again"), std::string::npos) << result.err;
  expect_nothing_to_see();
  EXPECT_EQ(fs::file_size(blob(kWeights) + ".incomplete"), 100'000U);
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
  EXPECT_EQ(server_->queries(kTarget).back().header("range"), "bytes=100000-");
}

TEST_F(Pull, AnInterruptLeavesWhatTheNextCallGoesOnFrom) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget) || query.times > 1) return std::nullopt;
    return HttpReply{.body = weights(), .break_after = 100'000, .stall_ms = 20'000};
  });
  Process process({"pull", kId, "-q"}, around());
  std::string incomplete = blob(kWeights) + ".incomplete";
  for (int waited = 0; waited < 2000; ++waited) {
    if (fs::exists(incomplete) && fs::file_size(incomplete) == 100'000) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  process.interrupt();
  EXPECT_EQ(process.finish().code, 130);
  expect_nothing_to_see();
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
  EXPECT_EQ(server_->queries(kTarget).back().header("range"), "bytes=100000-");
}

TEST_F(Pull, AServerWithoutRangesIsAskedForTheWholeAgain) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    return HttpReply{.body = weights(), .break_after = query.times == 1 ? 100'000 : kWeightsBytes};
  });
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
}

TEST_F(Pull, AServerThatBreaksOffAtOnePlaceIsNotAskedForEver) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    return HttpReply{.body = weights(), .break_after = 100'000};
  });
  Result result = pull({"-q", "--retries", "1"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  expect_nothing_to_see();
  EXPECT_EQ(server_->queries(kTarget).size(), 2U);  // the first gained something
}

TEST_F(Pull, AnotherPartThanAskedForIsNotTaken) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    if (query.times == 1) return HttpReply{.body = weights(), .break_after = 100'000};
    if (query.times > 2) return std::nullopt;
    return HttpReply{.status = 206,
                     .body = weights().substr(50'000),
                     .headers = {{"Content-Range", "bytes 50000-" + std::to_string(kWeightsBytes - 1) + "/" +
                                                       std::to_string(kWeightsBytes)}}};
  });
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
}

TEST_F(Pull, WaitsAsLongAsTheServerAsks) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (query.times > 1) return std::nullopt;
    if (query.target.ends_with(kTarget)) return HttpReply{.status = 429, .headers = {{"Retry-After", "2"}}};
    return HttpReply{.status = 503};
  });
  auto start = std::chrono::steady_clock::now();
  Result result = pull();
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  EXPECT_NE(result.err.find("status 429; trying again in 2.0 s"), std::string::npos) << result.err;
  expect_whole();
}

TEST_F(Pull, DoesNotWaitLongerThanAnyoneWouldLike) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    return HttpReply{.status = 429, .headers = {{"Retry-After", "7200"}}};
  });
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("wait 7200 s"), std::string::npos) << result.err;
}

TEST_F(Pull, DoesNotWaitLongerThanTheUserWould) {
  for (const int status : {429, 503}) {
    serve([=](const HttpQuery&) { return HttpReply{.status = status, .headers = {{"Retry-After", "20"}}}; });
    const Result result = pull({"-q", "--timeout", "19"});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("20 s (or give --timeout 20)"), std::string::npos) << result.err;
    EXPECT_EQ(server_->queries().size(), 1U);
  }
}

TEST_F(Pull, AServerThatDripsIsLeft) {
  for (const char* target : {"?blobs=true", "/model.safetensors"}) {
    serve([&](const HttpQuery& query) -> std::optional<HttpReply> {
      if (!query.target.ends_with(target)) return std::nullopt;
      HttpReply reply = model_.answer(query);
      reply.break_after = 10;
      reply.drip_ms = 20;
      return reply;
    });
    const auto start = std::chrono::steady_clock::now();
    const Result result = pull({"-q", "--retries", "0", "--timeout", "1"});
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("too slow"), std::string::npos) << result.err;
    expect_nothing_to_see();
  }
}

TEST_F(Pull, AServerThatGivesAByteAtATimeIsNotAskedForEver) {
  serve([this](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    HttpReply reply = model_.answer(query);
    reply.break_after = 1;
    return reply;
  });
  const Result result = pull({"-q", "--retries", "1"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_LE(server_->queries(kTarget).size(), 3U);
}

TEST_F(Pull, AnswersThatWillNotChangeAreNotAskedForTwice) {
  for (int status : {400, 401, 403, 404, 410}) {
    serve([=](const HttpQuery&) { return HttpReply{.status = status, .body = "{\"error\": \"no\"}"}; });
    Result result = pull({"-q"});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("status " + std::to_string(status)), std::string::npos) << result.err;
    EXPECT_EQ(server_->queries().size(), 1U);
    EXPECT_FALSE(fs::exists(path("cache")));
  }
}

TEST_F(Pull, OneFileThatIsRefusedEndsAll) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    return query.target.ends_with("/tokenizer.json") ? std::optional(HttpReply{.status = 403}) : std::nullopt;
  });
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("tokenizer.json"), std::string::npos) << result.err;
  EXPECT_FALSE(fs::exists(folder() + "/refs/main"));
  EXPECT_FALSE(fs::exists(snapshot()));
}

TEST_F(Pull, WrongBytesAreThrownAway) {
  for (const char* name : {kWeights, "tokenizer.json"}) {
    std::string wrong = model_.files[name];
    wrong[wrong.size() / 2] = static_cast<char>(wrong[wrong.size() / 2] ^ 1);
    serve([=](const HttpQuery& query) -> std::optional<HttpReply> {
      return query.target.ends_with(name) ? std::optional(HttpReply{.body = wrong}) : std::nullopt;
    });
    Result result = pull({"-q"});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_NE(result.err.find("expected hash " + model_.hash(name)), std::string::npos) << result.err;
    EXPECT_FALSE(fs::exists(blob(name)));
    EXPECT_FALSE(fs::exists(snapshot()));
    fs::remove_all(path("cache"));
  }
}

TEST_F(Pull, WrongBytesOnceAreNotTheEnd) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget) || query.times > 1) return std::nullopt;
    return HttpReply{.body = std::string(kWeightsBytes, 'x')};
  });
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
}

TEST_F(Pull, ADamagedRemainderAndADamagedBlobAreReplaced) {
  serve();
  fs::create_directories(folder() + "/blobs");
  write_file(blob(kWeights) + ".incomplete", std::string(200'000, 'x'));
  write_file(blob("config.json"), "short");
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
  write_file(blob(kWeights), "cut");
  write_file(blob(kWeights) + ".incomplete", std::string(kWeightsBytes + 1, 'x'));
  EXPECT_EQ(pull({"-q"}).code, 0);
  expect_whole();
}

TEST_F(Pull, MoreBytesThanListedAreRefused) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(kTarget)) return std::nullopt;
    return HttpReply{.body = weights() + "more", .tells_length = false};
  });
  Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("found more"), std::string::npos) << result.err;
  expect_nothing_to_see();
}

// Beyond what the check before the download can see.
TEST_F(Pull, ADiskThatFillsMeanwhileIsOneLineAndTheNextCallGoesOn) {
  fs::create_directory(path("cache"));
  if (mount("tmpfs", path("cache").c_str(), "tmpfs", 0, "size=1100k") != 0)
    GTEST_SKIP() << "only root mounts a small disk";
  const std::string other = path("cache/other");
  serve([&](const HttpQuery& query) -> std::optional<HttpReply> {
    if (query.target.ends_with(kTarget) && query.times == 1) write_file(other, noise(800'000));
    return std::nullopt;
  });
  const Result full = pull({"-q", "--retries", "0"});
  fs::remove(other);
  expect_nothing_to_see();
  const Result next = pull({"-q"});
  if (next.code == 0) expect_whole();
  EXPECT_EQ(umount(path("cache").c_str()), 0);
  EXPECT_EQ(full.code, 1);
  expect_one_error(full.err);
  EXPECT_NE(full.err.find("No space left on device"), std::string::npos) << full.err;
  EXPECT_EQ(next.code, 0) << next.err;
  EXPECT_NE(server_->queries(kTarget).back().header("range"), "");
}

TEST_F(Pull, AFileThatMayNotGrowIsOneLine) {
  serve();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 100'000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Result result = pull({"-q", "--retries", "0"});
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_NE(result.err.find("File too large"), std::string::npos) << result.err;
  expect_nothing_to_see();
}

TEST_F(Pull, ManyShardsComeSideBySide) {
  model_.files.erase(kWeights);
  model_.files.merge(shards_of(weights(), 8));
  serve([this](const HttpQuery& query) -> std::optional<HttpReply> {
    if (!query.target.ends_with(".safetensors") || query.times > 1) return std::nullopt;
    const std::string& text = model_.files[query.target.substr(query.target.rfind('/') + 1)];
    return HttpReply{.body = text, .break_after = text.size() / 2};
  });
  Result result = pull({"-q", "-j", "8"});
  EXPECT_EQ(result.code, 0) << result.err;
  expect_whole();
}

}  // namespace
}  // namespace janus::test
