// Writes the export of a run between rows of another, and the public key, for audit_by_hand: write_export DIRECTORY
#include <fstream>
#include <string>

#include "orchestrator/store/audit_verify.hpp"
#include "orchestrator/store/store.hpp"

using namespace moult;

namespace {

Result<> write(const std::string& directory) {
  constexpr const char* kUtc = "2024-05-01T10:00:00.000Z";
  MOULT_ASSIGN(const auto store, open_store(directory + "/state"));
  for (int i = 0; i < 9; ++i) {
    const std::string facts = R"({"n":)" + std::to_string(i) + R"(,"text":"\\ \u00e9 \n \"q\" %s"})";
    MOULT_TRY(
        store->audit().append({i % 3 ? "r1" : "r2", i % 2 ? "" : "switch", "Zo\xc3\xab \\", kUtc, "step.done", facts}));
  }
  std::ofstream one(directory + "/run.jsonl"), all(directory + "/all.jsonl");
  MOULT_TRY(export_audit(store->audit(), "r1", kUtc, one));
  return export_audit(store->audit(), "", kUtc, all);
}

}  // namespace

int main(int argc, char** argv) { return argc == 2 && write(argv[1]) ? 0 : 1; }
