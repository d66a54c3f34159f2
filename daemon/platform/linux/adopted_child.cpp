#include "daemon/platform/adopted_child.hpp"

#include "daemon/platform/posix/adopted_ends.hpp"
#include "daemon/platform/posix/process_group.hpp"
#include "daemon/platform/process_handle.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <chrono>
#include <initializer_list>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;
using Clock = std::chrono::steady_clock;

/// How long its parent may take to collect it; how it ended is known after that only.
constexpr std::chrono::seconds collection_patience{1};

[[nodiscard]] FileDescriptor open_pidfd(ProcessId pid) {
  return FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0U)));
}

/// All that are watched. Children between fork and exec close it.
[[nodiscard]] const FileDescriptor& watched() {
  static const FileDescriptor descriptor(epoll_create1(EPOLL_CLOEXEC));
  return descriptor;
}

/// Told at its end, and once more when its parent has collected it (Linux 6.9).
void watch(const FileDescriptor& pidfd, ProcessId pid) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = static_cast<std::uint64_t>(pid);
  epoll_ctl(watched().get(), EPOLL_CTL_ADD, pidfd.get(), &event);
}

class AdoptedChild final : public ChildProcess {
 public:
  AdoptedChild(const ProcessIdentity& identity, FileDescriptor pidfd,
               std::unique_ptr<ProcessHandle> handle)
      : identity_(identity),
        pid_(static_cast<pid_t>(identity.pid)),
        pidfd_(std::move(pidfd)),
        handle_(std::move(handle)) {
    watch(pidfd_, identity.pid);
  }

  [[nodiscard]] ProcessId pid() const override { return pid_; }

  [[nodiscard]] Execution execution(StartFailure& /*failure*/) override { return Execution::done; }

  [[nodiscard]] bool has_ended() const override {
    if (is_over_) return true;
    pollfd state{pidfd_.get(), POLLIN, 0};
    if (poll(&state, 1, 0) <= 0) return false;
    if (!noticed_) noticed_ = Clock::now();
    const bool is_collected = (state.revents & POLLHUP) != 0;
    is_over_ =
        is_collected || handle_->exit_status() || Clock::now() - *noticed_ >= collection_patience;
    return is_over_;
  }

  std::optional<ExitStatus> collect_exit() override { return handle_->exit_status(); }

  [[nodiscard]] std::optional<std::uint64_t> memory_peak() const override { return std::nullopt; }

  [[nodiscard]] bool group_alive() const override { return !has_ended() || has_living_member(); }

  using ChildProcess::terminate_group;
  bool terminate_group(int signal) override {
    signal_group({signal, SIGCONT});
    return false;
  }

  void kill_group() override { signal_group({SIGKILL}); }

 private:
  /// Once the leader has ended. While a member lives, the kernel does not reuse the group's number;
  /// the leader may be a zombie that nobody collects.
  [[nodiscard]] bool has_living_member() const {
    const bool is_reused = kill(pid_, 0) == 0 && identity_of(pid_) != identity_;
    member_ = is_reused ? 0 : living_member(pid_, member_);
    return member_ != 0;
  }

  void signal_group(std::initializer_list<int> numbers) {
    const bool has_leader = !has_ended();
    if (!has_leader && !has_living_member()) return;
    for (const int number : numbers) {
      // The leader may have left the group that was made for it.
      if (kill(-pid_, number) == 0 || !has_leader) continue;
      syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0U);
    }
  }

  ProcessIdentity identity_;
  pid_t pid_;
  FileDescriptor pidfd_;
  std::unique_ptr<ProcessHandle> handle_;
  mutable std::optional<Clock::time_point> noticed_;
  mutable bool is_over_ = false;
  mutable pid_t member_ = 0;  ///< after the leader has ended: the member last seen alive
};

}  // namespace

bool can_adopt_children() noexcept {
  return static_cast<bool>(open_pidfd(getpid()));
}

std::unique_ptr<ChildProcess> adopt_child(const ProcessIdentity& identity) {
  FileDescriptor pidfd = open_pidfd(identity.pid);
  auto handle = ProcessHandle::open(identity.pid);
  if (!pidfd || !handle) return nullptr;
  // After it is held: what has the PID now keeps it, or both descriptors name the one before.
  if (identity_of(identity.pid) != identity) return nullptr;
  return std::make_unique<AdoptedChild>(identity, std::move(pidfd), std::move(handle));
}

int adopted_ends_descriptor() noexcept {
  return watched().get();
}

bool has_adopted_end() noexcept {
  pollfd state{watched().get(), POLLIN, 0};
  return poll(&state, 1, 0) > 0;
}

std::optional<ProcessId> next_adopted_end() {
  epoll_event event{};
  if (epoll_wait(watched().get(), &event, 1, 0) <= 0) return std::nullopt;
  return static_cast<ProcessId>(event.data.u64);
}

}  // namespace provisr::daemon
