#include "migration/postgresql/standing_psql.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kStart{60'000};
constexpr const char* kBegun = "begun ";
constexpr const char* kEnded = "ended ";

/// Calls for help when it lives longer than it may: what it guards has no limit of its own.
class Guard {
 public:
  Guard(Millis most, std::function<void()> end)
      : thread_([this, most, end = std::move(end)] {
          std::unique_lock lock(mutex_);
          if (!changed_.wait_for(lock, most, [this] { return over_; })) end();
        }) {}
  ~Guard() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;  // guarded by mutex_
  std::thread thread_;
};

Error too_late() { return {Code::timeout, "psql did not answer in time", {}, {}, Disposition::ambiguous}; }

/// The connection first says a word that only this run knows: another process of the guest may find the port.
constexpr const char* kProgram = R"(read -r word; port=$1; shift
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
printf '%s\n' "$word" >&3
setsid "$@" <&3 >&3 2>&3 3>&- &)";

Result<> start(GuestSession& guest, const PostgresqlData& cluster, const std::string& database, int port,
               const std::string& word) {
  Command command;
  command.argv = {"bash", "-c", kProgram, "bash", std::to_string(port)};
  const auto psql = as_superuser(cluster, psql_argv(cluster, database));
  command.argv.insert(command.argv.end(), psql.begin(), psql.end());
  command.env["PGCONNECT_TIMEOUT"] = "10";
  command.input = word + "\n";
  command.timeout = kStart;
  MOULT_ASSIGN(const auto outcome, guest.access().run(command));
  if (outcome.good()) return {};
  return fail(Code::failed, "no psql could be kept running: " + outcome.err.substr(0, 200));
}

/// The first line that comes in is the word; what is behind it.
std::optional<std::string> behind_word(TunnelEnd& end, const std::string& word) {
  const Guard guard(kStart, [&end] { end.abort(too_late()); });
  std::string text;
  while (text.size() <= word.size()) {
    const auto piece = end.receive();
    if (!piece || piece->empty()) return std::nullopt;
    text.append(reinterpret_cast<const char*>(piece->data()), piece->size());
  }
  if (!text.starts_with(word + "\n")) return std::nullopt;
  return text.substr(word.size() + 1);
}

struct Accepted {
  std::unique_ptr<TunnelEnd> end;
  std::string early;
};

/// Others that come in are turned away.
Result<Accepted> accept(TunnelListener& listener, const std::string& word) {
  const Guard guard(kStart, [&listener] { listener.close(); });
  for (;;) {
    MOULT_ASSIGN(auto end, listener.accept());
    if (auto early = behind_word(*end, word)) return Accepted{std::move(end), std::move(*early)};
  }
}

}  // namespace

Result<std::unique_ptr<StandingPsql>> StandingPsql::open(GuestSession& guest, const PostgresqlData& cluster,
                                                         const std::string& database) {
  const auto word = random_word();
  MOULT_ASSIGN(const auto listener, guest.tunnel().listen(0));
  MOULT_TRY(start(guest, cluster, database, listener->port(), word));
  MOULT_ASSIGN(auto accepted, accept(*listener, word));
  listener->close();
  return std::unique_ptr<StandingPsql>(new StandingPsql(std::move(accepted.end), std::move(accepted.early)));
}

StandingPsql::~StandingPsql() {
  end_->abort({Code::interrupted, "psql is no longer needed", {}, {}, Disposition::fail});
}

/// One thread sends while this one receives: neither side waits for the other with its hands full.
Result<StandingPsql::Answer> StandingPsql::ask(const std::string& script, Millis most) {
  const auto word = random_word();
  const auto first = fmt::format("SELECT {};\n", text(kBegun + word));
  const auto rest = fmt::format("{}\n;\nSELECT {};\n", script, text(kEnded + word));
  std::atomic<bool> late = false;
  const Guard guard(most, [&] {
    late = true;
    end_->abort(too_late());
  });
  if (!end_->send(std::as_bytes(std::span(first)))) return Answer{};
  std::thread sender([&] { static_cast<void>(end_->send(std::as_bytes(std::span(rest)))); });
  auto answer = read_answer(kBegun + word + "\n", kEnded + word + "\n");
  if (!answer) end_->abort(answer.error());
  sender.join();
  if (late) return Unexpected(too_late());
  return answer;
}

/// A psql that ends with its input unread resets the connection, behind its last words. Where these are missing, the
/// channel may have broken, and whether anything was run is not known.
Result<StandingPsql::Answer> StandingPsql::read_answer(const std::string& begins, const std::string& ends) {
  Answer answer;
  answer.out = std::move(early_);
  early_.clear();
  while (!answer.good) {
    auto piece = end_->receive();
    if (!piece && answer.out.find("psql:") == std::string::npos) {
      piece.error().disposition = Disposition::ambiguous;
      return pass(std::move(piece));
    }
    if (!piece || piece->empty()) break;
    answer.out.append(reinterpret_cast<const char*>(piece->data()), piece->size());
    if (answer.out.size() > kMostAnswer) return Unexpected(too_large());
    answer.good = answer.out.ends_with("\n" + ends);
  }
  answer.begun = answer.out.starts_with(begins);
  if (answer.begun) answer.out.erase(0, begins.size());
  if (answer.good) answer.out.erase(answer.out.size() - ends.size());
  return answer;
}

}  // namespace moult::postgresql
