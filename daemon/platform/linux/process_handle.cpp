#include "daemon/platform/process_handle.hpp"

#include "daemon/platform/linux/oom_witness.hpp"
#include "daemon/platform/linux/pidfd.hpp"
#include "daemon/platform/oom_kills.hpp"
#include "daemon/platform/posix/announced_ends.hpp"
#include "daemon/platform/posix/wait_status.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <cstdint>
#include <linux/ioctl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

/// As in <linux/pidfd.h> since Linux 6.15, in its first size.
struct PidfdInfo {
  std::uint64_t mask = 0;
  std::uint64_t cgroup_id = 0;
  std::uint32_t ids[11] = {};
  std::int32_t exit_code = 0;  ///< wait(2) status
};
static_assert(sizeof(PidfdInfo) == 64);

constexpr std::uint64_t info_cgroup = 1U << 2U;
constexpr std::uint64_t info_exit = 1U << 3U;
constexpr auto get_info = _IOWR(0xFFU, 11, PidfdInfo);

/// C libraries declare the request with different types.
template <class Request>
[[nodiscard]] bool ask(int (*control)(int, Request, ...), int fd, PidfdInfo& info) {
  return control(fd, static_cast<Request>(get_info), &info) == 0;
}

class Pidfd final : public ProcessHandle {
 public:
  Pidfd(FileDescriptor fd, ProcessId pid) : fd_(std::move(fd)), pid_(static_cast<pid_t>(pid)) {}

  /// If the PID was reused, the witness may watch another cgroup; its ID does not match then.
  void expect_end() override { witness_.emplace(pid_); }

  [[nodiscard]] bool announce_end() override {
    return provisr::daemon::announce_end(fd_.get(), pid_);
  }

  [[nodiscard]] std::optional<ExitStatus> exit_status() const override {
    if (status_) return status_;
    PidfdInfo info{.mask = info_exit | info_cgroup};
    if (!ask(&::ioctl, fd_.get(), info) || (info.mask & info_exit) == 0) return logged_kill();
    status_ = exit_status_of(info.exit_code);
    status_->was_oom_kill = status_->signal == SIGKILL && (info.mask & info_cgroup) != 0 &&
                            witness_ && witness_->explains_end_in(info.cgroup_id);
    return status_;
  }

  [[nodiscard]] std::optional<bool> has_ended() const override {
    pollfd ended{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    const int count = ::poll(&ended, 1, 0);
    if (count == 0) check_for_oom_kills();  // so that earlier kills do not explain the end
    return count < 0 ? std::nullopt : std::optional(count > 0);
  }

 private:
  /// The kernel's log tells of one kind of end, also if the kernel reports none (before 6.15).
  [[nodiscard]] std::optional<ExitStatus> logged_kill() const {
    if (!witness_ || has_ended() != true || !witness_->is_logged()) return {};
    status_ = ExitStatus{.signal = SIGKILL, .was_oom_kill = true};
    return status_;
  }

  FileDescriptor fd_;
  pid_t pid_;
  std::optional<OomWitness> witness_;
  mutable std::optional<ExitStatus> status_;  ///< cached, because a kill explains only one end
};

}  // namespace

std::unique_ptr<ProcessHandle> ProcessHandle::open(ProcessId pid) {
  FileDescriptor fd = open_pidfd(pid);
  if (!fd) return nullptr;
  return std::make_unique<Pidfd>(std::move(fd), pid);
}

}  // namespace provisr::daemon
