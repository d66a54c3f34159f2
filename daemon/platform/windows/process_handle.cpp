#include "daemon/platform/process_handle.hpp"

#include "lib/platform/windows/handle.hpp"

#include <utility>

namespace provisr::daemon {
namespace {

class OpenedProcess final : public ProcessHandle {
 public:
  explicit OpenedProcess(windows_platform::Handle process) : process_(std::move(process)) {}

  [[nodiscard]] std::optional<ExitStatus> exit_status() const override {
    DWORD code = 0;
    if (WaitForSingleObject(process_.get(), 0) != WAIT_OBJECT_0) return {};
    if (GetExitCodeProcess(process_.get(), &code) == 0) return {};
    return ExitStatus{.code = static_cast<int>(code)};
  }

  [[nodiscard]] std::optional<bool> has_ended() const override {
    return WaitForSingleObject(process_.get(), 0) == WAIT_OBJECT_0;
  }

 private:
  windows_platform::Handle process_;
};

}  // namespace

std::unique_ptr<ProcessHandle> ProcessHandle::open(ProcessId pid) {
  windows_platform::Handle process(
      OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(pid)));
  if (!process) return nullptr;
  return std::make_unique<OpenedProcess>(std::move(process));
}

}  // namespace provisr::daemon
