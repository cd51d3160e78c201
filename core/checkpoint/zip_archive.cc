#include "core/checkpoint/zip_archive.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/base/crc32.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

constexpr uint32_t kLocalHeader = 0x04034B50, kDirectoryEntry = 0x02014B50, kEnd = 0x06054B50;
constexpr uint32_t kEnd64 = 0x06064B50, kLocator64 = 0x07064B50;
constexpr size_t kLocalBytes = 30, kDirectoryEntryBytes = 46, kEndBytes = 22, kEnd64Bytes = 56;
constexpr size_t kLocatorBytes = 20, kLongestComment = 0xFFFF;
constexpr uint16_t kEncrypted = 1, kExtra64 = 1;
constexpr uint32_t kIn64 = 0xFFFFFFFF;  // "see the ZIP64 field"
constexpr uint16_t kCountIn64 = 0xFFFF;

using Bytes = std::span<const std::byte>;

// Little-endian number of `size` bytes at `offset`, which the caller has checked to lie within.
uint64_t number_at(Bytes bytes, uint64_t offset, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | std::to_integer<uint64_t>(bytes[offset + i]);
  return value;
}
uint16_t u16(Bytes bytes, uint64_t offset) { return static_cast<uint16_t>(number_at(bytes, offset, 2)); }
uint32_t u32(Bytes bytes, uint64_t offset) { return static_cast<uint32_t>(number_at(bytes, offset, 4)); }
uint64_t u64(Bytes bytes, uint64_t offset) { return number_at(bytes, offset, 8); }

bool fits(Bytes file, uint64_t offset, uint64_t size) {
  return offset <= file.size() && size <= file.size() - offset;
}

struct Directory {
  uint64_t offset = 0, bytes = 0, entries = 0;
};

// Where the end record begins: behind it stands its comment and nothing more.
std::optional<uint64_t> find_end(Bytes file) {
  for (size_t comment = 0; comment <= kLongestComment && kEndBytes + comment <= file.size(); ++comment) {
    const uint64_t at = file.size() - kEndBytes - comment;
    if (u32(file, at) == kEnd && u16(file, at + 20) == comment) return at;
  }
  return std::nullopt;
}

Directory find_directory(Bytes file, const std::string& where) {
  const std::optional<uint64_t> end = find_end(file);
  check(end.has_value(), "{}: expected a zip directory at the end, found none in {} bytes", where,
        file.size());
  check(u16(file, *end + 4) == 0 && u16(file, *end + 6) == 0,
        "{}: expected one zip file, found a part of several; join them to one", where);
  Directory directory{
      .offset = u32(file, *end + 16), .bytes = u32(file, *end + 12), .entries = u16(file, *end + 10)};
  uint64_t stop = *end;
  if (*end >= kLocatorBytes && u32(file, *end - kLocatorBytes) == kLocator64) {
    stop = u64(file, *end - kLocatorBytes + 8);
    check(fits(file.first(*end - kLocatorBytes), stop, kEnd64Bytes) && u32(file, stop) == kEnd64,
          "{}: expected a ZIP64 end record at byte {}, found none", where, stop);
    directory = {
        .offset = u64(file, stop + 48), .bytes = u64(file, stop + 40), .entries = u64(file, stop + 32)};
  } else {
    check(directory.offset != kIn64 && directory.bytes != kIn64 && directory.entries != kCountIn64,
          "{}: expected a ZIP64 end record, found none", where);
  }
  check(
      fits(file.first(stop), directory.offset, directory.bytes) && directory.offset + directory.bytes == stop,
      "{}: expected a zip directory of {} bytes at byte {} that ends at byte {}, found otherwise", where,
      directory.bytes, directory.offset, stop);
  return directory;
}

// One line of the directory.
struct Record {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t packed_bytes = 0, bytes = 0, header_offset = 0;
  uint64_t end = 0;  // of its bytes, once they are found
};

// Sizes that do not fit 32 bits stand in an extra field, in this order and only those.
void read_extra64(Bytes extra, Record& record, const std::string& where) {
  std::vector<uint64_t*> wanted;
  for (uint64_t* value : {&record.bytes, &record.packed_bytes, &record.header_offset}) {
    if (*value == kIn64) wanted.push_back(value);
  }
  if (wanted.empty()) return;
  for (size_t at = 0; at + 4 <= extra.size();) {
    const size_t size = u16(extra, at + 2);
    if (size > extra.size() - at - 4) break;
    if (u16(extra, at) == kExtra64) {
      check(size >= 8 * wanted.size(), "{}: expected {} sizes in the ZIP64 field of {}, found {} bytes",
            where, wanted.size(), excerpt(record.name), size);
      for (size_t i = 0; i < wanted.size(); ++i) *wanted[i] = u64(extra, at + 4 + 8 * i);
      return;
    }
    at += 4 + size;
  }
  fail("{}: expected a ZIP64 field for {}, found none", where, excerpt(record.name));
}

