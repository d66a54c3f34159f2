#include "lib/platform/darwin/process_list.hpp"

#include <libproc.h>

#include <cstddef>
#include <new>
#include <optional>
#include <sys/proc_info.h>
#include <unistd.h>

namespace provisr::darwin_platform {
namespace {

constexpr std::size_t room_for_more = 64;

}  // namespace

std::optional<Descent> descent_of(ProcessId pid) noexcept {
  proc_bsdshortinfo info{};
  constexpr int size = sizeof info;
  constexpr std::uint64_t zombies_too = 1;
  const int filled =
      proc_pidinfo(static_cast<int>(pid), PROC_PIDT_SHORTBSDINFO, zombies_too, &info, size);
  if (filled != size) return std::nullopt;
  const auto parent = static_cast<ProcessId>(info.pbsi_ppid);
  const bool may_be_adopted = parent == 1 || parent == ::getpid();
  return Descent{pid, parent, may_be_adopted ? static_cast<ProcessId>(info.pbsi_pgid) : 0};
}

std::span<const Descent> ProcessList::all() noexcept {
  try {
    if (is_outdated_) read();
    is_outdated_ = false;
  } catch (const std::bad_alloc&) {
    processes_.clear();
  }
  return processes_;
}

void ProcessList::read() {
  processes_.clear();
  // Without a buffer, the call returns an upper estimate of the number of processes.
  const int expected = proc_listallpids(nullptr, 0);
  if (expected <= 0) return;
  const auto wanted = static_cast<std::size_t>(expected) + room_for_more;
  if (ids_.size() < wanted) ids_.resize(wanted);
  const int filled = proc_listallpids(ids_.data(), static_cast<int>(ids_.size() * sizeof(int)));
  for (int i = 0; i < filled; ++i) {
    if (const auto descent = descent_of(ids_[static_cast<std::size_t>(i)])) {
      processes_.push_back(*descent);
    }
  }
}

}  // namespace provisr::darwin_platform
