#include "orchestrator/cli/help.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <string>

namespace moult {
namespace {

constexpr const char* kProgram = R"(
An appliance is a set of VMs that serve together. Its administrator describes it once in an appliance descriptor;
the vendor ships a maintenance descriptor with each release. moult clones the running VMs, upgrades the clone while
the original serves, carries over what clients change meanwhile, and lets the clone take the original's place. Until
the cutover nothing of the original is changed; after it there is a way back until you give it up.

A first upgrade:
  moult validate appliance.yaml maintenance.yaml            are the files good?
  moult probe appliance.yaml maintenance.yaml               what is installed now?
  moult plan appliance.yaml maintenance.yaml                what would happen?
  moult upgrade appliance.yaml maintenance.yaml --rehearse  do it, but for the cutover; then undo it
  moult upgrade appliance.yaml maintenance.yaml             do it
  moult finish RUN                                          it is good: give the way back up
  moult rollback RUN                                        it is not: go back

The first three change nothing. Without a hypervisor, --driver sim tries descriptors in a simulated world:
  moult --driver sim plan appliance.yaml maintenance.yaml

Each command tells more: moult upgrade --help. Data goes to standard output, everything else to standard error;
NO_COLOR is respected. Exit codes: 0 done, 2 usage, 3 a file is not what it must be, 5 refused, 6 the world moved,
7 unreachable, 10 another moult holds the appliance, 130 stopped on request. All of them: docs/exit-codes.md.)";

constexpr const char* kValidate = R"(
Reads the files and nothing else. Each finding is one line: file, line, column, key, what was expected.

Examples:
  moult validate appliance.yaml
  moult validate appliance.yaml maintenance.yaml    also: do the two belong together?)";

constexpr const char* kProbe = R"(
Asks all machines side by side, each through its guest agent; leaves nothing in a guest. Verdicts: current, old, newer,
missing (not installed), unreachable, and - where there is no target to compare with.

Examples:
  moult probe appliance.yaml                        by the components that the appliance descriptor lists
  moult probe appliance.yaml maintenance.yaml       by the vendor's rules, compared with the vendor's targets
  moult probe appliance.yaml -o json | jq -r '.components[] | [.name, .found] | @tsv')";

constexpr const char* kPlan = R"(
Prints what was found, the update order as waves, the data that is carried over, the disk space that clones need, and
warnings. Ends with another code than 0, and says why, where the plan could not be applied.

Examples:
  moult plan appliance.yaml maintenance.yaml
  moult plan appliance.yaml maintenance.yaml --out plan.json      have it reviewed, then: moult apply plan.json
  moult plan appliance.yaml maintenance.yaml -o dot | dot -Tsvg > order.svg)";

constexpr const char* kUpgrade = R"(
--cutover TIME takes 2026-01-31T02:00:00Z, or 02:00 for the next such moment in UTC. DURATION is 500ms, 2s or 10m.
RATE is 2MiB/s, or 2M for short. With --throttle the original may be slower before the cutover, never below RATE a disk,
and only while its data is written as fast as it can be carried; its own limits are back before clients are held.
Before the cutover Ctrl-C, and every failure, undoes the run: the original serves as before and nothing is left behind.
After it the clone serves, and what clients write is kept for the way back until `moult finish` or `moult rollback`.
With --confirm-within this moult stays until `moult confirm`; when the time is over without it, it rolls back. Ctrl-C
there leaves the clone serving and the time running: `moult resume` waits on.

Examples:
  moult upgrade appliance.yaml maintenance.yaml --rehearse        which stall would clients see?
  moult upgrade appliance.yaml maintenance.yaml
  moult upgrade appliance.yaml maintenance.yaml --cutover 02:00   prepare now, cut over at night
  moult upgrade appliance.yaml maintenance.yaml --cutover manual  wait for: moult cutover RUN
  moult upgrade appliance.yaml maintenance.yaml --throttle 2MiB/s   for data that is written faster than it is carried
  moult upgrade appliance.yaml maintenance.yaml --confirm-within 30m  back again unless `moult confirm RUN` comes
  moult upgrade appliance.yaml maintenance.yaml --yes -o json     for scripts)";

constexpr const char* kApply = R"(
Looks at the world again and runs only when it finds what the plan was made of; otherwise each difference is listed and
the exit code is 6. Options and what happens are those of `moult upgrade`; nothing is asked.