std::vector<Record> read_directory(Bytes file, const Directory& directory, const std::string& where) {
  const Bytes bytes = file.subspan(directory.offset, directory.bytes);
  std::vector<Record> records;
  for (uint64_t at = 0; at < bytes.size();) {
    check(fits(bytes, at, kDirectoryEntryBytes) && u32(bytes, at) == kDirectoryEntry,
          "{}: expected entry {} of the zip directory at byte {}, found none", where, records.size(),
          directory.offset + at);
    const size_t name = u16(bytes, at + 28), extra = u16(bytes, at + 30), comment = u16(bytes, at + 32);
    check(fits(bytes, at + kDirectoryEntryBytes, name + extra + comment),
          "{}: expected entry {} of the zip directory to end within it, found otherwise", where,
          records.size());
    Record record;
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + at + kDirectoryEntryBytes;
    record.name.assign(text, name);
    record.flags = u16(bytes, at + 8);
    record.method = u16(bytes, at + 10);
    record.crc = u32(bytes, at + 16);
    record.packed_bytes = u32(bytes, at + 20);
    record.bytes = u32(bytes, at + 24);
    record.header_offset = u32(bytes, at + 42);
    read_extra64(bytes.subspan(at + kDirectoryEntryBytes + name, extra), record, where);
    records.push_back(std::move(record));
    at += kDirectoryEntryBytes + name + extra + comment;
  }
  check(records.size() == directory.entries, "{}: expected {} entries in the zip directory, found {}", where,
        directory.entries, records.size());
  return records;
}

// The entry's bytes stand behind a header of its own, which has other extra fields than the directory's.
Bytes stored_bytes(Bytes entries, const Record& record, const std::string& where) {
  const std::string name = excerpt(record.name);
  check((record.flags & kEncrypted) == 0,
        "{}: expected {} readable, found it encrypted; save it without a password", where, name);
  check(
      record.method == 0 && record.packed_bytes == record.bytes,
      "{}: expected {} stored as torch does, found it compressed (method {}); load it with torch and save it "
      "with torch.save",
      where, name, record.method);
  const uint64_t at = record.header_offset;
  check(fits(entries, at, kLocalBytes) && u32(entries, at) == kLocalHeader,
        "{}: expected the header of {} at byte {}, found none", where, name, at);
  const size_t name_bytes = u16(entries, at + 26), extra = u16(entries, at + 28);
  const uint64_t begin = at + kLocalBytes + name_bytes + extra;
  check(fits(entries, begin, record.bytes), "{}: expected {} bytes of {} at byte {}, found only {} in all",
        where, record.bytes, name, begin, entries.size());
  const auto* text = reinterpret_cast<const char*>(entries.data()) + at + kLocalBytes;
  check(std::string_view(text, name_bytes) == record.name, "{}: expected {} at byte {}, found {}", where,
        name, at, excerpt(std::string(text, name_bytes)));
  return entries.subspan(begin, record.bytes);
}

void check_apart(std::vector<Record>& records, const std::string& where) {
  std::sort(records.begin(), records.end(),
            [](const Record& a, const Record& b) { return a.header_offset < b.header_offset; });
  for (size_t i = 1; i < records.size(); ++i) {
    check(records[i - 1].end <= records[i].header_offset,
          "{}: expected entries one after the other, found that {} begins within {}", where,
          excerpt(records[i].name), excerpt(records[i - 1].name));
  }
}

}  // namespace

bool looks_like_zip(Bytes file) { return file.size() >= 4 && u32(file, 0) == kLocalHeader; }

std::map<std::string, ZipEntry, std::less<>> read_zip(Bytes file, const std::string& where) {
  const Directory directory = find_directory(file, where);
  std::vector<Record> records = read_directory(file, directory, where);
  std::map<std::string, ZipEntry, std::less<>> entries;
  for (Record& record : records) {
    const ZipEntry entry{.bytes = stored_bytes(file.first(directory.offset), record, where),
                         .crc = record.crc};
    record.end = static_cast<uint64_t>(entry.bytes.data() - file.data()) + entry.bytes.size();
    check(entries.emplace(record.name, entry).second, "{}: expected each entry once, found {} twice", where,
          excerpt(record.name));
  }
  check_apart(records, where);
  return entries;
}

void check_crc(const ZipEntry& entry, std::string_view name, const std::string& where) {
  const uint32_t found = crc32(entry.bytes);
  check(found == entry.crc, "{}: expected checksum {:08x} of {}, found {:08x}", where, entry.crc,
        excerpt(std::string(name)), found);
}

}  // namespace janus
