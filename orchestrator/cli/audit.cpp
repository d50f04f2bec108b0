#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/store/audit_verify.hpp"
#include "orchestrator/store/store.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

struct AuditArguments {
  std::string run, file, key;
};

Result<> show(Cli& cli, const AuditArguments& arguments) {
  MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
  std::size_t rows = 0;
  MOULT_TRY(read_run(store->audit(), arguments.run, [&rows](const AuditRow& row) -> Result<> {
    ++rows;
    std::printf("%lld  %s  %-8s %-22s %-16s %s\n", static_cast<long long>(row.seq), row.utc.c_str(), row.actor.c_str(),
                row.event.c_str(), row.step.c_str(), row.facts.c_str());
    return {};
  }));
  if (rows == 0)
    return fail(Code::not_found,
                arguments.run.empty() ? "no command was refused before its run began"
                                      : "the audit log has no rows of a run " + arguments.run,
                "See `moult runs`.");
  return {};
}

Result<> judge(const AuditReport& report) {
  std::printf("rows: %lld, of this run: %lld, signed through: %lld, after it: %lld\nkey: %s\n",
              static_cast<long long>(report.rows), static_cast<long long>(report.run_rows),
              static_cast<long long>(report.signed_through), static_cast<long long>(report.unsigned_rows),
              report.public_key.c_str());
  if (report.good) {
    std::printf("good\n");
    return {};
  }
  return fail(Code::mismatch,
              "the audit log is not what was written: row " + std::to_string(report.first_bad_seq) + ": " + report.why,
              "Keep the file as it is; docs/audit.md says what each finding means.");
}

Result<> verify(Cli& cli, const AuditArguments& arguments) {
  if (!arguments.file.empty()) {
    std::ifstream file(arguments.file);
    if (!file) return fail(Code::not_found, "cannot open " + arguments.file);
    MOULT_ASSIGN(const auto report, verify_export(file, arguments.key));
    return judge(report);
  }
  MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
  VerifyRequest request;
  request.run = arguments.run;
  request.public_key = arguments.key;
  MOULT_ASSIGN(const auto report, verify_audit(store->audit(), request));
  return judge(report);
}

Result<> write_export(Cli& cli, const AuditArguments& arguments) {
  MOULT_ASSIGN(auto store, open_store(state_dir_of(cli)));
  return export_audit(store->audit(), arguments.run, utc_text(std::chrono::system_clock::now()), std::cout);
}

}  // namespace

void add_audit(CLI::App& app, Cli& cli) {
  auto* audit = app.add_subcommand("audit", "Read, verify and export the audit log");
  audit->require_subcommand(1);
  auto arguments = std::make_shared<AuditArguments>();
  auto* shown = audit->add_subcommand(
      "show", "Print a run's rows; without one, those of commands that were refused before a run began");
  shown->add_option("RUN", arguments->run, "The run's id")->type_name("ID");
  shown->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return show(cli, *arguments); }; });
  auto* verified = audit->add_subcommand("verify", "Recompute the hash chain and check the signed heads");
  verified->add_option("RUN", arguments->run, "Count this run's rows; the whole chain is checked in any case")
      ->type_name("ID");
  verified->add_option("--export", arguments->file, "Check an exported file instead of the store")->type_name("FILE");
  verified->add_option("--key", arguments->key, "Public key that must have signed, in hex")->type_name("KEY");
  verified->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return verify(cli, *arguments); }; });
  auto* exported =
      audit->add_subcommand("export", "Write a run's rows and a signed head as JSON Lines to standard output");
  exported->add_option("RUN", arguments->run, "The run's id")->type_name("ID")->required();
  exported->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return write_export(cli, *arguments); }; });
}

}  // namespace moult
