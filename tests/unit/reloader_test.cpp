// Who is told what, and when, of those who ask for a reload.
#include "daemon/reloader.hpp"

#include "support/eventually.hpp"
#include "support/log_capture.hpp"

#include <catch2/catch_test_macros.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace provisr::daemon;
using provisr::test::eventually;
using provisr::test::LogCapture;

namespace {

/// A reloader whose configuration is read once the test lets it.
class SlowReloads {
 public:
  SlowReloads() {
    reloader_.emplace(Reloader::Steps{.load = [this] { return load(); },
                                      .apply = [](const Config&) { return ReloadReport(); },
                                      .finish = [](const auto&) {}},
                      log_.log(), manager_);
  }

  void start() { reloader_->start(); }
  void ask() {
    reloader_->request([this](const ReloadReport& report) {
      const std::lock_guard lock(mutex_);
      refusals_.push_back(report.refusal);
      CHECK(report.faults.empty());
    });
  }
  void await_reading() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_reading_; });
  }
  void let_it_read() {
    const std::lock_guard lock(mutex_);
    may_read_ = true;
    changed_.notify_all();
  }
  void end() { reloader_->stop(); }

  /// Of those that have been replied to; empty for who was served.
  [[nodiscard]] std::vector<std::string> refusals() {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }

 private:
  [[nodiscard]] LoadedConfig load() {
    std::unique_lock lock(mutex_);
    is_reading_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return may_read_; });
    return {};
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_reading_ = false;
  bool may_read_ = false;
  std::vector<std::string> refusals_;
  LogCapture log_;
  ServiceManager manager_;
  std::optional<Reloader> reloader_;
};

}  // namespace

TEST_CASE("more reloads than can wait are refused, which is no fault of the configuration") {
  constexpr std::size_t max_waiting = 64;
  SlowReloads reloads;
  reloads.start();
  reloads.ask();
  reloads.await_reading();
  for (std::size_t i = 0; i < max_waiting; ++i) reloads.ask();
  CHECK(reloads.refusals().empty());
  reloads.ask();
  CHECK(reloads.refusals() ==
        std::vector<std::string>{"too many reloads are waiting; try again later"});
  reloads.let_it_read();
  reloads.end();
  CHECK(reloads.refusals().size() == max_waiting + 2);
}

TEST_CASE("who waits for a reload that does not come any more is told so") {
  SlowReloads reloads;
  reloads.ask();
  reloads.end();
  CHECK(reloads.refusals() == std::vector<std::string>{"provisrd is ending"});
}

TEST_CASE("who asks for a reload while the last one is waited for, or later, is told why not") {
  SlowReloads reloads;
  reloads.start();
  reloads.ask();
  reloads.await_reading();
  std::thread ending([&] { reloads.end(); });
  const std::vector<std::string> told{"provisrd is ending"};
  // Requests before the end are kept until then.
  const bool is_told = eventually([&] {
    reloads.ask();
    return !reloads.refusals().empty();
  });
  CHECK(is_told);
  CHECK(reloads.refusals() == told);
  reloads.let_it_read();
  ending.join();
  const std::size_t before = reloads.refusals().size();
  reloads.ask();
  CHECK(reloads.refusals().size() == before + 1);
  CHECK(reloads.refusals().back() == told.front());
}

TEST_CASE("a reload that is refused is 503, one with faults 422") {
  Router router;
  ReloadReport report;
  add_reload_route(router, "/api", [&](const ReloadReply& reply) { reply(report); });
  const auto answer = [&] {
    HttpRequest request;
    request.method = "POST";
    request.path = "/api/reload";
    HttpAnswer completed;
    router.answer(request, nullptr).deferral.begin([&](HttpAnswer made) {
      completed = std::move(made);
    });
    return completed;
  };
  CHECK(answer().status == 200);
  report.faults = {"p.toml:1: wrong"};
  CHECK(answer().status == 422);
  report.faults.clear();
  report.refusal = "provisrd is ending";
  CHECK(answer().status == 503);
  CHECK(*answer().body == R"({"error":"provisrd is ending"})");
}
