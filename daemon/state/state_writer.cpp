#include "daemon/state/state_writer.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <list>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::error_code run(const StateWriter::Job& job) noexcept {
  try {
    return job();
  } catch (const std::exception&) {
    return std::make_error_code(std::errc::not_enough_memory);
  }
}

[[nodiscard]] bool run(const StateWriter::Chore& chore) noexcept {
  try {
    return chore();
  } catch (const std::exception&) {  // out of memory: the next wake() asks again
    return false;
  }
}

}  // namespace

struct StateWriter::Ticket {
  Outcome outcome = Outcome::pending;
};

/// Shared by the writer and its thread, which may outlive the writer.
class StateWriter::Queue {
 public:
  static thread_local Queue* of_this_thread;

  Queue(std::string what, const Log& log, const Patience& patience, Chore chore, const Clock& clock)
      : what_(std::move(what)),
        patience_(patience),
        chore_(std::move(chore)),
        clock_(clock),
        log_(&log) {}

  std::shared_ptr<const Ticket> post(std::string key, Job job) {
    const std::lock_guard lock(mutex_);
    const auto known = waiting_.find(key);
    if (known != waiting_.end()) {
      queue_.splice(queue_.end(), queue_, known->second);
      queue_.back().job = std::move(job);
    } else {
      std::list<PendingJob> added;  // the queue changes only if there is memory for all of this
      added.push_back({key, std::move(job), std::make_shared<Ticket>()});
      waiting_.emplace(std::move(key), added.begin());
      queue_.splice(queue_.end(), added);
    }
    has_job_.notify_one();
    return queue_.back().ticket;
  }

  [[nodiscard]] Outcome wait(const Ticket& ticket) {
    std::unique_lock lock(mutex_);
    const MonotonicTime begun = clock_.monotonic_now();
    while (!is_stalled_ && ticket.outcome == Outcome::pending) {
      const auto left = end_of_patience(begun) - clock_.monotonic_now();
      if (left > left.zero()) {
        has_result_.wait_for(lock, left);
      } else {
        note_stall();
      }
    }
    return ticket.outcome;
  }

  void report_progress() noexcept {
    const std::lock_guard lock(mutex_);
    if (busy_since_) busy_since_ = clock_.monotonic_now();
  }

  void wake() {
    const std::lock_guard lock(mutex_);
    is_chore_due_ = true;
    if (busy_since_ && clock_.monotonic_now() - *busy_since_ > patience_.of_write) note_stall();
    has_job_.notify_one();
  }

  [[nodiscard]] std::optional<std::chrono::nanoseconds> silence() const {
    const std::lock_guard lock(mutex_);
    if (!is_stalled_ || !busy_since_) return std::nullopt;
    return clock_.monotonic_now() - *busy_since_;
  }

  [[nodiscard]] bool is_stalled() const {
    const std::lock_guard lock(mutex_);
    return is_stalled_;
  }

  /// Body of the thread: returns when the queue is closed and empty.
  void run_jobs() {
    of_this_thread = this;
    std::unique_lock lock(mutex_);
    while (wait_for_work(lock)) run_next(lock);
    has_ended_ = true;
    has_result_.notify_all();
  }

  /// Closes the queue and waits for at most `patience`. Returns whether everything was done.
  [[nodiscard]] bool drain(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    is_chore_due_ = true;
    has_job_.notify_all();
    const bool is_done = has_result_.wait_for(lock, patience, [this] { return has_ended_; });
    if (!is_done) log_ = nullptr;
    return is_done;
  }

 private:
  struct PendingJob {
    std::string key;
    Job job;
    std::shared_ptr<Ticket> ticket;
  };

  /// Requires mutex_.
  [[nodiscard]] MonotonicTime end_of_patience(MonotonicTime begun) const {
    const MonotonicTime since = std::max(begun, busy_since_.value_or(begun));
    return std::min(since + patience_.of_write, begun + patience_.of_long_write);
  }

  [[nodiscard]] bool has_chore() const { return is_chore_due_ && chore_; }

