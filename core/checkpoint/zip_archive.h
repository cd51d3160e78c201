// The directory of a zip archive whose entries are stored uncompressed, as torch writes them. ZIP64 included.
// Source: PKWARE APPNOTE.TXT 6.3.9, sections 4.3 and 4.5.3. Not libzip: that reads entries through buffers,
// and what is wanted here is where they lie, to map them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace janus {

struct ZipEntry {
  std::span<const std::byte> bytes;  // within the file
  uint32_t crc = 0;                  // as the directory says; not yet verified
};

// True where `file` begins as zip archives do.
bool looks_like_zip(std::span<const std::byte> file);

// Lists the entries by name without reading their bytes. `where` is the file's path for messages. Throws
// Error naming what was expected and found for anything but one whole, unencrypted, uncompressed archive: no
// or a damaged directory, compressed entries, entries that overlap, have one name, or reach beyond the file.
std::map<std::string, ZipEntry, std::less<>> read_zip(std::span<const std::byte> file,
                                                      const std::string& where);

// Throws Error unless the entry's bytes have its checksum. `name` is the entry's, `where` the archive's path.
void check_crc(const ZipEntry& entry, std::string_view name, const std::string& where);

}  // namespace janus