Examples:
  moult plan appliance.yaml maintenance.yaml --out plan.json
  moult apply plan.json
  moult apply plan.json --cutover 2026-01-31T02:00:00Z)";

constexpr const char* kRuns = R"(
Examples:
  moult runs
  moult runs -o json | jq -r '.[] | select(.state == "confirming") | .run')";

constexpr const char* kStatus = R"(
Examples:
  moult status 260131-k3fw
  moult status 260131-k3fw -o json)";

constexpr const char* kCutover = R"(
For a run that was started with --cutover manual or with a time: the moult that works on it cuts over, and this one
waits until it is done.

Example:
  moult cutover 260131-k3fw)";

constexpr const char* kAbort = R"(
Also for a run whose moult was killed; it may be asked again, and goes on where it stopped. After the cutover it is
refused: use `moult rollback`.

Example:
  moult abort 260131-k3fw)";

constexpr const char* kConfirm = R"(
For a run that was started with --confirm-within: the clone stays, and the moult that waits for this ends (with
--finish: gives the way back up). The way back is open until `moult finish`. Refused once the rollback has begun.

Example:
  moult confirm 260131-k3fw)";

constexpr const char* kRollback = R"(
The same cutover with the sides exchanged: requests wait, what clients wrote since is carried to the original, none is
lost. Where a data set is migrated and its descriptor names no `downgrade`, that cannot be done (`moult plan` warns of
it): the rollback is refused, and with --accept-one-way it is done without those writes.

Examples:
  moult rollback 260131-k3fw
  moult rollback 260131-k3fw --accept-one-way)";

constexpr const char* kFinish = R"(
After the cutover, when the new release is good. There is no way back from here but a backup.

Example:
  moult finish 260131-k3fw)";

constexpr const char* kResume = R"(
Asks the world how far the run came, lets one side serve, and goes on to where the run was going. Before the cutover a
clone that cannot be trusted to be whole is made anew. Without RUN: every run whose process died. The service
moult-resume runs it with --watch: a run whose moult was killed, also by its host's end, needs no person.

Examples:
  moult resume 260131-k3fw
  moult resume                                      every run that a process left by dying
  systemctl enable --now moult-resume               at once, and after each boot)";

constexpr const char* kAudit = R"(
Examples:
  moult audit show 260131-k3fw                      what was done, by whom, when
  moult audit show                                  commands that were refused before a run began
  moult audit verify                                is the log what was written?
  moult audit export 260131-k3fw > run.jsonl        to keep elsewhere; docs/audit.md checks it without moult
  moult audit verify --export run.jsonl --key KEY   KEY: as `moult audit verify` printed it when you trusted it)";

constexpr const char* kVendor = R"(
Clones the machine of the set, as a run would, and holds the commands of `data.NAME.hooks` to their contract
(docs/descriptors.md) there: exit codes, rounds asked for again, replays that are repeated and killed, digests, and
whether writers stop, go on, and go on by themselves. Then the same of the commands for the way back, `reverse`.
The original is frozen for its snapshot, and its `end` is run as after any run; nothing else is done to it. The clone
is thrown away. Without --write nothing changes the data, and what needs a change is not checked.
Ends with 13 where a promise is not kept.

Examples:
  moult vendor check-hooks appliance.yaml maintenance.yaml --set ledger.book
  moult vendor check-hooks appliance.yaml maintenance.yaml --write '["sh", "-c", "ledger set probe $MOULT_WRITE"]')";

struct Text {
  const char* command;
  const char* text;
};
constexpr std::array kTexts{
    Text{"validate", kValidate}, Text{"probe", kProbe},     Text{"plan", kPlan},         Text{"upgrade", kUpgrade},
    Text{"apply", kApply},       Text{"runs", kRuns},       Text{"status", kStatus},     Text{"cutover", kCutover},
    Text{"abort", kAbort},       Text{"confirm", kConfirm}, Text{"rollback", kRollback}, Text{"finish", kFinish},
    Text{"resume", kResume},     Text{"audit", kAudit},     Text{"vendor", kVendor},
};

}  // namespace

void add_help(CLI::App& app) {
  app.footer(kProgram);
  for (const auto& [command, text] : kTexts) {
    auto* of = app.get_subcommand(command);
    of->footer(std::string(text) + "\n\nFor every command: --state, --driver, --sim-world, --quiet (moult --help).");
    for (auto* inner : of->get_subcommands([](const CLI::App*) { return true; })) inner->footer(text);
  }
}

}  // namespace moult
