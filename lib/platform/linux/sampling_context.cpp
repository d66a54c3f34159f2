#include "lib/platform/linux/sampling_context.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace provisr {

using namespace linux_platform;

namespace {

[[nodiscard]] std::size_t default_descriptor_budget() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return static_cast<std::size_t>(limit.rlim_cur) / 2;
}

/// Returns whether PIDs under this proc root are those of this program's system calls. `self`
/// contains this program's PID there; in an outer namespace it could be the same number by chance.
[[nodiscard]] bool is_own_pid_namespace(int proc_root) noexcept {
  char target[32];
  const ssize_t length = ::readlinkat(proc_root, "self", target, sizeof target);
  const ProcPath own(::getpid());
  if (length <= 0 || std::string_view(target, static_cast<std::size_t>(length)) != own.c_str()) {
    return false;
  }
  char buffer[status_buffer_size];
  const auto text = read_file(proc_root, "self/status", buffer);
  return text && !is_of_nested_pid_namespace(*text);
}

/// Returns whether st_size of an `fd` directory is the number of descriptors, as it is since Linux
/// 6.2 (proc_fd_getattr in fs/proc/fd.c). This program has at least one open: the proc root.
[[nodiscard]] bool tells_fd_count_by_size(int proc_root) noexcept {
  struct stat status {};
  return ::fstatat(proc_root, "self/fd", &status, 0) == 0 && status.st_size > 0;
}

/// Fails unless another descriptor is free: without one, the PID namespace of the root would not be
/// recognized.
[[nodiscard]] FileDescriptor open_root(const std::string& path, std::error_code& error) noexcept {
  FileDescriptor root = open_handle(AT_FDCWD, path.c_str());
  const FileDescriptor spare(root ? ::fcntl(root.get(), F_DUPFD_CLOEXEC, 0) : -1);
  error = std::error_code(spare ? 0 : errno, std::generic_category());
  if (!spare) root.reset();
  return root;
}

}  // namespace

SamplingContext::State::State(const SamplerOptions& options)
    : proc_root_path(options.proc_root),
      proc_root(open_root(proc_root_path, proc_root_error)),
      has_own_pids(is_own_pid_namespace(proc_root.get())),
      has_fd_count_by_size(has_own_pids && tells_fd_count_by_size(proc_root.get())),
      descriptor_budget(options.max_kept_descriptors.value_or(default_descriptor_budget())),
      page_bytes(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))),
      max_idle_age(std::min(options.max_idle_age,
                            std::chrono::nanoseconds::max() / idle_ages_until_full_reading)),
      reclaim(proc_root.get()),
      births(proc_root.get(), has_own_pids),
      min_pss_interval(options.min_pss_interval) {}

bool SamplingContext::State::open_proc_root() {
  proc_root = open_root(proc_root_path, proc_root_error);
  if (!proc_root) return false;
  has_own_pids = is_own_pid_namespace(proc_root.get());
  has_fd_count_by_size = has_own_pids && tells_fd_count_by_size(proc_root.get());
  reclaim = ReclaimWatch(proc_root.get());
  births = Births(proc_root.get(), has_own_pids);
  return true;
}

SamplingContext::SamplingContext(SamplerOptions options)
    : state_(std::make_unique<State>(options)) {}
SamplingContext::~SamplingContext() = default;
SamplingContext::SamplingContext(SamplingContext&&) noexcept = default;
SamplingContext& SamplingContext::operator=(SamplingContext&&) noexcept = default;

bool SamplingContext::has_own_pids() const noexcept {
  return state_->has_own_pids;
}

void SamplingContext::begin_tick() noexcept {
  state_->reclaim.begin_tick();
  ++state_->tick;
  state_->tick_at = std::chrono::steady_clock::now();
  state_->swap.begin_tick(state_->tick_at);
  state_->births.begin_tick(state_->tick_at);
}

std::span<const Descent> SamplingContext::new_processes() noexcept {
  return state_->births.look();
}

std::span<const Descent> SamplingContext::candidates(ProcessId ancestor) noexcept {
  return state_->births.candidates(ancestor);
}

bool SamplingContext::missed_processes() const noexcept {
  return state_->births.missed_some();
}

bool SamplingContext::has_unread_processes() const noexcept {
  return state_->births.has_unread();
}

std::optional<Descent> SamplingContext::descent_of(ProcessId pid) noexcept {
  return state_->births.descent_of(pid);
}

ProcessId SamplingContext::own_process() const noexcept {
  return state_->has_own_pids ? ::getpid() : 0;
}

void SamplingContext::recount_processes() noexcept {
  state_->births.recount();
}

bool SamplingContext::reports_children_cpu() const noexcept {
  return true;
}

/// wait_task_zombie in kernel/exit.c adds the counters of a child to its parent's. procfs shows
/// faults separately (fields 12 and 13 of `stat`), IO as one value, and no context switches of
/// children.
ChildrenAccounts SamplingContext::children_accounts() const noexcept {
  return {.apart = further_group<figures>("faults"), .contained = further_group<figures>("io")};
}

}  // namespace provisr
