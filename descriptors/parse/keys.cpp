#include "descriptors/parse/keys.hpp"

#include <array>

namespace moult::parse {
namespace {

constexpr bool kRequired = true;

constexpr std::array kAppliance{
    Key{"moult", "the kind of file, appliance/v1", kRequired},
    Key{"id", "the vendor's identifier of the appliance", kRequired},
    Key{"hosts", "names of hosts and their libvirt URIs"},
    Key{"machines", "the machines of the appliance", kRequired},
    Key{"components", "what is installed, and how its level is found"},
    Key{"entry", "where clients come in; write none where nothing can hold them", kRequired},
};
constexpr std::array kMachine{
    Key{"host", "a name under hosts"},
    Key{"domain", "the name of the libvirt domain", kRequired},
};
constexpr std::array kInstalled{
    Key{"machine", "a name under machines", kRequired},
    Key{"detect", "how the level is found", kRequired},
};
constexpr std::array kEntry{
    Key{"haproxy", "an HAProxy in front"},
    Key{"none", "nothing in front"},
    Key{"command", "commands that hold and release"},
    Key{"check", "a URL asked through the entry after the switch"},
};
constexpr std::array kHaproxy{
    Key{"socket", "the path of HAProxy's runtime socket", kRequired},
    Key{"frontend", "the name of the frontend", kRequired},
    Key{"map", "the map that holds requests"},
    Key{"backends", "the backends that lead to the appliance"},
};
constexpr std::array kEntryCommand{
    Key{"hold", "the command that makes new requests wait", kRequired},
    Key{"drain", "the command that waits for requests in flight", kRequired},
    Key{"release", "the command that lets requests go on", kRequired},
    Key{"where", "the command that prints whether requests are held", kRequired},
};

constexpr std::array kMaintenance{
    Key{"moult", "the kind of file, maintenance/v1", kRequired},
    Key{"appliance", "the identifier of the appliance that this is for", kRequired},
    Key{"release", "the name of the release", kRequired},
    Key{"notes", "text for people"},
    Key{"components", "the components and their target levels", kRequired},
    Key{"payload", "the files that updates need"},
};
constexpr std::array kComponent{
    Key{"machine", "the name of a machine in the appliance descriptor", kRequired},
    Key{"level", "the target level", kRequired},
    Key{"detect", "how the level is found", kRequired},
    Key{"update", "how the component is brought to its target level", kRequired},
    Key{"check", "what must come true after the update"},
    Key{"hooks", "commands at given points of a run"},
    Key{"data", "local data that must survive"},
    Key{"after", "components updated before this one"},
    Key{"requires", "conditions on the levels of other components"},
    Key{"parallel", "may run beside others on the same machine"},
};
constexpr std::array kLevel{
    Key{"to", "the target level", kRequired},
    Key{"from", "the found levels that it may start from"},
    Key{"scheme", "how levels are read and ordered"},
};
constexpr std::array kDetect{
    Key{"deb", "the name of a Debian package"},
    Key{"archive", "the path of the file that holds the level"},
    Key{"command", "a command that prints the level"},
};
constexpr std::array kUpdate{
    Key{"deb", "payload names of Debian packages"},
    Key{"archive", "the payload name of a tar archive"},
    Key{"unpack_to", "the directory that the archive replaces"},
    Key{"command", "a command run in the guest"},
    Key{"revert", "a command that undoes the update"},
    Key{"payload", "payload names that the command needs"},
    Key{"stop", "units stopped before"},
    Key{"start", "units started after"},
    Key{"reboot", "reboot the clone after"},
    Key{"timeout", "the longest time it may take"},
};
constexpr std::array kCheck{
    Key{"http", "a request to the guest itself"},
    Key{"tcp", "a connection to the guest itself"},
    Key{"command", "a command whose exit code 0 means good"},
    Key{"timeout", "the time until it must be good"},
};
constexpr std::array kHttp{
    Key{"port", "the port of the service in the guest", kRequired},
    Key{"path", "the path of the request"},
    Key{"status", "the status that means good"},
    Key{"contains", "text that the answer must contain"},
};
constexpr std::array kTcp{Key{"port", "the port of the service in the guest", kRequired}};
constexpr std::array kHook{
    Key{"warm", "on the clone, before clients wait"},    Key{"quiesce", "on the original, before the fence"},
    Key{"activate", "on the clone, after verification"}, Key{"stop", "on the original, at the seal"},
    Key{"start", "on the original, at a rollback"},
};
constexpr std::array kData{
    Key{"files", "the directory whose files are carried over"},
    Key{"handover", "the disk that changes hands whole"},
    Key{"native", "the application's own replication, which carries its data"},
    Key{"hooks", "the vendor's own commands, which carry what nothing else can"},
    Key{"include", "patterns of what is carried over"},
    Key{"exclude", "patterns of what is left out"},
    Key{"conflict", "what happens to a path that changed on both sides"},
    Key{"migrate", "the command that turns the old form into the new"},
    Key{"downgrade", "the command that turns the new form into the old"},
};
constexpr std::array kHandover{
    Key{"disk", "the target of the machine's disk", kRequired},
    Key{"mount", "the directory on which the guest has it mounted", kRequired},
    Key{"rollback", "what a rollback starts from"},
};
constexpr std::array kNative{
    Key{"postgresql", "a PostgreSQL cluster of the machine"},
    Key{"replication", "any other application that can follow another one of its kind"},
};
constexpr std::array kReplication{
    Key{"version", "the version of the commands' contract, 1", kRequired},
    Key{"port", "the application's port, on both sides", kRequired},
    Key{"follow", "the command that makes the target follow the source", kRequired},
    Key{"verify", "the command that prints a digest of the set", kRequired},
    Key{"quiesce", "the command that stops the writers", kRequired},
    Key{"resume", "the command that lets them write again", kRequired},
    Key{"promote", "the command after which the target follows nobody", kRequired},
    Key{"end", "the command that takes away what the others left"},
    Key{"reverse", "how the data is carried back at a rollback"},
    Key{"timeout", "the longest time that each command may take"},
};
constexpr std::array kReverseReplication{
    Key{"follow", "follow for the way back"},   Key{"verify", "verify for the way back"},
    Key{"quiesce", "quiesce for the way back"}, Key{"resume", "resume for the way back"},
    Key{"promote", "promote for the way back"}, Key{"end", "end for the way back"},
};
constexpr std::array kPostgresql{
    Key{"port", "the cluster's port"},
    Key{"user", "the cluster's superuser, and the guest's user of that name"},
    Key{"databases", "the databases; every one that holds tables when left out"},
    Key{"insert_only", "tables without an identity, to which rows are only added"},
    Key{"reverse", "how the data is carried back at a rollback"},
};
constexpr std::array kDataHooks{
    Key{"version", "the version of the commands' contract, 1", kRequired},
    Key{"capture", "the command that starts noticing changes", kRequired},
    Key{"round", "the command that prints what changed", kRequired},
    Key{"replay", "the command that applies what round printed", kRequired},
    Key{"verify", "the command that prints a digest of the set", kRequired},
    Key{"quiesce", "the command that stops the writers", kRequired},
    Key{"resume", "the command that lets them write again", kRequired},
    Key{"end", "the command that takes away what capture left"},
    Key{"reverse", "how the set is carried back at a rollback"},
    Key{"timeout", "the longest time that each command may take"},
    Key{"round_mib", "the most that one round may print, in MiB"},
};
constexpr std::array kReverseHooks{
    Key{"capture", "capture for the way back"}, Key{"round", "round for the way back"},
    Key{"replay", "replay for the way back"},   Key{"verify", "verify for the way back"},
    Key{"quiesce", "quiesce for the way back"}, Key{"resume", "resume for the way back"},
    Key{"end", "end for the way back"},
};
constexpr std::array kMerge{Key{"merge", "the command that merges both sides", kRequired}};
constexpr std::array kPayload{
    Key{"sha256", "the SHA-256 of the file", kRequired},
    Key{"size", "the size of the file in bytes", kRequired},
};

constexpr std::array kApplianceSets{&kApplianceKeys, &kMachineKeys, &kInstalledKeys,    &kDetectKeys,
                                    &kEntryKeys,     &kHaproxyKeys, &kEntryCommandKeys, &kNoneKeys};
constexpr std::array kMaintenanceSets{&kMaintenanceKeys,
                                      &kComponentKeys,
                                      &kLevelKeys,
                                      &kDetectKeys,
                                      &kUpdateKeys,
                                      &kCheckKeys,
                                      &kHttpKeys,
                                      &kTcpKeys,
                                      &kHookKeys,
                                      &kDataKeys,
                                      &kMergeKeys,
                                      &kPayloadKeys,
                                      &kHandoverKeys,
                                      &kNativeKeys,
                                      &kPostgresqlKeys,
                                      &kDataHooksKeys,
                                      &kReverseHooksKeys,
                                      &kReplicationKeys,
                                      &kReverseReplicationKeys};

}  // namespace

constexpr KeySet kApplianceKeys{"appliance", kAppliance};
constexpr KeySet kMachineKeys{"machine", kMachine};
constexpr KeySet kInstalledKeys{"installed", kInstalled};
constexpr KeySet kEntryKeys{"entry", kEntry};
constexpr KeySet kHaproxyKeys{"haproxy", kHaproxy};
constexpr KeySet kEntryCommandKeys{"entry_command", kEntryCommand};
constexpr KeySet kNoneKeys{"none", {}};
constexpr KeySet kMaintenanceKeys{"maintenance", kMaintenance};
constexpr KeySet kComponentKeys{"component", kComponent};
constexpr KeySet kLevelKeys{"level", kLevel};
constexpr KeySet kDetectKeys{"detect", kDetect};
constexpr KeySet kUpdateKeys{"update", kUpdate};
constexpr KeySet kCheckKeys{"check", kCheck};
constexpr KeySet kHttpKeys{"http", kHttp};
constexpr KeySet kTcpKeys{"tcp", kTcp};
constexpr KeySet kHookKeys{"hooks", kHook};
constexpr KeySet kDataKeys{"data", kData};
constexpr KeySet kHandoverKeys{"handover", kHandover};
constexpr KeySet kNativeKeys{"native", kNative};
constexpr KeySet kPostgresqlKeys{"postgresql", kPostgresql};
constexpr KeySet kDataHooksKeys{"data_hooks", kDataHooks};
constexpr KeySet kReverseHooksKeys{"reverse_hooks", kReverseHooks};
constexpr KeySet kReplicationKeys{"replication", kReplication};
constexpr KeySet kReverseReplicationKeys{"reverse_replication", kReverseReplication};
constexpr KeySet kMergeKeys{"merge", kMerge};
constexpr KeySet kPayloadKeys{"payload", kPayload};

std::span<const KeySet* const> appliance_key_sets() { return kApplianceSets; }
std::span<const KeySet* const> maintenance_key_sets() { return kMaintenanceSets; }

}  // namespace moult::parse
