#include "lib/platform/darwin/fd_count.hpp"
#include "lib/platform/darwin/process_list.hpp"

#include <provisr/detail/prefetch.hpp>
#include <provisr/sampler.hpp>

#include <libproc.h>
#include <mach/mach_time.h>

#include <cerrno>
#include <sys/proc_info.h>
#include <unistd.h>
#include <utility>

namespace provisr {

using namespace darwin_platform;

namespace {

[[nodiscard]] std::error_code process_error(int error_number) noexcept {
  if (error_number == ESRCH) return std::make_error_code(std::errc::no_such_process);
  if (error_number == EPERM || error_number == EACCES) {
    return std::make_error_code(std::errc::permission_denied);
  }
  return {error_number, std::generic_category()};
}

/// Reads identity and figures in one call, so both are of the same process. Sets errno on failure.
[[nodiscard]] bool read_info(pid_t pid, proc_taskallinfo& info) noexcept {
  constexpr int size = sizeof info;
  return proc_pidinfo(pid, PROC_PIDTASKALLINFO, 0, &info, size) == size;
}

/// Returns when a process started, in microseconds of the wall clock as the kernel recorded it. It
/// differs between two processes that had the same PID one after the other.
[[nodiscard]] std::uint64_t start_of(const proc_taskallinfo& info) noexcept {
  return info.pbsd.pbi_start_tvsec * 1'000'000 + info.pbsd.pbi_start_tvusec;
}

[[nodiscard]] std::uint64_t start_of(const proc_bsdinfo& info) noexcept {
  return info.pbi_start_tvsec * 1'000'000 + info.pbi_start_tvusec;
}

}  // namespace

struct SamplingContext::State {
  State() noexcept { mach_timebase_info(&timebase); }

  [[nodiscard]] std::uint64_t nanoseconds_of(std::uint64_t mach_units) const noexcept {
    return mach_units * timebase.numer / timebase.denom;
  }

  mach_timebase_info_data_t timebase{};
  FdCounter fd_counter;
  ProcessList processes;
};

SamplingContext::SamplingContext(SamplerOptions) : state_(std::make_unique<State>()) {}
SamplingContext::~SamplingContext() = default;
SamplingContext::SamplingContext(SamplingContext&&) noexcept = default;
SamplingContext& SamplingContext::operator=(SamplingContext&&) noexcept = default;
bool SamplingContext::has_own_pids() const noexcept {
  return true;
}
void SamplingContext::begin_tick() noexcept {
  state_->processes.begin_tick();
}
std::span<const Descent> SamplingContext::new_processes() noexcept {
  return state_->processes.all();
}
std::span<const Descent> SamplingContext::candidates(ProcessId) noexcept {
  return state_->processes.all();
}
bool SamplingContext::missed_processes() const noexcept {
  return true;  // the list does not contain processes that started and ended in between
}
bool SamplingContext::has_unread_processes() const noexcept {
  return false;  // the list takes no descriptors
}
std::optional<Descent> SamplingContext::descent_of(ProcessId pid) noexcept {
  return darwin_platform::descent_of(pid);
}

ProcessId SamplingContext::own_process() const noexcept {
  return ::getpid();
}
void SamplingContext::recount_processes() noexcept {
  state_->processes.begin_tick();
}
bool SamplingContext::reports_children_cpu() const noexcept {
  return true;
}

ChildrenAccounts SamplingContext::children_accounts() const noexcept {
  return {.apart = further_group<figures>("faults"), .contained = {}};
}

struct ProcessSampler::State {
  SamplingContext::State& context;
  pid_t pid;
  std::uint64_t started_at_us;

