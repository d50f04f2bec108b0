#include "migration/postgresql/psql_pool.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kWarm{60'000};

}  // namespace

Result<std::unique_ptr<StandingPsql>> PsqlPool::open(const std::string& database) {
  auto psql = StandingPsql::open(guest_, cluster_, database);
  if (!psql) usable_ = false;
  return psql;
}

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

Result<StandingPsql::Answer> PsqlPool::ask(const std::string& database, const std::string& script, Millis most) {
  while (auto psql = take(database)) {
    MOULT_ASSIGN(auto answer, psql->ask(script, most));
    if (answer.good) keep(database, std::move(psql));
    if (answer.begun) return answer;
  }
  MOULT_ASSIGN(auto psql, open(database));
  MOULT_ASSIGN(auto answer, psql->ask(script, most));
  if (answer.good) keep(database, std::move(psql));
  return answer;
}

std::size_t PsqlPool::idle(const std::string& database) {
  const std::lock_guard lock(mutex_);
  return idle_[database].size();
}

void PsqlPool::warm(const std::string& database, std::size_t count) {
  while (usable_ && idle(database) < count) {
    auto psql = open(database);
    const auto answer = psql ? (*psql)->ask("", kWarm) : Result<StandingPsql::Answer>(pass(std::move(psql)));
    if (!answer || !answer->good) return;
    keep(database, std::move(*psql));
  }
}

}  // namespace moult::postgresql
