#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "orchestrator/store/sqlite_database.hpp"

namespace moult {

/// The file of a state directory.
[[nodiscard]] std::string store_path(const std::string& state_dir);

/// What open_store() does, with the migrations given: tests hand in fewer or more.
[[nodiscard]] Result<std::unique_ptr<SqliteDatabase>> open_database(const std::string& state_dir,
                                                                    SqliteDatabase::Mode mode,
                                                                    std::span<const std::string_view> migrations);

}  // namespace moult
