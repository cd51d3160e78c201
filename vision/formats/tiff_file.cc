#include "vision/formats/tiff_file.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "core/base/error.h"

namespace janus {
namespace {

// libtiff's own allocations; those for pixels are made here.
constexpr tmsize_t kMaxAllocation = tmsize_t{1} << 30;

// Keeps the first message, as one line.
template <size_t size>
void note(std::array<char, size>& message, const char* format, va_list arguments) {
  if (message[0] != '\0') return;
  std::vsnprintf(message.data(), size, format, arguments);
  for (char& letter : message) {
    const bool printable = letter >= ' ' && letter <= '~';
    if (letter != '\0' && !printable) letter = '?';
  }
}

// The decoders that go on after damage. The other warnings are about style.
bool tells_damage(const char* module) {
  if (module == nullptr) return false;
  const std::string_view name(module);
  return name == "JPEGLib" || name == "LibJpeg" || name == "JBIG" || name.starts_with("Fax");
}

}  // namespace

int TiffFile::note_error(TIFF* /*file*/, void* source, const char* /*module*/, const char* format,
                         va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  note(source_of(source).damage, format, again);
  va_end(again);
  note(source_of(source).error, format, arguments);
  return 1;
}

int TiffFile::note_warning(TIFF* /*file*/, void* source, const char* module, const char* format,
                           va_list arguments) {
  if (tells_damage(module)) note(source_of(source).damage, format, arguments);
  return 1;
}

tmsize_t TiffFile::read(thandle_t handle, void* to, tmsize_t count) {
  Source& source = source_of(handle);
  const uint64_t rest = source.bytes.size() - std::min<uint64_t>(source.position, source.bytes.size());
  const uint64_t part = std::min(static_cast<uint64_t>(std::max<tmsize_t>(count, 0)), rest);
  if (part > 0) std::memcpy(to, source.bytes.data() + source.position, part);
  source.position += part;
  return static_cast<tmsize_t>(part);
}

toff_t TiffFile::seek(thandle_t handle, toff_t offset, int origin) {
  Source& source = source_of(handle);
  const uint64_t base = origin == SEEK_SET ? 0 : origin == SEEK_CUR ? source.position : source.bytes.size();
  return source.position = base + offset;
}

int TiffFile::map(thandle_t handle, void** begin, toff_t* size) {
  // libtiff takes no pointer to const, but writes to no file that is open for reading.
  *begin = const_cast<std::byte*>(source_of(handle).bytes.data());
  *size = source_of(handle).bytes.size();
  return 1;
}

TiffFile::TiffFile(std::span<const std::byte> bytes, const std::string& name)
    : source_{.bytes = bytes}, name_(name), handle_(nullptr, TIFFClose) {
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  check(options != nullptr,
        "picture {}: expected memory to open it, found too little; close other programs, or make the picture "
        "smaller",
        name);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxAllocation);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), note_error, &source_);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), note_warning, &source_);
  handle_.reset(TIFFClientOpenExt(
      "TIFF", "r", &source_, read, [](thandle_t, void*, tmsize_t) { return tmsize_t{0}; }, seek,
      [](thandle_t) { return 0; }, [](thandle_t handle) { return toff_t{source_of(handle).bytes.size()}; },
      map, [](thandle_t, void*, toff_t) {}, options.get()));
  if (handle_ == nullptr) fail_damaged();
  source_.error = {};  // of tags, which it passed over
  source_.damage = {};
}

void TiffFile::fail_damaged() const {
  const char* words = source_.error.data();
  fail(
      "picture {}: expected a TIFF that decodes, found it damaged ({}); copy or download it again, or "
      "convert it",
      name_, *words == '\0' ? "no reason given" : words);
}

}  // namespace janus
