#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace notes {

enum class Replace { no, yes };
enum class Written { done, exists };

/// Writes a file so that it is there whole or not at all, also after a crash: temporary name ("*.tmp"), fsync, rename,
/// fsync of the directory. Throws std::system_error.
Written write_atomically(const std::filesystem::path& path, std::string_view bytes, Replace replace);

/// The first half of that alone: the bytes in a file of a temporary name beside `path`, not yet on the disk. For many
/// files at once: one sync_all before they are renamed, one after. Throws std::system_error.
[[nodiscard]] std::filesystem::path write_beside(const std::filesystem::path& path, std::string_view bytes);

/// Replaces the content of a file that is no longer than `bytes` with one write(2), not yet on the disk. Throws
/// std::system_error.
void write_over(const std::filesystem::path& path, std::string_view bytes);

/// Writes the bytes to a file of the directory that never has a name, makes them durable, and forgets them: whether the
/// directory can be written to, without a trace. Throws std::system_error.
void try_writing(const std::filesystem::path& directory, std::string_view bytes);

/// Makes durable what was written on a directory's file system. Throws std::system_error.
void sync_all(const std::filesystem::path& directory);

/// Nothing where there is no such file. Throws std::system_error.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path);

}  // namespace notes
