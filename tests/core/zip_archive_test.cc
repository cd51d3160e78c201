#include "core/checkpoint/zip_archive.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/crc32.h"
#include "tests/core/model_files.h"
#include "tests/core/torch_file.h"

namespace janus {
namespace {

using test::error_of;
using test::expect_error;
using test::ZipFile;
using test::ZipPart;

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }
std::string text_of(const ZipEntry& entry) {
  return {reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size()};
}
std::string error_for(const std::string& file) {
  return error_of([&] { read_zip(bytes(file), "dir/m.bin"); });
}
std::string with(std::string file, size_t at, const std::string& text) {
  return file.replace(at, text.size(), text);
}

const std::vector<ZipPart> kParts{
    {.name = "a/one", .bytes = "first"}, {.name = "a/two", .bytes = "second"}, {.name = "a/none"}};

TEST(Crc32, IsThatOfZip) {
  EXPECT_EQ(crc32(bytes("")), 0U);
  EXPECT_EQ(crc32(bytes("123456789")), 0xCBF43926U);  // the check value of every table of checksums
  EXPECT_EQ(crc32(bytes("The quick brown fox jumps over the lazy dog")), 0x414FA339U);
  const std::string text = "a text of more than one step of eight bytes, and some";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32(bytes(text.substr(cut)), crc32(bytes(text.substr(0, cut)))), crc32(bytes(text))) << cut;
  }
}

TEST(ZipArchive, ListsEntriesInPlace) {
  for (const bool zip64 : {false, true}) {
    for (const uint64_t alignment : {1, 64}) {
      for (const char* comment : {"", "a comment, with PK\5\6 in it"}) {
        const std::string file =
            ZipFile(kParts, {.zip64 = zip64, .alignment = alignment, .comment = comment}).bytes();
        const auto entries = read_zip(bytes(file), "m");
        ASSERT_EQ(entries.size(), 3U);
        EXPECT_EQ(text_of(entries.at("a/one")), "first");
        EXPECT_EQ(text_of(entries.at("a/two")), "second");
        EXPECT_EQ(text_of(entries.at("a/none")), "");
        EXPECT_EQ(entries.at("a/two").crc, crc32(bytes("second")));
        check_crc(entries.at("a/two"), "a/two", "m");
        if (alignment == 64) {
          EXPECT_EQ((entries.at("a/two").bytes.data() - bytes(file).data()) % 64, 0);
        }
      }
    }
  }
  EXPECT_TRUE(read_zip(bytes(ZipFile({}).bytes()), "m").empty());
}

TEST(ZipArchive, RefusesEveryTruncation) {
  for (const bool zip64 : {false, true}) {
    const std::string whole = ZipFile(kParts, {.zip64 = zip64}).bytes();
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_NE(error_for(whole.substr(0, size)), "") << size;
      EXPECT_NE(error_for(whole.substr(size + 1)), "") << size;  // of its beginning
    }
    EXPECT_EQ(error_for(whole), "");
    expect_error(error_for(whole + "x"), {"dir/m.bin", "zip directory at the end"});
  }
}

TEST(ZipArchive, RefusesCompressedAndEncryptedEntries) {
  const auto file = [](uint16_t method, uint16_t flags) {
    return ZipFile({{.name = "a", .bytes = "x", .method = method, .flags = flags}}).bytes();
  };
  EXPECT_EQ(error_for(file(0, 0)), "");
  EXPECT_EQ(error_for(file(0, 8)), "");  // sizes stand behind the bytes too, as torch writes them
  expect_error(error_for(file(8, 0)), {"\"a\"", "compressed (method 8)", "torch.save"});
  expect_error(error_for(file(0, 1)), {"\"a\"", "encrypted"});
}

