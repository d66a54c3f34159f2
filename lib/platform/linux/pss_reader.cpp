#include "lib/platform/linux/pss_reader.hpp"

#include "lib/platform/linux/living_thread.hpp"
#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <cerrno>
#include <condition_variable>
#include <exception>
#include <fcntl.h>
#include <mutex>
#include <sys/types.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace provisr::linux_platform {

namespace {

[[nodiscard]] Figure<std::uint64_t> pss_in(int task, const char* smaps_rollup) noexcept {
  char buffer[4096];
  const auto text = read_file(task, smaps_rollup, buffer);
  if (!text) return {};
  errno = EBADMSG;
  const auto bytes = parse_status_bytes(*text, "Pss");
  return bytes ? Figure<std::uint64_t>(*bytes) : Figure<std::uint64_t>();
}

}  // namespace

Figure<std::uint64_t> read_pss(int task) noexcept {
  const Figure<std::uint64_t> bytes = pss_in(task, "../smaps_rollup");
  if (bytes || !says_no_such_process(errno)) return bytes;
  const auto thread = find_living_thread(task);
  errno = ESRCH;
  return thread ? pss_in(task, ProcPath(thread->id, "smaps_rollup").c_str()) : bytes;
}

std::optional<PssReader::Result> PssReader::Job::take() noexcept {
  if (state_.load() != State::done) return std::nullopt;
  const Result result = result_;
  state_.store(State::free);
  return result;
}

class PssReader::Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
    while (pop()) {
    }
  }

  /// Returns whether the thread was started by another process, of which this one is a fork.
  [[nodiscard]] bool is_of_another_process() const noexcept { return process_ != ::getpid(); }

  void push(const std::shared_ptr<Job>& job) noexcept {
    {
      const std::lock_guard lock(mutex_);
      job->self_ = job;
      job->next_ = nullptr;
      (last_ == nullptr ? first_ : last_->next_) = job.get();
      last_ = job.get();
    }
    changed_.notify_one();
  }

 private:
  void run() noexcept;
  [[nodiscard]] std::shared_ptr<Job> next();
  [[nodiscard]] std::shared_ptr<Job> pop() noexcept;

  pid_t process_ = ::getpid();
  std::mutex mutex_;
  std::condition_variable changed_;
  Job* first_ = nullptr;  ///< head of the queue
  Job* last_ = nullptr;
  bool is_ending_ = false;
  std::thread thread_;  // last: uses all other members
};

PssReader::PssReader() noexcept = default;

/// In a forked child, the worker is leaked: its mutex may be locked and its condition variable
/// waited for, forever.
PssReader::~PssReader() {
  if (worker_ != nullptr && worker_->is_of_another_process()) {
    static_cast<void>(worker_.release());
  }
}

bool PssReader::request(const std::shared_ptr<Job>& job, int task) noexcept {
  if (!start()) return false;
  job->task_ = FileDescriptor(::fcntl(task, F_DUPFD_CLOEXEC, 0));
  if (!job->task_) return false;
  job->state_.store(Job::State::requested);
  worker_->push(job);
  return true;
}

bool PssReader::start() noexcept {
  if (worker_ != nullptr) return true;
  try {
    worker_ = std::make_unique<Worker>();
    return true;
  } catch (const std::exception&) {  // no memory or no thread left
    return false;
  }
}

void PssReader::Worker::run() noexcept {
  while (const std::shared_ptr<Job> job = next()) {
    Result result{read_pss(job->task_.get()), {}};
    if (!result.bytes && (errno == EACCES || errno == EPERM)) result.refusal = process_error(errno);
    job->task_.reset();
    job->result_ = result;
    job->state_.store(Job::State::done);
  }
}

std::shared_ptr<PssReader::Job> PssReader::Worker::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_ending_ || first_ != nullptr; });
  return is_ending_ ? nullptr : pop();
}

/// Requires mutex_, or that the thread has ended.
std::shared_ptr<PssReader::Job> PssReader::Worker::pop() noexcept {
  if (first_ == nullptr) return nullptr;
  Job* const job = first_;
  first_ = job->next_;
  if (first_ == nullptr) last_ = nullptr;
  return std::exchange(job->self_, nullptr);
}

}  // namespace provisr::linux_platform