  /// Returns false if the queue is closed and empty.
  [[nodiscard]] bool wait_for_work(std::unique_lock<std::mutex>& lock) {
    has_job_.wait(lock, [this] { return is_closed_ || !queue_.empty() || has_chore(); });
    return !queue_.empty() || has_chore();
  }

  void run_next(std::unique_lock<std::mutex>& lock) {
    busy_since_ = clock_.monotonic_now();
    if (queue_.empty()) {
      run_chore(lock);
    } else {
      run_job(lock);
    }
    busy_since_.reset();
    if (queue_.empty() && std::exchange(is_stalled_, false) && log_ != nullptr) {
      log_->info("{} answers again", what_);
    }
  }

  void run_chore(std::unique_lock<std::mutex>& lock) {
    is_chore_due_ = false;
    lock.unlock();
    const bool has_more = run(chore_);
    lock.lock();
    if (has_more) is_chore_due_ = true;
  }

  void run_job(std::unique_lock<std::mutex>& lock) {
    PendingJob next = std::move(queue_.front());
    queue_.pop_front();
    waiting_.erase(next.key);
    lock.unlock();
    const std::error_code error = run(next.job);
    next.job = nullptr;
    lock.lock();
    next.ticket->outcome = error ? Outcome::failed : Outcome::done;
    has_result_.notify_all();
    note(next.key, error);
  }

  /// Requires mutex_ and a living writer.
  void note_stall() {
    if (std::exchange(is_stalled_, true)) return;
    log_->error("{} does not answer; provisrd continues without it until it does", what_);
  }

  /// Reports an error unless the latest job of some kind has had it. Requires mutex_, which keeps
  /// the log valid.
  void note(const std::string& key, const std::error_code& error) noexcept {
    try {
      std::error_code& last = last_errors_[key.substr(0, key.find(' '))];
      const bool is_known = std::ranges::any_of(
          last_errors_, [&](const auto& of_kind) { return of_kind.second == error; });
      if (error && !is_known && log_ != nullptr) {
        log_->error("{} cannot be written: {}", what_, error.message());
      }
      last = error;
    } catch (const std::exception&) {  // out of memory: the next failure is reported
    }
  }

  const std::string what_;
  const Patience patience_;
  const Chore chore_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable has_job_;
  std::condition_variable has_result_;
  const Log* log_;  ///< null after a drain() that timed out
  std::list<PendingJob> queue_;
  std::unordered_map<std::string, std::list<PendingJob>::iterator> waiting_;  ///< queue_ by key
  std::map<std::string, std::error_code> last_errors_;  ///< by the first word of the key
  std::optional<MonotonicTime> busy_since_;             ///< or since the latest progress
  bool is_chore_due_ = false;
  bool is_stalled_ = false;
  bool is_closed_ = false;
  bool has_ended_ = false;
};

constinit thread_local StateWriter::Queue* StateWriter::Queue::of_this_thread = nullptr;

StateWriter::StateWriter(std::string what, const Log& log, Patience patience, Chore chore,
                         const Clock& clock)
    : patience_(patience),
      queue_(std::make_shared<Queue>(std::move(what), log, patience, std::move(chore), clock)),
      thread_([queue = queue_] { queue->run_jobs(); }) {}

StateWriter::~StateWriter() {
  if (queue_->drain(patience_.of_end)) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::shared_ptr<const StateWriter::Ticket> StateWriter::post(std::string key, Job job) {
  return queue_->post(std::move(key), std::move(job));
}

StateWriter::Outcome StateWriter::wait(const std::shared_ptr<const Ticket>& ticket) {
  return queue_->wait(*ticket);
}

void StateWriter::report_progress() noexcept {
  if (Queue::of_this_thread != nullptr) Queue::of_this_thread->report_progress();
}

void StateWriter::wake() {
  queue_->wake();
}

std::optional<std::chrono::nanoseconds> StateWriter::silence() const {
  return queue_->silence();
}

bool StateWriter::is_stalled() const {
  return queue_->is_stalled();
}

}  // namespace provisr::daemon