TEST(ZipArchive, RefusesDuplicatesAndOverlaps) {
  expect_error(error_for(ZipFile({{.name = "a", .bytes = "x"}, {.name = "a", .bytes = "y"}}).bytes()),
               {"\"a\" twice"});
  // The first entry's size reaches into the second: 4 more bytes in the directory.
  const std::string file =
      ZipFile({{.name = "a", .bytes = "1234"}, {.name = "b", .bytes = "5678"}}, {.alignment = 1}).bytes();
  const size_t directory = file.find("PK\1\2");
  const std::string longer = with(with(file, directory + 20, "\5"), directory + 24, "\5");
  expect_error(error_for(longer), {"one after the other", "\"b\"", "\"a\""});
}

TEST(ZipArchive, RefusesDirectoriesThatDoNotFit) {
  const std::string file = ZipFile(kParts, {.alignment = 1}).bytes();
  const size_t directory = file.find("PK\1\2"), end = file.find("PK\5\6");
  expect_error(error_for(with(file, end + 4, "\1")), {"a part of several"});
  expect_error(error_for(with(file, end + 10, "\4")), {"expected 4 entries", "found 3"});
  expect_error(error_for(with(file, end + 12, "\1")), {"directory of"});
  expect_error(error_for(with(file, end + 16, "\1")), {"at byte 1"});
  expect_error(error_for(with(file, end + 16, "\xff\xff\xff\xff")), {"ZIP64 end record", "none"});
  expect_error(error_for(with(file, directory, "XX")), {"entry 0 of the zip directory"});
  expect_error(error_for(with(file, directory + 28, "\xff\xff")), {"entry 0", "end within it"});
  expect_error(error_for(with(file, directory + 42, "\1")), {"header of \"a/one\" at byte 1"});
  expect_error(error_for(with(file, directory + 42, "\xff\xff\xff\x7f")), {"header of \"a/one\""});
  expect_error(error_for(with(file, directory + 42, "\xff\xff\xff\xff")), {"ZIP64 field for \"a/one\""});
  const std::string large =
      with(with(file, directory + 20, "\xff\xff\xff\x7f"), directory + 24, "\xff\xff\xff\x7f");
  expect_error(error_for(large), {"2147483647 bytes of \"a/one\""});
  expect_error(error_for(with(file, 30, "b")), {"expected \"a/one\" at byte 0", "found \"b/one\""});
}

TEST(ZipArchive, RefusesZip64FieldsThatDoNotFit) {
  const std::string file = ZipFile(kParts, {.zip64 = true, .alignment = 1}).bytes();
  const size_t directory = file.find("PK\1\2"), end64 = file.find("PK\6\6"), locator = file.find("PK\6\7");
  const size_t field = directory + 46 + 5;  // of "a/one"
  const std::string huge(8, '\xff'), top("\0\0\0\0\0\0\0\x80", 8);
  for (const std::string& value : {huge, top}) {
    EXPECT_NE(error_for(with(file, locator + 8, value)), "");
    EXPECT_NE(error_for(with(file, end64 + 32, value)), "");
    EXPECT_NE(error_for(with(file, end64 + 40, value)), "");
    EXPECT_NE(error_for(with(file, end64 + 48, value)), "");
    EXPECT_NE(error_for(with(with(file, field + 4, value), field + 12, value)), "");
    EXPECT_NE(error_for(with(file, field + 20, value)), "");
  }
  expect_error(error_for(with(file, field + 2, "\x08")), {"3 sizes in the ZIP64 field"});
  expect_error(error_for(with(file, field + 2, "\xff\xff")), {"ZIP64 field for \"a/one\""});
  expect_error(error_for(with(file, field, "\2")), {"ZIP64 field for \"a/one\""});
}

TEST(ZipArchive, ChecksumsThatDifferAreNamed) {
  const std::string file = ZipFile({{.name = "a", .bytes = "x", .crc = 7}}).bytes();
  const auto entries = read_zip(bytes(file), "m");
  expect_error(error_of([&] { check_crc(entries.at("a"), "a", "dir/m.bin"); }),
               {"dir/m.bin", "checksum 00000007", "\"a\"", "8cdc1683"});
}

}  // namespace
}  // namespace janus
