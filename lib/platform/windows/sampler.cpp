#include "lib/platform/windows/handle.hpp"
#include "lib/platform/windows/process_table.hpp"
#include "lib/platform/windows/windows_api.hpp"

#include <provisr/detail/prefetch.hpp>
#include <provisr/sampler.hpp>

#include <psapi.h>

#include <utility>

namespace provisr {

using namespace windows_platform;

namespace {

[[nodiscard]] bool has_ended(HANDLE process) noexcept {
  return WaitForSingleObject(process, 0) == WAIT_OBJECT_0;
}

[[nodiscard]] std::error_code open_error(DWORD error) noexcept {
  if (error == ERROR_INVALID_PARAMETER) return std::make_error_code(std::errc::no_such_process);
  if (error == ERROR_ACCESS_DENIED) return std::make_error_code(std::errc::permission_denied);
  return {static_cast<int>(error), std::system_category()};
}

[[nodiscard]] std::uint64_t nanoseconds_of(const FILETIME& time) noexcept {
  ULARGE_INTEGER units{};
  units.LowPart = time.dwLowDateTime;
  units.HighPart = time.dwHighDateTime;
  return units.QuadPart * 100;
}

void read_memory(HANDLE process, ProcessReading& reading) noexcept {
  PROCESS_MEMORY_COUNTERS_EX counters{};
  counters.cb = sizeof counters;
  auto* const generic = reinterpret_cast<PROCESS_MEMORY_COUNTERS*>(&counters);
  if (K32GetProcessMemoryInfo(process, generic, sizeof counters) == 0) return;
  reading.memory_rss_bytes = counters.WorkingSetSize;
  // Every process has some private memory; 0 means unknown, as Wine reports it for other processes.
  if (counters.PrivateUsage > 0) reading.memory_vms_bytes = counters.PrivateUsage;
  constexpr std::size_t peak = further_slot<figures>("memory_peak");
  if (reading.more.asks_for(peak)) reading.more.set(peak, counters.PeakWorkingSetSize);
}

}  // namespace

struct SamplingContext::State {
  ProcessTable table;
};

SamplingContext::SamplingContext(SamplerOptions) : state_(std::make_unique<State>()) {}
SamplingContext::~SamplingContext() = default;
SamplingContext::SamplingContext(SamplingContext&&) noexcept = default;
SamplingContext& SamplingContext::operator=(SamplingContext&&) noexcept = default;

bool SamplingContext::has_own_pids() const noexcept {
  return true;
}
void SamplingContext::begin_tick() noexcept {
  state_->table.read();
}
std::span<const Descent> SamplingContext::new_processes() noexcept {
  return state_->table.descents();
}
std::span<const Descent> SamplingContext::candidates(ProcessId) noexcept {
  return state_->table.descents();
}
bool SamplingContext::missed_processes() const noexcept {
  return false;  // irrelevant: Windows does not report the CPU time of ended children
}
bool SamplingContext::has_unread_processes() const noexcept {
  return false;
}
std::optional<Descent> SamplingContext::descent_of(ProcessId /*pid*/) noexcept {
  return std::nullopt;
}

ProcessId SamplingContext::own_process() const noexcept {
  return static_cast<ProcessId>(::GetCurrentProcessId());
}
void SamplingContext::recount_processes() noexcept {}
bool SamplingContext::reports_children_cpu() const noexcept {
  return false;
}

ChildrenAccounts SamplingContext::children_accounts() const noexcept {
  return {};
}

/// While a handle is open, the system does not reuse the process id. So everything read through the
/// handle or looked up by the id is of the process that was opened.
struct ProcessSampler::State {
  SamplingContext::State& context;
  DWORD pid;
  Handle process;
};

std::optional<ProcessSampler> ProcessSampler::open(Context& context, ProcessId pid,
                                                   std::error_code& error) {
  error = std::make_error_code(std::errc::no_such_process);
  if (pid <= 0) return std::nullopt;
  const auto id = static_cast<DWORD>(pid);
  Handle process(OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, id));
  if (!process) {
    error = open_error(GetLastError());
    return std::nullopt;
  }
  // OpenProcess ignores the lowest two bits of an id. It also finds an ended process while anybody
  // holds a handle of it.
  if (GetProcessId(process.get()) != id || has_ended(process.get())) return std::nullopt;
  error.clear();
  context.begin_tick();  // the first CPU rate needs a table that contains the new process
  return ProcessSampler(std::make_unique<State>(State{context.state(), id, std::move(process)}));
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
  const HANDLE process = state_->process.get();
  const ProcessTable::Entry entry = state_->context.table.find(state_->pid);
  reading.cpu_time_ns = entry.cpu_time_ns;
  reading.num_threads = entry.num_threads;
  constexpr std::size_t faults = further_slot<figures>("major_faults");
  if (reading.more.asks_for(faults)) reading.more.slots[faults] = entry.hard_faults;
  read_memory(process, reading);
  // Checked last: a process that has just ended has a working set of 0, which is not a figure.
  if (!has_ended(process)) return ReadStatus::ok;
  reading.clear();
  return ReadStatus::vanished;
}

ReadStatus ProcessSampler::read_family(FamilyReading& reading) noexcept {
  reading.clear();
  if (has_ended(state_->process.get())) return ReadStatus::vanished;  // Windows has no zombies
  const ProcessTable& table = state_->context.table;
  reading.parent = static_cast<ProcessId>(table.living_parent(table.find(state_->pid)));
  return ReadStatus::ok;
}

ReadStatus ProcessSampler::read_family(FamilyReading& reading, const Descent&) noexcept {
  return read_family(reading);
}

ReadStatus ProcessSampler::read_counters(ProcessReading& reading) noexcept {
  reading.clear();
  FILETIME created{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  if (GetProcessTimes(state_->process.get(), &created, &ended, &kernel, &user) != 0) {
    reading.cpu_time_ns = nanoseconds_of(kernel) + nanoseconds_of(user);
  }
  return ReadStatus::ok;
}

}  // namespace provisr
