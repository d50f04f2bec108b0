#include "load.hpp"

#include <httplib.h>

#include "haproxy_world.hpp"

namespace moult::test {

Load::Load(int clients, std::chrono::milliseconds pause) {
  for (int i = 0; i < clients; ++i)
    threads_.emplace_back([this, i, clients, pause] {
      std::this_thread::sleep_for(pause * i / clients);  // spread, so that some ask at any moment
      client(i % 2 == 0, pause);
    });
}

Load::~Load() { stop(); }

std::vector<Sample> Load::stop() {
  stop_ = true;
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  return samples_;
}

void Load::client(bool keep_alive, std::chrono::milliseconds pause) {
  httplib::Client http(HaproxyWorld::kHost, HaproxyWorld::kPort);
  http.set_keep_alive(keep_alive);
  http.set_tcp_nodelay(true);
  http.set_read_timeout(std::chrono::seconds(10));
  while (!stop_) {
    Sample sample;
    sample.start = std::chrono::steady_clock::now();
    const auto result = http.Get("/");
    sample.took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - sample.start);
    if (result) {
      sample.status = result->status;
      sample.body = result->body;
    }
    {
      const std::lock_guard lock(mutex_);
      samples_.push_back(std::move(sample));
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace moult::test