  void read_fds(ProcessReading& reading) const noexcept;
  void read_usage(FurtherReadings& more) const noexcept;
  [[nodiscard]] ReadStatus read_task(ProcessReading& reading) const noexcept;
};

void ProcessSampler::State::read_fds(ProcessReading& reading) const noexcept {
  reading.num_fds = context.fd_counter.count(pid);
  if (!reading.num_fds && errno != ESRCH) reading.num_fds_error = process_error(errno);
}

std::optional<ProcessSampler> ProcessSampler::open(Context& context, ProcessId pid,
                                                   std::error_code& error) {
  error = std::make_error_code(std::errc::no_such_process);
  if (pid <= 0) return std::nullopt;
  proc_taskallinfo info{};
  if (!read_info(pid, info)) {
    error = process_error(errno);
    return std::nullopt;
  }
  error.clear();
  return ProcessSampler(std::make_unique<State>(State{context.state(), pid, start_of(info)}));
}

ProcessSampler::ProcessSampler(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ProcessSampler::~ProcessSampler() = default;
ProcessSampler::ProcessSampler(ProcessSampler&&) noexcept = default;
ProcessSampler& ProcessSampler::operator=(ProcessSampler&&) noexcept = default;

void ProcessSampler::prefetch() const noexcept {
  detail::prefetch_object(*state_);
}

ReadStatus ProcessSampler::read(ProcessReading& reading) noexcept {
  reading.clear();
  // First read what the identity call does not return. The identity is checked afterwards, so these
  // figures cannot be another process's.
  state_->read_fds(reading);
  state_->read_usage(reading.more);
  return state_->read_task(reading);
}

ReadStatus ProcessSampler::read_counters(ProcessReading& reading) noexcept {
  reading.clear();
  state_->read_usage(reading.more);
  return state_->read_task(reading);
}

/// Reads IO and the peak: that of the physical footprint, as the resident size has none.
void ProcessSampler::State::read_usage(FurtherReadings& more) const noexcept {
  constexpr FurtherFigures io = further_group<figures>("io");
  constexpr FurtherFigures peak = further_group<figures>("peak");
  if (!more.asks_for(io | peak)) return;
  rusage_info_v4 usage{};
  auto* const untyped = reinterpret_cast<rusage_info_t*>(&usage);
  if (proc_pid_rusage(pid, RUSAGE_INFO_V4, untyped) != 0) {
    if (errno != ESRCH)
      more.refuse(io | peak, static_cast<std::errc>(process_error(errno).value()));
    return;
  }
  if (more.asks_for(io)) {
    more.set(further_slot<figures>("io_read_bytes"), usage.ri_diskio_bytesread);
    more.set(further_slot<figures>("io_write_bytes"), usage.ri_diskio_byteswritten);
  }
  if (more.asks_for(peak)) {
    more.set(further_slot<figures>("memory_peak"), usage.ri_lifetime_max_phys_footprint);
  }
}

ReadStatus ProcessSampler::State::read_task(ProcessReading& reading) const noexcept {
  proc_taskallinfo info{};
  if (!read_info(pid, info)) {
    reading.clear();
    return errno == ESRCH ? ReadStatus::vanished : ReadStatus::ok;
  }
  if (start_of(info) != started_at_us) {
    reading.clear();
    return ReadStatus::vanished;
  }
  const proc_taskinfo& task = info.ptinfo;
  reading.cpu_time_ns = context.nanoseconds_of(task.pti_total_user + task.pti_total_system);
  reading.memory_rss_bytes = task.pti_resident_size;
  reading.memory_vms_bytes = task.pti_virtual_size;
  reading.num_threads = static_cast<std::uint32_t>(task.pti_threadnum);
  constexpr std::size_t faults = further_slot<figures>("major_faults");
  if (reading.more.asks_for(faults)) {
    reading.more.set(faults, static_cast<std::uint32_t>(task.pti_pageins));
  }
  return ReadStatus::ok;
}

ReadStatus ProcessSampler::read_family(FamilyReading& reading) noexcept {
  reading.clear();
  const State& state = *state_;
  proc_bsdinfo info{};
  constexpr int size = sizeof info;
  constexpr std::uint64_t zombies_too = 1;
  if (proc_pidinfo(state.pid, PROC_PIDTBSDINFO, zombies_too, &info, size) != size) {
    return errno == ESRCH ? ReadStatus::vanished : ReadStatus::ok;
  }
  if (start_of(info) != state.started_at_us) return ReadStatus::vanished;
  reading.parent = static_cast<ProcessId>(info.pbi_ppid);
  reading.leads_group = info.pbi_pgid == static_cast<std::uint32_t>(state.pid);
  rusage_info_v1 usage{};
  auto* const untyped = reinterpret_cast<rusage_info_t*>(&usage);
  if (proc_pid_rusage(state.pid, RUSAGE_INFO_V1, untyped) == 0) {
    reading.children_cpu_ns =
        state.context.nanoseconds_of(usage.ri_child_user_time + usage.ri_child_system_time);
    constexpr std::size_t faults = further_slot<figures>("major_faults");
    if (reading.children.asks_for(faults)) reading.children.set(faults, usage.ri_child_pageins);
  }
  return ReadStatus::ok;
}

ReadStatus ProcessSampler::read_family(FamilyReading& reading, const Descent&) noexcept {
  return read_family(reading);
}

}  // namespace provisr
