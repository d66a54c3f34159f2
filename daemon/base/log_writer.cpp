#include "daemon/base/log_writer.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::milliseconds drain_timeout{400};

struct Record {
  std::string text;
  std::uint64_t reported_drops = 0;  ///< how many dropped records this record reports
};

}  // namespace

/// The state shared by the writer and its thread. The thread may outlive the writer.
class LogWriter::Queue {
 public:
  Queue(Write write, std::size_t capacity, LogFormat format)
      : write_(std::move(write)), capacity_(capacity), format_(format) {}

  void add(std::string text) noexcept {
    const std::lock_guard lock(mutex_);
    if (size_ + text.size() > capacity_) return drop();
    tell_of_dropped();
    try {
      push({.text = std::move(text)});
    } catch (const std::bad_alloc&) {
      drop();
    }
  }

  void count_lost() noexcept {
    const std::lock_guard lock(mutex_);
    drop();
  }

  /// Runs on the thread. Returns once the queue is closed and empty.
  void run() {
    std::unique_lock lock(mutex_);
    while (wait_for_record(lock)) write_next(lock);
    is_drained_ = true;
    changed_.notify_all();
  }

  /// Closes the queue. Returns whether all records were written or dropped in time.
  [[nodiscard]] bool drain() {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, drain_timeout, [this] { return is_drained_; });
  }

  [[nodiscard]] std::uint64_t dropped() const noexcept {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  void drop() noexcept {
    ++dropped_;
    ++unreported_;
  }

  void push(Record record) {
    const std::size_t size = record.text.size();
    records_.push_back(std::move(record));
    size_ += size;
    changed_.notify_all();
  }

  /// Tells nothing if memory is short; the next record tries again.
  void tell_of_dropped() noexcept {
    if (unreported_ == 0) return;
    try {
      push({.text = format_record(LogLevel::warn,
                                  fmt::format("log: {} records were dropped: they could not be "
                                              "written in time",
                                              unreported_),
                                  std::chrono::system_clock::now(), format_),
            .reported_drops = unreported_});
      unreported_ = 0;
    } catch (const std::exception&) {
    }
  }

  /// Returns false if the queue is closed and empty.
  bool wait_for_record(std::unique_lock<std::mutex>& lock) {
    if (records_.empty() && was_written_) tell_of_dropped();
    changed_.wait(lock, [this] { return is_closed_ || !records_.empty(); });
    return !records_.empty();
  }

  void write_next(std::unique_lock<std::mutex>& lock) {
    const Record record = std::move(records_.front());
    records_.pop_front();
    lock.unlock();
    const bool was_written = write_(record.text);
    lock.lock();
    size_ -= record.text.size();
    was_written_ = was_written;
    if (was_written) return;
    if (record.reported_drops == 0) drop();
    unreported_ += record.reported_drops;
  }

  const Write write_;
  const std::size_t capacity_;
  const LogFormat format_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Record> records_;
  std::size_t size_ = 0;  ///< bytes of `records_` and of the record being written
  std::uint64_t dropped_ = 0;
  std::uint64_t unreported_ = 0;  ///< records dropped but not yet reported
  bool was_written_ = true;       ///< whether the last record was written
  bool is_closed_ = false;
  bool is_drained_ = false;
};

LogWriter::LogWriter(Write write, std::size_t capacity, LogFormat format)
    : LogSink(format),
      queue_(std::make_shared<Queue>(std::move(write), capacity, format)),
      thread_([queue = queue_] { queue->run(); }) {}

LogWriter::~LogWriter() {
  if (queue_->drain()) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

void LogWriter::write(std::string record) noexcept {
  queue_->add(std::move(record));
}

void LogWriter::count_lost() noexcept {
  queue_->count_lost();
}

std::uint64_t LogWriter::dropped() const noexcept {
  return queue_->dropped();
}

}  // namespace provisr::daemon
