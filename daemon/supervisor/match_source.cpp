#include "daemon/supervisor/match_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace provisr::daemon {
namespace {

/// How often to read all processes: exec changes a process without a birth.
constexpr std::chrono::seconds between_looks_at_all{60};
/// How long the destructor waits for the end of a look.
constexpr std::chrono::seconds patience_at_end{1};

/// The state that the threads share. Stuck threads keep it alive.
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
  bool has_ended = false;   ///< whether the scout on duty has
  std::string failure;      ///< why no scout looks at present; empty: one does
  std::uint64_t shift = 0;  ///< number of the scout on duty
  ProcessId being_read = 0;
  MonotonicTime read_since{};
  std::set<ProcessId> stuck;  ///< each holds up a scout that was relieved

  void report(ScoutReport found) {
    reports.push_back(std::move(found));
    wake();
  }

  /// Reports why nothing is found, unless that has been reported already or memory is short.
  void report_failure(const std::string& why) noexcept {
    if (failure == why) return;
    try {
      report({.generation = generation, .failure = why});
      failure = why;
    } catch (const std::exception&) {
    }
  }
};

/// Thrown by a scout that hung and was replaced meanwhile.
struct Relieved {};

class ScoutThread {
 public:
  ScoutThread(std::shared_ptr<Desk> desk, const MatchSourceOptions& options, std::uint64_t shift)
      : desk_(std::move(desk)),
        clock_(options.clock),
        shift_(shift),
        scout_(watched(options.make_sources())) {}

  void run() {
    note_begin();
    while (wait_for_look()) {
      try {
        look();
      } catch (const std::exception&) {  // out of memory: the next look tries again
      }
    }
  }

 private:
  /// Wraps `read` so that ScoutShifts knows which process is being read.
  [[nodiscard]] ScoutSources watched(ScoutSources sources) {
    sources.read = [this, read = std::move(sources.read)](
                       ProcessId pid, const FactSet& wanted) -> std::optional<ProcessFacts> {
      if (!begin_reading(pid)) return std::nullopt;
      std::optional<ProcessFacts> facts;
      try {
        facts = read(pid, wanted);
      } catch (...) {
        end_reading(pid);
        throw;
      }
      end_reading(pid);
      return facts;
    };
    return sources;
  }

  void note_begin() {
    const std::lock_guard lock(desk_->mutex);
    desk_->failure.clear();
  }

  [[nodiscard]] bool begin_reading(ProcessId pid) {
    const std::lock_guard lock(desk_->mutex);
    if (desk_->stuck.contains(pid)) return false;
    desk_->being_read = pid;
    desk_->read_since = clock_->monotonic_now();
    return true;
  }

  void end_reading(ProcessId pid) {
    const std::lock_guard lock(desk_->mutex);
    if (desk_->shift == shift_) {
      desk_->being_read = 0;
      desk_->failure.clear();
      return;
    }
    desk_->stuck.erase(pid);
    desk_->has_new_rules = true;  // so that the scout on duty reads it again
    desk_->changed.notify_all();
    throw Relieved();
  }

  void look() {
    const bool all = std::chrono::steady_clock::now() >= next_look_at_all_;
    if (all) next_look_at_all_ = std::chrono::steady_clock::now() + between_looks_at_all;
    deliver(scout_.look(all));
  }

  /// Waits until the next look is due. Returns false if the scout must end.
  [[nodiscard]] bool wait_for_look() {
    std::unique_lock lock(desk_->mutex);
    for (;;) {
      if (desk_->is_ending) return false;
      if (std::exchange(desk_->has_new_rules, false)) {
        scout_.set_rules(desk_->rules, desk_->generation, desk_->interval);
        next_look_ = {};
        next_look_at_all_ = std::chrono::steady_clock::now() + between_looks_at_all;
      }
      if (desk_->rules == nullptr || desk_->rules->empty()) {
        desk_->changed.wait(lock);
        continue;
      }
      const MonotonicTime now = std::chrono::steady_clock::now();
      if (now >= next_look_) {
        next_look_ = now + desk_->interval;
        return true;
      }
      desk_->changed.wait_until(lock, next_look_);
    }
  }

  void deliver(ScoutReport report) {
    if (report.changes_nothing()) return;
    const std::lock_guard lock(desk_->mutex);
    if (!desk_->is_ending) desk_->report(std::move(report));
  }

