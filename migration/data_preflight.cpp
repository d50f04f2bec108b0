#include "migration/data_preflight.hpp"

#include "migration/files_preflight.hpp"
#include "migration/handover_preflight.hpp"
#include "migration/hooks_preflight.hpp"
#include "migration/native_preflight.hpp"

namespace moult {

Result<std::vector<Error>> data_problems(const DataQuestion& question) {
  switch (question.data.kind) {
    case DataKind::files:
      return files_problems(question);
    case DataKind::handover:
      return handover_problems(question);
    case DataKind::native:
      return question.data.hooks.port != 0 ? replication_problems(question) : native_problems(question);
    case DataKind::hooks:
      return hooks_problems(question);
  }
  return std::vector<Error>{};
}

}  // namespace moult
