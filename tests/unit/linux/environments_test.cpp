#include "daemon/platform/linux/environments.hpp"

#include "support/eventually.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;

namespace {

/// Processes of which some block their readers.
class HangingProcesses {
 public:
  [[nodiscard]] Environments::Read reader() {
    return [this](pid_t pid) {
      std::unique_lock lock(mutex_);
      ++reads_;
      ++begun_;
      changed_.wait(lock, [&] { return !hanging_.contains(pid); });
      --reads_;
      changed_.notify_all();
      return "OF=" + std::to_string(pid);
    };
  }
  ~HangingProcesses() {
    std::unique_lock lock(mutex_);
    hanging_.clear();
    changed_.notify_all();
    changed_.wait(lock, [&] { return reads_ == 0; });
  }
  [[nodiscard]] int under_way() {
    const std::lock_guard lock(mutex_);
    return reads_;
  }
  [[nodiscard]] int begun() {
    const std::lock_guard lock(mutex_);
    return begun_;
  }
  void hang(std::set<pid_t> pids) {
    const std::lock_guard lock(mutex_);
    hanging_ = std::move(pids);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<pid_t> hanging_;
  int reads_ = 0;  ///< in progress
  int begun_ = 0;
};

[[nodiscard]] std::vector<std::string> texts(std::vector<pid_t> pids) {
  std::vector<std::string> all;
  for (const pid_t pid : pids) all.push_back(pid == 0 ? "" : "OF=" + std::to_string(pid));
  return all;
}

}  // namespace

TEST_CASE("a process that hangs whoever reads its environment keeps none of the others unread") {
  HangingProcesses processes;
  Environments environments(processes.reader(), 500ms);
  CHECK(environments.of(std::vector<pid_t>()).empty());
  processes.hang({2, 4});
  CHECK(environments.of({1, 2, 3, 4, 5}) == texts({1, 0, 3, 0, 5}));
  const int begun = processes.begun();
  CHECK(environments.of({4, 2}) == texts({0, 0}));
  CHECK(processes.begun() == begun);  // processes that block are not read again
  CHECK(environments.of({1, 2, 3, 4, 5}) == texts({1, 0, 3, 0, 5}));
  processes.hang({});
  CHECK(eventually([&] { return environments.of({1, 2, 4}) == texts({1, 2, 4}); }));
}

TEST_CASE("no more than eight readers of environments hang, and none is lost") {
  HangingProcesses processes;
  Environments environments(processes.reader(), 1ms);
  std::vector<pid_t> pids;
  for (pid_t pid = 1; pid <= 20; ++pid) pids.push_back(pid);
  processes.hang({pids.begin(), pids.end()});
  // Not at once: a worker that is replaced before it begins to read does not block.
  CHECK(eventually([&] {
    CHECK(environments.of(pids) == std::vector<std::string>(20));
    return processes.under_way() == 8;
  }));
  CHECK(environments.of(100).empty());  // all workers are stuck
  processes.hang({});
  CHECK(eventually([&] { return environments.of(pids) == texts(pids); }));
}

TEST_CASE("the environment of a process is read whole") {
  const std::string text = Environments::system().of(::getpid());
  CHECK(text.find("PATH=") != std::string::npos);
  CHECK(text.ends_with('\0'));
}

TEST_CASE("who reads environments takes no signal that another thread waits for") {
  const Environments::Read report_mask = [](pid_t) {
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    return std::string(sigismember(&mask, SIGCHLD) == 1 ? "blocked" : "open");
  };
  Environments environments(report_mask, 10s);
  CHECK(environments.of(1) == "blocked");
}
