#include "lib/platform/linux/switch_count.hpp"

#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/linux/proc_text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <new>

namespace provisr::linux_platform {
namespace {

[[nodiscard]] std::optional<ContextSwitches> read_thread(int task, ProcessId id) noexcept {
  char buffer[status_buffer_size];
  const auto text = read_file(task, ProcPath(id, "status").c_str(), buffer);
  if (!text) return std::nullopt;
  const auto voluntary = parse_number(*text, "voluntary_ctxt_switches");
  const auto involuntary = parse_number(*text, "nonvoluntary_ctxt_switches");
  if (!voluntary || !involuntary) return std::nullopt;
  return ContextSwitches{*voluntary, *involuntary};
}

}  // namespace

std::optional<ContextSwitches> SwitchCount::read(int task) noexcept {
  try {
    if (!list_threads(task)) return std::nullopt;
    add_missed(task);
    threads_.reserve(listed_.size());  // the next list goes there
    keep_ended();
    threads_.swap(listed_);
    return total();
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return std::nullopt;
  }
}

bool SwitchCount::list_threads(int task) {
  listed_.clear();
  const FileDescriptor list(::openat(task, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!list) return false;
  DirectoryReader names(list.get());
  while (const auto name = names.next()) {
    const ProcessId id = id_of(*name);
    const auto switches = id > 0 ? read_thread(task, id) : std::nullopt;
    if (switches) listed_.push_back({id, *switches});
  }
  if (listed_.empty() && !names.has_failed()) errno = ESRCH;
  sort_by_id(listed_);
  const auto is_same = [](const Thread& a, const Thread& b) { return a.id == b.id; };
  listed_.erase(std::unique(listed_.begin(), listed_.end(), is_same), listed_.end());
  return !listed_.empty();
}

/// Adds living threads that the list omitted, as it can if others end while it is made.
void SwitchCount::add_missed(int task) {
  const std::size_t count = listed_.size();
  std::size_t next = 0;
  for (const Thread& before : threads_) {
    while (next < count && listed_[next].id < before.id) ++next;
    if (next < count && listed_[next].id == before.id) continue;
    if (const auto switches = read_thread(task, before.id)) {
      listed_.push_back({before.id, *switches});
    }
  }
  if (listed_.size() > count) sort_by_id(listed_);
}

/// Keeps the counts of threads that have ended. A thread whose counts have fallen is another one
/// that reuses the id.
void SwitchCount::keep_ended() noexcept {
  auto now = listed_.begin();
  for (const Thread& before : threads_) {
    while (now != listed_.end() && now->id < before.id) ++now;
    const bool goes_on = now != listed_.end() && now->id == before.id &&
                         now->switches.voluntary >= before.switches.voluntary &&
                         now->switches.involuntary >= before.switches.involuntary;
    if (goes_on) continue;
    ended_.voluntary += before.switches.voluntary;
    ended_.involuntary += before.switches.involuntary;
  }
}

ContextSwitches SwitchCount::total() const noexcept {
  ContextSwitches sum = ended_;
  for (const Thread& thread : threads_) {
    sum.voluntary += thread.switches.voluntary;
    sum.involuntary += thread.switches.involuntary;
  }
  return sum;
}

/// Threads are usually listed in this order.
void SwitchCount::sort_by_id(std::vector<Thread>& threads) noexcept {
  if (!std::ranges::is_sorted(threads, {}, &Thread::id)) {
    std::ranges::sort(threads, {}, &Thread::id);
  }
}

}  // namespace provisr::linux_platform
