#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "helper_process.hpp"

namespace moult::test {

/// A machine as PostgreSQL sees one: network, mounts and processes of its own, and a file system on an image file,
/// which another machine may begin with a copy of. The real helper serves it.
class PostgresqlMachine {
 public:
  explicit PostgresqlMachine(const std::string& image)
      : helper_(
            {"unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
             "ip link set lo up && mount -o loop " + image +
                 " /var/lib/postgresql && mount -t tmpfs tmpfs /run/postgresql && chown postgres /run/postgresql && "
                 "exec \"$0\" \"$@\""}) {}

  [[nodiscard]] GuestSession& session() { return helper_.session(); }
  /// Runs a shell line in it; its output. A bad end fails the test.
  std::string shell(const std::string& line, Millis most = Millis{120'000}) {
    auto outcome = try_shell(line, most);
    REQUIRE(outcome);
    INFO(line << ": " << outcome->err);
    REQUIRE(outcome->good());
    auto out = outcome->out;
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }
  Result<Outcome> try_shell(const std::string& line, Millis most = Millis{120'000}) {
    Command command;
    command.argv = {"sh", "-c", line};
    command.timeout = most;
    return session().access().run(command);
  }
  std::string sql(const std::string& statement, const std::string& database = "bench") {
    Command command;
    command.argv = {"runuser",         "-u", "postgres", "--", "psql", "-XAtq", "-v",
                    "ON_ERROR_STOP=1", "-d", database,   "-f", "-"};
    command.input = statement;
    auto outcome = session().access().run(command);
    REQUIRE(outcome);
    INFO(statement << ": " << outcome->err);
    REQUIRE(outcome->good());
    auto out = outcome->out;
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }
  void make_cluster(const std::string& wal_level = "logical") {
    shell("chown postgres /var/lib/postgresql && " + as("initdb -D /var/lib/postgresql/d -U postgres --auth-local=peer "
                                                        "--auth-host=scram-sha-256 -E UTF8 --locale=C >/dev/null"));
    shell("printf \"wal_level=" + wal_level +
          "\\nmax_wal_size=256MB\\nshared_buffers=64MB\\n"
          "unix_socket_directories='/run/postgresql'\\nlogging_collector=off\\n\" >> "
          "/var/lib/postgresql/d/postgresql.conf");
    start();
  }
  void start() { shell(as("pg_ctl -D /var/lib/postgresql/d -l /var/lib/postgresql/log -t 120 -w start >/dev/null")); }
  void restart() {
    shell(as("pg_ctl -D /var/lib/postgresql/d -l /var/lib/postgresql/log -m fast -w restart >/dev/null"));
  }
  /// Other sessions, so many as PostgreSQL lets in, until free_sessions().
  void occupy_sessions(int most) {
    shell("for i in $(seq " + std::to_string(most) +
          "); do (sleep 4711 | runuser -u postgres -- psql -Xq -d bench) >/dev/null 2>&1 & done; sleep 3");
  }
  void free_sessions() { shell("pkill -f '[s]leep 4711'; sleep 1"); }
  void remove_stale_pid() { shell("rm -f /var/lib/postgresql/d/postmaster.pid"); }
  std::string log() { return shell("tail -n 30 /var/lib/postgresql/log"); }
  static std::string as(const std::string& command) {
    return "cd / && runuser -u postgres -- " + bin_dir() + "/" + command;
  }
  static std::string bin_dir() {
    for (int version = 17; version >= 13; --version) {
      const auto path = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
      if (std::filesystem::exists(path + "/initdb")) return path;
    }
    FAIL("these tests need the package postgresql (packaging/install-deps)");
    return {};
  }

 private:
  HelperProcess helper_;
};

/// A directory with the images of an original and of its clones.
class Images {
 public:
  Images() {
    char name[] = "/var/tmp/moult-native-XXXXXX";
    dir_ = ::mkdtemp(name);
    REQUIRE(std::system(("truncate -s 1500M " + original() + " && mkfs.ext4 -q -F " + original()).c_str()) == 0);
  }
  ~Images() { std::filesystem::remove_all(dir_); }
  [[nodiscard]] std::string original() const { return dir_ + "/original.img"; }
  [[nodiscard]] std::string clone() const { return dir_ + "/clone.img"; }
  /// As moult does: the file system is frozen, its disk is copied, it is thawed.
  void snapshot(PostgresqlMachine& machine) const {
    machine.shell("sync -f /var/lib/postgresql && fsfreeze -f /var/lib/postgresql");
    const int copied = std::system(("cp --sparse=always " + original() + " " + clone()).c_str());
    machine.shell("fsfreeze -u /var/lib/postgresql");
    REQUIRE(copied == 0);
  }

 private:
  std::string dir_;
};

}  // namespace moult::test
