#include "migration/data_preflight.hpp"

#include "migration/handover_preflight.hpp"

namespace moult {

Result<std::vector<Error>> data_problems(const DataQuestion& question) {
  switch (question.data.kind) {
    case DataKind::handover:
      return handover_problems(question);
    case DataKind::files:
    case DataKind::native:
    case DataKind::hooks:
      break;
  }
  return std::vector<Error>{};
}

}  // namespace moult
