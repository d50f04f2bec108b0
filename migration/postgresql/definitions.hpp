#pragma once

#include <string>

namespace moult::postgresql {

/// The condition on pg_class c and pg_namespace n that makes a relation the vendor's own.
extern const char* const kOwn;

/// A query of kind, name and definition of everything that replication does not carry and that somebody may change: of
/// one database, and of the whole cluster. Two answers of one cluster are compared, never those of two: definitions
/// hold what only this cluster knows, such as the numbers of its objects. Statistics, files and what VACUUM leaves are
/// not in it, nor what a run makes.
[[nodiscard]] std::string definitions();

}  // namespace moult::postgresql
