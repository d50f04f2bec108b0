#include "migration/postgresql/psql_pool.hpp"

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {
namespace {

using std::chrono::steady_clock;

constexpr Millis kWarm{60'000};

}  // namespace

/// The one that has waited longest, so that all are used: what a session does the first time takes longer.
std::unique_ptr<StandingPsql> PsqlPool::take(const std::string& database) {
  const std::lock_guard lock(mutex_);
  auto& idle = idle_[database];
  if (idle.empty()) return nullptr;
  auto psql = std::move(idle.front());
  idle.erase(idle.begin());
  return psql;
}

void PsqlPool::keep(const std::string& database, std::unique_ptr<StandingPsql> psql) {
  const std::lock_guard lock(mutex_);
  idle_[database].push_back(std::move(psql));
}

Result<std::optional<StandingPsql::Answer>> PsqlPool::ask(const std::string& database, const std::string& script,
                                                          Millis most) {
  const auto end = steady_clock::now() + most;
  for (;;) {
    auto psql = take(database);
    const bool fresh = psql == nullptr;
    if (fresh) {
      auto opened = StandingPsql::open(guest_, cluster_, database, left_until(end));
      if (!opened) return std::nullopt;
      psql = std::move(*opened);
    }
    MOULT_ASSIGN(auto answer, psql->ask(script, left_until(end)));
    if (answer.good) keep(database, std::move(psql));
    if (answer.begun || fresh) return answer;
  }
}

std::size_t PsqlPool::idle(const std::string& database) {
  const std::lock_guard lock(mutex_);
  return idle_[database].size();
}

Result<> PsqlPool::warm(const std::string& database, std::size_t count) {
  while (idle(database) < count) {
    auto psql = StandingPsql::open(guest_, cluster_, database, kWarm);
    if (!psql) return {};  // a question then has a psql of its own
    MOULT_ASSIGN(const auto answer, (*psql)->ask("", kWarm));
    if (!answer.good) return fail(Code::failed, "database " + database + ": " + reason_of(answer.out));
    keep(database, std::move(*psql));
  }
  return {};
}

void PsqlPool::close_idle() {
  decltype(idle_) idle;
  const std::lock_guard lock(mutex_);
  idle.swap(idle_);
}

}  // namespace moult::postgresql
