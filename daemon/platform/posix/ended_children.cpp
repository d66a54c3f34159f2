#include "daemon/platform/ended_children.hpp"

#include "daemon/platform/posix/announced_ends.hpp"
#include "daemon/platform/posix/ended_usage.hpp"

#include <sys/wait.h>

namespace provisr::daemon {
namespace {

class PosixEndedChildren final : public EndedChildren {
 public:
  [[nodiscard]] std::optional<ProcessId> next() override {
    if (const auto adopted = next_announced_end()) return adopted;
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return std::nullopt;
    if (info.si_pid == 0) return std::nullopt;
    return info.si_pid;
  }

  [[nodiscard]] std::optional<EndedChild> describe(ProcessId pid) const override {
    return describe_ended_child(pid);
  }

  void reap(ProcessId pid) override { ::waitpid(static_cast<pid_t>(pid), nullptr, WNOHANG); }
};

}  // namespace

EndedChildren& EndedChildren::system() {
  static PosixEndedChildren children;
  return children;
}

}  // namespace provisr::daemon
