// The hashes against values from FIPS 180-4's examples, sha256sum and git.
#include "core/base/digest.h"

#include <gtest/gtest.h>

namespace janus {
namespace {

std::string hash(DigestKind kind, const std::string& text, size_t step) {
  Digest digest(kind);
  for (size_t at = 0; at < text.size(); at += step) {
    digest.add(std::as_bytes(std::span(text).subspan(at, std::min(step, text.size() - at))));
  }
  return digest.finish();
}

TEST(Digest, EqualsThePublishedValuesInPiecesOfAnySize) {
  const std::string two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  const std::string million(1'000'000, 'a');
  for (size_t step : {1, 3, 55, 63, 64, 65, 128, 4096}) {
    EXPECT_EQ(hash(DigestKind::sha256, "", step),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(hash(DigestKind::sha256, "abc", step),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash(DigestKind::sha256, two_blocks, step),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(hash(DigestKind::sha256, million, step),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(hash(DigestKind::sha1, "", step), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    EXPECT_EQ(hash(DigestKind::sha1, "abc", step), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hash(DigestKind::sha1, two_blocks, step), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    EXPECT_EQ(hash(DigestKind::sha1, million, step), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
  }
}

TEST(Digest, EveryLengthAroundABlockHasAnEnd) {
  // printf 'a%.0s' $(seq N) | sha256sum
  EXPECT_EQ(hash(DigestKind::sha256, std::string(55, 'a'), 64),
            "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(hash(DigestKind::sha256, std::string(56, 'a'), 64),
            "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  EXPECT_EQ(hash(DigestKind::sha256, std::string(64, 'a'), 64),
            "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

}  // namespace
}  // namespace janus
