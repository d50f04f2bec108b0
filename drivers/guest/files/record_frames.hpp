#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The numbers of the record format, known to its writer and its reader alone. A frame is a length (u32, what follows
/// it), a type (u8) and a body; numbers are little-endian.
namespace moult::files::frames {

inline constexpr std::string_view kMagic = "moult-records";
inline constexpr std::uint16_t kVersion = 2;
inline constexpr std::size_t kFrameLimit = 256U << 10;
inline constexpr std::size_t kHeader = 5;
inline constexpr std::size_t kPathLimit = 4095;
inline constexpr std::size_t kXattrValueLimit = 65536;
inline constexpr std::size_t kXattrTotalLimit = 1U << 20;

enum Type : std::uint8_t {
  begin = 1,  ///< magic, version
  entry,      ///< kind, path, metadata
  xattr,      ///< name, value; after its entry, before data
  data,       ///< offset, bytes
  close,      ///< size, record hash, stable; ends an entry
  deletion,   ///< path
  end,        ///< counts; ends the round
  base,       ///< stamp of the target's version, which `delta` starts from; after its entry, in place of data
  delta,      ///< a part of the difference
  check,      ///< path, from where to where, hash of that part of it
};

}  // namespace moult::files::frames
