#include "daemon/supervisor/match_source.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace provisr::daemon {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Processes may become something else without being born again.
constexpr std::chrono::seconds between_looks_at_all{60};
/// How long to wait for the end of a look.
constexpr std::chrono::seconds patience{1};

/// What both threads share; outlives a thread that is stuck.
struct Desk {
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex:
  std::function<void()> wake;
  std::shared_ptr<const MatchRules> rules;
  std::uint64_t generation = 0;
  std::chrono::nanoseconds interval{};
  std::vector<ScoutReport> reports;
  bool has_new_rules = false;
  bool is_ending = false;
  bool has_ended = false;
};

class ScoutThread {
 public:
  explicit ScoutThread(std::shared_ptr<Desk> desk)
      : desk_(std::move(desk)), scout_(system_scout_sources()) {}

  void run() {
    while (wait_for_look()) {
      try {
        look();
      } catch (const std::exception&) {  // no memory: there is another look
      }
    }
  }

 private:
  void look() {
    const bool all = std::chrono::steady_clock::now() >= next_look_at_all_;
    if (all) next_look_at_all_ = std::chrono::steady_clock::now() + between_looks_at_all;
    deliver(scout_.look(all));
  }

  /// False: it is to end.
  [[nodiscard]] bool wait_for_look() {
    std::unique_lock lock(desk_->mutex);
    for (;;) {
      if (desk_->is_ending) return false;
      if (std::exchange(desk_->has_new_rules, false)) {
        scout_.set_rules(desk_->rules, desk_->generation);
        next_look_ = {};
        next_look_at_all_ = std::chrono::steady_clock::now() + between_looks_at_all;
      }
      if (desk_->rules == nullptr || desk_->rules->empty()) {
        desk_->changed.wait(lock);
        continue;
      }
      const SteadyTime now = std::chrono::steady_clock::now();
      if (now >= next_look_) {
        next_look_ = now + desk_->interval;
        return true;
      }
      desk_->changed.wait_until(lock, next_look_);
    }
  }

  void deliver(ScoutReport report) {
    if (report.empty()) return;
    const std::lock_guard lock(desk_->mutex);
    if (desk_->is_ending) return;
    desk_->reports.push_back(std::move(report));
    desk_->wake();
  }

  std::shared_ptr<Desk> desk_;
  ProcessScout scout_;
  SteadyTime next_look_{};
  SteadyTime next_look_at_all_{};
};

void run_scout(const std::shared_ptr<Desk>& desk) {
  try {
    ScoutThread(desk).run();
  } catch (const std::exception&) {  // no memory to begin with: nothing is found
  }
  const std::lock_guard lock(desk->mutex);
  desk->has_ended = true;
  desk->changed.notify_all();
}

class ThreadedSource final : public MatchSource {
 public:
  explicit ThreadedSource(std::function<void()> wake) { desk_->wake = std::move(wake); }
  ThreadedSource(const ThreadedSource&) = delete;
  ThreadedSource& operator=(const ThreadedSource&) = delete;

  ~ThreadedSource() override {
    if (!thread_.joinable()) return;
    bool has_ended = false;
    {
      std::unique_lock lock(desk_->mutex);
      desk_->is_ending = true;
      desk_->wake = [] {};
      desk_->changed.notify_all();
      has_ended = desk_->changed.wait_for(lock, patience, [&] { return desk_->has_ended; });
    }
    if (has_ended) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

  void look_for(std::shared_ptr<const MatchRules> rules, std::uint64_t generation,
                std::chrono::nanoseconds interval) override {
    const bool is_needed = !rules->empty();
    {
      const std::lock_guard lock(desk_->mutex);
      desk_->rules = std::move(rules);
      desk_->generation = generation;
      desk_->interval = interval;
      desk_->has_new_rules = true;
      desk_->reports.clear();
      desk_->changed.notify_all();
    }
    if (is_needed && !thread_.joinable()) thread_ = std::thread(run_scout, desk_);
  }

  [[nodiscard]] std::vector<ScoutReport> take() override {
    const std::lock_guard lock(desk_->mutex);
    return std::exchange(desk_->reports, {});
  }

 private:
  std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
  std::thread thread_;
};

}  // namespace

std::unique_ptr<MatchSource> make_match_source(std::function<void()> wake) {
  return std::make_unique<ThreadedSource>(std::move(wake));
}

}  // namespace provisr::daemon
