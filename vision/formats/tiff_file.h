// libtiff's view of a TIFF in memory.
#pragma once

#include <tiffio.h>

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace janus {

// The first image of a file, open for reading. libtiff's messages stay here: nothing is printed, nothing
// global is set. Does not copy `bytes` and `name`, which must outlive it.
class TiffFile {
 public:
  // Throws Error where libtiff finds no image.
  TiffFile(std::span<const std::byte> bytes, const std::string& name);
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* handle() const { return handle_.get(); }
  std::span<const std::byte> bytes() const { return source_.bytes; }
  const std::string& name() const { return name_; }

  // The value of a tag of type SHORT or LONG, or the default that TIFF gives it, or `otherwise`.
  uint16_t u16(uint32_t tag, uint16_t otherwise = 0) const { return value(tag, otherwise); }
  uint32_t u32(uint32_t tag, uint32_t otherwise = 0) const { return value(tag, otherwise); }

  // What libtiff said of pixels that it decoded all the same; empty where they are as they should be.
  std::string damage() const { return source_.damage.data(); }
  // Throws Error with libtiff's words.
  [[noreturn]] void fail_damaged() const;

 private:
  using Message = std::array<char, 160>;
  struct Source {
    std::span<const std::byte> bytes;
    uint64_t position = 0;
    Message error{};  // the first
    Message damage{};
  };

  template <typename Value>
  Value value(uint32_t tag, Value otherwise) const {
    Value found = otherwise;
    return TIFFGetFieldDefaulted(handle(), tag, &found) == 1 ? found : otherwise;
  }

  static Source& source_of(thandle_t handle) { return *static_cast<Source*>(handle); }
  static int note_error(TIFF* file, void* source, const char* module, const char* format, va_list arguments);
  static int note_warning(TIFF* file, void* source, const char* module, const char* format,
                          va_list arguments);
  static tmsize_t read(thandle_t handle, void* to, tmsize_t count);
  static toff_t seek(thandle_t handle, toff_t offset, int origin);
  static int map(thandle_t handle, void** begin, toff_t* size);

  Source source_;
  const std::string& name_;
  std::unique_ptr<TIFF, void (*)(TIFF*)> handle_;
};

}  // namespace janus
