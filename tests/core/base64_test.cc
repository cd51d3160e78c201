#include "core/base/base64.h"

#include <gtest/gtest.h>

namespace janus {
namespace {

std::string encoded(const std::string& bytes) { return to_base64(std::as_bytes(std::span(bytes))); }

std::optional<std::string> decoded(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

// The test vectors of RFC 4648, section 10.
TEST(Base64, GivesTheVectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encoded(bytes), text);
    EXPECT_EQ(decoded(text), bytes);
  }
}

TEST(Base64, GivesBackEveryByteInEveryPlace) {
  std::string bytes;
  for (int i = 0; i < 256 * 3 + 2; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  for (size_t length = bytes.size() - 3; length <= bytes.size(); ++length) {
    EXPECT_EQ(decoded(encoded(bytes.substr(0, length))), bytes.substr(0, length));
  }
}

TEST(Base64, TakesWhatSendersVary) {
  EXPECT_EQ(decoded("Zm9v\r\nYmFy\n"), "foobar");
  EXPECT_EQ(decoded("Zm9vYg"), "foob");
  EXPECT_EQ(decoded("Zm9vYg= ="), "foob");
  EXPECT_EQ(decoded("_-8"), decoded("/+8="));
  EXPECT_EQ(encoded("\xff\xef"), "/+8=");
}

TEST(Base64, RefusesWhatIsNone) {
  for (const char* text :
       {"Z", "Zm9vY", "Zm9v!", "Zg==Zg==", "Zg===", "=", "Zm8==", "Zg=", "Zm\xc3\xa4v", "Zm9v="}) {
    EXPECT_EQ(decoded(text), std::nullopt) << text;
  }
  EXPECT_EQ(decoded(std::string_view("Zg\0=", 4)), std::nullopt);
}

}  // namespace
}  // namespace janus
