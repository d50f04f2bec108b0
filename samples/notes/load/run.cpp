#include "run.hpp"

#include <httplib.h>

#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace load {
namespace {

using Clock = std::chrono::steady_clock;

/// Numbers that no earlier load on the same appliance used: a thousand for each second of the last five days.
std::uint64_t first_number() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return 1'000'000 +
         static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count() % 500'000) * 1000;
}

/// What the workers share.
class Notebook {
 public:
  std::uint64_t next() { return next_++; }
  void keep(std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    put_.push_back(number);
  }
  /// A note that is known to be there; 0 while there is none.
  std::uint64_t any(std::mt19937& random) {
    const std::lock_guard lock(mutex_);
    return put_.empty() ? 0 : put_[std::uniform_int_distribution<std::size_t>{0, put_.size() - 1}(random)];
  }

 private:
  std::atomic<std::uint64_t> next_{first_number()};
  std::mutex mutex_;
  std::vector<std::uint64_t> put_;
};

class Worker {
 public:
  Worker(const Plan& plan, Log& log, Notebook& notebook, unsigned seed)
      : plan_(plan), log_(log), notebook_(notebook), random_(seed), turn_(seed) {}

  void one_request() {
    constexpr std::array<Kind, 10> kTurns{Kind::put,  Kind::get, Kind::post, Kind::get,  Kind::put,
                                          Kind::page, Kind::put, Kind::get,  Kind::post, Kind::get};
    if (turn_++ % 10 == 0 || !client_) connect();
    Record record;
    record.kind = kTurns[turn_ % kTurns.size()];
    if (record.kind == Kind::get && (record.number = notebook_.any(random_)) == 0) record.kind = Kind::page;
    if (record.kind == Kind::put || record.kind == Kind::post) record.number = notebook_.next();
    record.start_us = now_us();
    const auto start = Clock::now();
    const auto result = send(record);
    record.latency_us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
    record.status = result ? result->status : 0;
    if (!result) client_.reset();
    log_.add(record);
    if (record.kind == Kind::put && record.status == 201) notebook_.keep(record.number);
  }

 private:
  static std::int64_t now_us() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  }

  void connect() {
    client_ = std::make_unique<httplib::Client>(plan_.host, plan_.port);
    client_->set_keep_alive(true);
    client_->set_tcp_nodelay(true);
    client_->set_connection_timeout(plan_.timeout);
    client_->set_read_timeout(plan_.timeout);
  }

  httplib::Result send(const Record& record) {
    const auto path = "/notes/" + std::to_string(record.number);
    switch (record.kind) {
      case Kind::put:
        return client_->Put(path, text_of(record.number), "text/plain");
      case Kind::post:
        return client_->Post("/notes", text_of(record.number), "text/plain");
      case Kind::get:
        return client_->Get(path);
      case Kind::page:
        break;
    }
    return client_->Get("/");
  }

  const Plan& plan_;
  Log& log_;
  Notebook& notebook_;
  std::mt19937 random_;
  unsigned turn_;
  std::unique_ptr<httplib::Client> client_;
};

}  // namespace

void run(const Plan& plan, Log& log, const std::atomic<bool>& stop) {
  Notebook notebook;
  const auto end = Clock::now() + plan.longest;
  const auto pace =
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(plan.workers / plan.rate));
  std::vector<std::thread> workers;
  for (int i = 0; i < plan.workers; ++i) {
    workers.emplace_back([&, i] {
      Worker worker(plan, log, notebook, static_cast<unsigned>(i));
      for (auto due = Clock::now() + pace * i / plan.workers; due < end; due = std::max(due + pace, Clock::now())) {
        std::this_thread::sleep_until(due);
        if (stop) return;
        worker.one_request();
      }
    });
  }
  for (auto& worker : workers) worker.join();
}

}  // namespace load
