#include "daemon/platform/process_facts.hpp"

#include "daemon/platform/windows/wide_text.hpp"
#include "lib/platform/windows/handle.hpp"
#include "lib/platform/windows/process_table.hpp"

#include <chrono>
#include <ratio>
#include <string_view>
#include <utility>

namespace provisr::daemon {

using windows_platform::Handle;
using windows_platform::ProcessTable;

namespace {

constexpr std::size_t max_ancestors = 64;
constexpr std::size_t longest_path = 32'768;

[[nodiscard]] Handle opened(ProcessId pid) {
  return Handle(
      OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(pid)));
}

/// Returns the start time in units of 100 ns. While the handle is open, the PID is not reused.
[[nodiscard]] std::optional<std::uint64_t> start_of(const Handle& process) {
  FILETIME created{};
  FILETIME ended{};
  FILETIME kernel{};
  FILETIME user{};
  const bool runs = process && WaitForSingleObject(process.get(), 0) == WAIT_TIMEOUT;
  if (!runs || GetProcessTimes(process.get(), &created, &ended, &kernel, &user) == 0) {
    return std::nullopt;
  }
  return (std::uint64_t{created.dwHighDateTime} << 32U) | created.dwLowDateTime;
}

[[nodiscard]] std::optional<std::string> exe_of(const Handle& process) {
  std::wstring path(longest_path, L'\0');
  auto length = static_cast<DWORD>(path.size());
  if (QueryFullProcessImageNameW(process.get(), 0, path.data(), &length) == 0) return std::nullopt;
  return to_utf8(std::wstring_view(path).substr(0, length));
}

}  // namespace

FactSet supported_facts() noexcept {
  return {.exe = true};
}

struct FactReader::State {
  ProcessTable table;
  bool is_read = false;
  bool was_refused = false;

  [[nodiscard]] ProcessTable::Entry find(ProcessId pid) {
    const auto number = static_cast<DWORD>(pid);
    if (!is_read || table.find(number).pid == 0) table.read();
    is_read = true;
    return table.find(number);
  }
};

FactReader::FactReader(const std::string& /*proc_root*/) : state_(std::make_unique<State>()) {}
FactReader::~FactReader() = default;
FactReader::FactReader(FactReader&&) noexcept = default;
FactReader& FactReader::operator=(FactReader&&) noexcept = default;

void FactReader::begin_round() {
  state_->is_read = false;
}

std::optional<ProcessFacts> FactReader::read(ProcessId pid, const FactSet& wanted) {
  const Handle process = opened(pid);
  if (!process) {
    state_->was_refused |= GetLastError() == ERROR_ACCESS_DENIED;
    return std::nullopt;
  }
  const auto started_at = start_of(process);
  if (!started_at) return std::nullopt;
  const ProcessTable::Entry entry = state_->find(pid);
  ProcessFacts facts{.key = {pid, *started_at},
                     .parent = static_cast<ProcessId>(state_->table.living_parent(entry))};
  if (wanted.exe) facts.exe = exe_of(process);
  return facts;
}

std::vector<ProcessKey> FactReader::ancestors_of(const ProcessFacts& process) {
  std::vector<ProcessKey> ancestors;
  ProcessId pid = process.parent;
  while (pid != 0 && ancestors.size() < max_ancestors) {
    const ProcessTable::Entry entry = state_->find(pid);
    ancestors.push_back({pid, static_cast<std::uint64_t>(entry.created_at)});
    pid = static_cast<ProcessId>(state_->table.living_parent(entry));
  }
  return ancestors;
}

bool FactReader::was_short() const noexcept {
  return false;  // a read takes no descriptor
}

bool FactReader::was_refused() const noexcept {
  return state_->was_refused;
}

bool FactReader::hides_others() const {
  return false;
}

std::optional<std::uint64_t> start_of(ProcessId pid) {
  return start_of(opened(pid));
}

/// `started_at` counts units of 100 ns since 1601.
Timestamp start_on_wall_clock(std::uint64_t started_at) {
  using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
  constexpr std::chrono::seconds from_1601_to_1970{11'644'473'600};
  return Timestamp(Ticks(static_cast<std::int64_t>(started_at)) - from_1601_to_1970);
}

}  // namespace provisr::daemon
