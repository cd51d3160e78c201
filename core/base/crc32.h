// The checksum of zip archives and of PNG files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace janus {

// CRC-32 with the reversed polynomial 0xEDB88320 of `bytes` behind those whose checksum is `before`.
uint32_t crc32(std::span<const std::byte> bytes, uint32_t before = 0);

}  // namespace janus