  std::shared_ptr<Desk> desk_;
  const Clock* clock_;
  std::uint64_t shift_;
  ProcessScout scout_;
  MonotonicTime next_look_{};
  MonotonicTime next_look_at_all_{};
};

void run_scout(const std::shared_ptr<Desk>& desk, const MatchSourceOptions& options,
               std::uint64_t shift) {
  std::string failure;
  try {
    ScoutThread(desk, options, shift).run();
  } catch (const Relieved&) {
    return;
  } catch (const std::exception& thrown) {
    failure = thrown.what();
  }
  const std::lock_guard lock(desk->mutex);
  desk->has_ended = true;
  desk->changed.notify_all();
  if (!desk->is_ending) desk->report_failure(failure);
}

/// Keeps one scout thread at work: replaces it if it hangs and starts another if it fails.
class ScoutShifts {
 public:
  ScoutShifts(std::shared_ptr<Desk> desk, MatchSourceOptions options)
      : desk_(std::move(desk)), options_(std::move(options)) {}

  /// Runs until the desk is ending, then waits at most `patience_at_end` for the scout.
  void run() {
    std::unique_lock lock(desk_->mutex);
    while (!desk_->is_ending) {
      try {
        keep_scout();
      } catch (const std::exception&) {  // out of memory: the next round tries again
      }
      desk_->changed.wait_for(lock, options_.patience);
    }
    if (!scout_.joinable()) return;
    const bool has_ended =
        desk_->changed.wait_for(lock, patience_at_end, [&] { return desk_->has_ended; });
    lock.unlock();
    has_ended ? scout_.join() : scout_.detach();
  }

 private:
  static constexpr std::size_t max_stuck = 8;

  void keep_scout() {
    const bool has_scout = scout_.joinable() && !desk_->has_ended;
    if (!has_scout) return start_scout_if_due();
    if (!hangs()) return;
    if (desk_->stuck.size() < max_stuck) return relieve();
    desk_->report_failure(fmt::format("{} processes cannot be read", max_stuck + 1));
  }

  [[nodiscard]] bool hangs() const {
    return desk_->being_read != 0 &&
           options_.clock->monotonic_now() - desk_->read_since > options_.patience;
  }

  /// Replaces the scout. The next one skips the process at which this one hangs.
  void relieve() {
    const ProcessId pid = desk_->being_read;
    desk_->stuck.insert(pid);
    desk_->being_read = 0;
    ++desk_->shift;
    scout_.detach();
    desk_->report({.generation = desk_->generation, .stuck = pid});
    start_scout();
  }

  /// A failed scout is replaced at a slow rate, whatever wakes this thread.
  void start_scout_if_due() {
    if (options_.clock->monotonic_now() >= next_start_) start_scout();
  }

  void start_scout() {
    if (scout_.joinable()) scout_.join();  // it has ended
    desk_->has_ended = false;
    desk_->has_new_rules = true;
    next_start_ = options_.clock->monotonic_now() + options_.patience;
    try {
      scout_ = std::thread(run_scout, desk_, options_, desk_->shift);
    } catch (const std::system_error& thrown) {
      desk_->report_failure(fmt::format("no thread can be started: {}", thrown.code().message()));
    }
  }

  std::shared_ptr<Desk> desk_;
  MatchSourceOptions options_;
  std::thread scout_;
  MonotonicTime next_start_{};
};

class ThreadedSource final : public MatchSource {
 public:
  ThreadedSource(std::function<void()> wake, MatchSourceOptions options)
      : shifts_(desk_, std::move(options)) {
    desk_->wake = std::move(wake);
  }
  ThreadedSource(const ThreadedSource&) = delete;
  ThreadedSource& operator=(const ThreadedSource&) = delete;

  ~ThreadedSource() override {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(desk_->mutex);
      desk_->is_ending = true;
      desk_->wake = [] {};
      desk_->changed.notify_all();
    }
    thread_.join();
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
      desk_->failure.clear();  // the report of it may have been among these
      desk_->changed.notify_all();
    }
    if (is_needed && !thread_.joinable()) thread_ = std::thread([this] { shifts_.run(); });
  }

  [[nodiscard]] std::vector<ScoutReport> take() override {
    const std::lock_guard lock(desk_->mutex);
    return std::exchange(desk_->reports, {});
  }

 private:
  std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
  ScoutShifts shifts_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<MatchSource> make_match_source(std::function<void()> wake,
                                               MatchSourceOptions options) {
  return std::make_unique<ThreadedSource>(std::move(wake), std::move(options));
}

}  // namespace provisr::daemon
