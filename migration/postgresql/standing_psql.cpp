#include "migration/postgresql/standing_psql.hpp"

#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <span>
#include <thread>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {
namespace {

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

Error nonsense() { return {Code::invalid, "psql ends a script that it had not begun", {}, {}, Disposition::ambiguous}; }

Error too_late() { return {Code::timeout, "psql did not answer in time", {}, {}, Disposition::ambiguous}; }

/// Where a text stands at the beginning of a line; npos: nowhere.
std::size_t line_with(const std::string& out, const std::string& text) {
  if (out.starts_with(text)) return 0;
  const auto at = out.find("\n" + text);
  return at == std::string::npos ? at : at + 1;
}

}  // namespace

Result<std::unique_ptr<StandingPsql>> StandingPsql::open(GuestSession& guest, const PostgresqlData& cluster,
                                                         const std::string& database, Millis most) {
  Command command;
  command.argv = as_superuser(cluster, psql_argv(cluster, database));
  command.env = psql_environment();
  command.timeout = most;
  auto& tunnel = guest.tunnel();
  MOULT_ASSIGN(auto psql, tunnel.start(command));
  return std::unique_ptr<StandingPsql>(new StandingPsql(tunnel, std::move(psql)));
}

StandingPsql::~StandingPsql() {
  psql_.end->abort({Code::interrupted, "psql is no longer needed", {}, {}, Disposition::fail});
}

/// One thread sends while this one receives: neither side waits for the other with its hands full.
Result<StandingPsql::Answer> StandingPsql::ask(const std::string& script, Millis most) {
  const auto word = random_word();
  const auto first = fmt::format("SELECT {};\n", text(kBegun + word));
  const auto rest = fmt::format("{}\n;\nSELECT {};\n", script, text(kEnded + word));
  std::atomic<bool> late = false;
  const Guard guard(most, [&] {
    late = true;
    psql_.end->abort(too_late());
  });
  if (!psql_.end->send(std::as_bytes(std::span(first)))) return Answer{};
  std::thread sender([&] { static_cast<void>(psql_.end->send(std::as_bytes(std::span(rest)))); });
  auto answer = read_answer(kBegun + word + "\n", kEnded + word + "\n");
  if (!answer) psql_.end->abort(answer.error());
  sender.join();
  if (answer) return answer;
  Result<Answer> failed = late ? Unexpected(too_late()) : pass(std::move(answer));
  // What was sent is there to be read: psql would go on with it. Where the helper is out of reach, it does the same.
  static_cast<void>(tunnel_.kill(psql_.number));
  return failed;
}

/// What comes before the word that the script begins with is psql's noise, or that of an answer before: the words are
/// random, and each is waited for. An answer that has the second without the first is a guest's that plays.
Result<StandingPsql::Answer> StandingPsql::read_answer(const std::string& begins, const std::string& ends) {
  Answer answer;
  while (!answer.good) {
    auto piece = psql_.end->receive();
    if (!piece) {
      piece.error().disposition = Disposition::ambiguous;
      return pass(std::move(piece));
    }
    if (piece->empty()) break;
    answer.out.append(reinterpret_cast<const char*>(piece->data()), piece->size());
    if (answer.out.size() > kMostAnswer) return Unexpected(too_large());
    answer.good = answer.out.ends_with("\n" + ends);
  }
  const auto at = line_with(answer.out, begins);
  answer.begun = at != std::string::npos;
  if (answer.good && !answer.begun) return Unexpected(nonsense());
  if (answer.begun) answer.out.erase(0, at + begins.size());
  if (answer.good) answer.out.erase(answer.out.size() - ends.size());
  return answer;
}

}  // namespace moult::postgresql
