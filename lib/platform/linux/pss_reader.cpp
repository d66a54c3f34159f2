#include "lib/platform/linux/pss_reader.hpp"

#include "lib/platform/linux/living_thread.hpp"
#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <utility>

namespace provisr::linux_platform {

namespace {

[[nodiscard]] Figure<std::uint64_t> pss_in(int task, const char* smaps_rollup) noexcept {
  char buffer[4096];
  const FileDescriptor file = open_readable(task, smaps_rollup);
  const auto text = file ? read_start(file.get(), buffer) : std::nullopt;
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

PssReader::~PssReader() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  while (pop()) {
  }
}

bool PssReader::request(const std::shared_ptr<Job>& job, int task) noexcept {
  if (!start()) return false;
  job->task_ = FileDescriptor(::fcntl(task, F_DUPFD_CLOEXEC, 0));
  if (!job->task_) return false;
  job->state_.store(Job::State::requested);
  {
    const std::lock_guard lock(mutex_);
    job->self_ = job;
    job->next_ = nullptr;
    (last_ == nullptr ? first_ : last_->next_) = job.get();
    last_ = job.get();
  }
  changed_.notify_one();
  return true;
}

bool PssReader::start() noexcept {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { run(); });
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

void PssReader::run() noexcept {
  while (const std::shared_ptr<Job> job = next()) {
    Result result{read_pss(job->task_.get()), {}};
    if (!result.bytes && (errno == EACCES || errno == EPERM)) result.refusal = process_error(errno);
    job->task_.reset();
    job->result_ = result;
    job->state_.store(Job::State::done);
  }
}

std::shared_ptr<PssReader::Job> PssReader::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_ending_ || first_ != nullptr; });
  return is_ending_ ? nullptr : pop();
}

/// Requires mutex_, or that the thread has ended.
std::shared_ptr<PssReader::Job> PssReader::pop() noexcept {
  if (first_ == nullptr) return nullptr;
  Job* const job = first_;
  first_ = job->next_;
  if (first_ == nullptr) last_ = nullptr;
  return std::exchange(job->self_, nullptr);
}

}  // namespace provisr::linux_platform
