#include "daemon/platform/process_facts.hpp"

#include "daemon/platform/posix/ancestors.hpp"
#include "daemon/platform/posix/user_names.hpp"

#include <libproc.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <sys/proc_info.h>
#include <sys/sysctl.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

/// Returns empty if there is no such process, if it has ended, or if it is the kernel.
[[nodiscard]] std::optional<proc_bsdinfo> info_of(ProcessId pid) {
  proc_bsdinfo info{};
  constexpr int size = sizeof info;
  if (pid <= 0 || proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, size) != size) return std::nullopt;
  return info;
}

[[nodiscard]] ProcessKey key_of(const proc_bsdinfo& info) {
  return {static_cast<ProcessId>(info.pbi_pid),
          info.pbi_start_tvsec * 1'000'000 + info.pbi_start_tvusec};
}

/// Returns the key and the kin of a process.
[[nodiscard]] ProcessFacts facts_of(const proc_bsdinfo& info) {
  const bool may_be_adopted =
      info.pbi_ppid == 1 || info.pbi_ppid == static_cast<std::uint32_t>(::getpid());
  const bool is_orphan = may_be_adopted && info.pbi_pgid != info.pbi_pid;
  return {.key = key_of(info),
          .parent = static_cast<ProcessId>(info.pbi_ppid),
          .orphan_of = is_orphan ? static_cast<ProcessId>(info.pbi_pgid) : 0};
}

/// Parses KERN_PROCARGS2: the argument count, the program's path, null characters, null-terminated
/// arguments, the environment.
[[nodiscard]] std::optional<std::string> arguments_in(std::string_view block) {
  int count = 0;
  if (block.size() < sizeof count) return std::nullopt;
  std::memcpy(&count, block.data(), sizeof count);
  block.remove_prefix(sizeof count);
  block.remove_prefix(std::min(block.find('\0'), block.size()));
  block.remove_prefix(std::min(block.find_first_not_of('\0'), block.size()));
  std::string joined;
  for (; count > 0 && !block.empty() && joined.size() < max_args_bytes; --count) {
    const std::string_view argument = block.substr(0, block.find('\0'));
    if (!joined.empty()) joined += ' ';
    joined += argument;
    block.remove_prefix(std::min(argument.size() + 1, block.size()));
  }
  joined.resize(std::min(joined.size(), max_args_bytes));
  if (joined.empty()) return std::nullopt;
  return joined;
}

[[nodiscard]] std::optional<std::string> arguments_of(ProcessId pid) {
  int most[] = {CTL_KERN, KERN_ARGMAX};
  int room = 0;
  std::size_t size = sizeof room;
  if (::sysctl(most, 2, &room, &size, nullptr, 0) != 0 || room <= 0) return std::nullopt;
  std::string block(static_cast<std::size_t>(room), '\0');
  int arguments[] = {CTL_KERN, KERN_PROCARGS2, pid};
  size = block.size();
  if (::sysctl(arguments, 3, block.data(), &size, nullptr, 0) != 0) return std::nullopt;
  return arguments_in(std::string_view(block).substr(0, size));
}

}  // namespace

FactSet supported_facts() noexcept {
  return {.exe = true, .args = true, .user = true};
}

struct FactReader::State {
  [[nodiscard]] std::optional<std::string> user_of(uid_t uid) {
    const std::string* const name = users.of(uid);
    was_short = name == nullptr;
    return name == nullptr ? std::nullopt : std::optional(*name);
  }

  UserNames users;
  bool was_refused = false;
  bool was_short = false;  ///< only a look-up of a name takes descriptors

  [[nodiscard]] std::optional<std::string> exe_of(ProcessId pid) {
    std::string path(PROC_PIDPATHINFO_MAXSIZE, '\0');
    const int length = proc_pidpath(pid, path.data(), static_cast<std::uint32_t>(path.size()));
    if (length <= 0) {
      was_refused |= errno == EPERM || errno == EACCES;
      return std::nullopt;
    }
    path.resize(static_cast<std::size_t>(length));
    return path;
  }
};

FactReader::FactReader(const std::string& /*proc_root*/) : state_(std::make_unique<State>()) {}
FactReader::~FactReader() = default;
FactReader::FactReader(FactReader&&) noexcept = default;
FactReader& FactReader::operator=(FactReader&&) noexcept = default;

void FactReader::begin_round() {
  state_->users.forget();
}

std::optional<ProcessFacts> FactReader::read(ProcessId pid, const FactSet& wanted) {
  state_->was_short = false;
  const auto info = info_of(pid);
  if (!info) return std::nullopt;
  ProcessFacts facts = facts_of(*info);
  if (wanted.exe) facts.exe = state_->exe_of(pid);
  if (wanted.args) facts.args = arguments_of(pid);
  if (wanted.user) facts.user = state_->user_of(info->pbi_uid);
  const auto after = info_of(pid);
  if (!after || key_of(*after) != facts.key) return std::nullopt;
  return facts;
}

std::vector<ProcessKey> FactReader::ancestors_of(const ProcessFacts& process) {
  return ancestors_by(
      [](ProcessId pid) {
        const auto info = info_of(pid);
        return info ? std::optional(facts_of(*info)) : std::nullopt;
      },
      process);
}

bool FactReader::was_short() const noexcept {
  return state_->was_short;
}

bool FactReader::was_refused() const noexcept {
  return state_->was_refused;
}

bool FactReader::hides_others() const {
  return false;
}

std::optional<std::uint64_t> start_of(ProcessId pid) {
  const auto info = info_of(pid);
  return info ? std::optional(key_of(*info).started_at) : std::nullopt;
}

Timestamp start_on_wall_clock(std::uint64_t started_at) {
  return Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(started_at)));
}

}  // namespace provisr::daemon
