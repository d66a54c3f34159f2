// Orphans that have left the process group of their child before they were seen.

#include "daemon/base/shortage.hpp"
#include "daemon/supervisor/supervisor.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {

void Supervisor::note_orphan(ProcessId orphan, ProcessId adopter) noexcept {
  orphans_.put({orphan, adopter});
  desk_.wakeup().wake();
}

/// Adds new orphans to the trees of the children that they descend from. If many are new, the rest
/// follows at the next update().
void Supervisor::claim_orphans(const Moment& now) {
  constexpr std::size_t at_once = 32;  // 2 ms each if their environments are empty
  if (unclaimed_.empty()) gather_orphans(now);
  if (unclaimed_.empty()) return;
  const auto count = static_cast<std::ptrdiff_t>(std::min(unclaimed_.size(), at_once));
  const auto end = unclaimed_.begin() + count;
  const OriginSearch origins = options_.origins_of({unclaimed_.begin(), end});
  unclaimed_.erase(unclaimed_.begin(), end);
  for (const OrphanOrigin& origin : origins.found) claim_orphan(origin, now);
  if (!origins.is_complete) search_orphans_later(now);
}

/// Finds new orphans; all orphans if a search is due.
void Supervisor::gather_orphans(const Moment& now) {
  const std::vector<OrphanInbox::Orphan> orphans = orphans_.take();
  const bool must_search = next_orphan_search_ <= now.monotonic;
  if (orphans.empty() && !must_search) return;
  const std::set<ProcessId> adopters = adopters_of_orphans();
  for (const OrphanInbox::Orphan& orphan : orphans) {
    const bool may_be_ours = adopters.contains(orphan.adopter) && !is_child(orphan.pid);
    if (may_be_ours) unclaimed_.push_back(orphan.pid);
  }
  if (!must_search) return;
  next_orphan_search_ = MonotonicTime::max();
  for (const ProcessId adopter : adopters) {
    std::ranges::copy_if(options_.children_of(adopter), std::back_inserter(unclaimed_),
                         [this](ProcessId process) { return !is_child(process); });
  }
}

/// Searches once more in a second, because threads, descriptors or memory were short.
void Supervisor::search_orphans_later(const Moment& now) {
  constexpr std::chrono::seconds pause{1};
  next_orphan_search_ = std::min<MonotonicTime>(next_orphan_search_, now.monotonic + pause);
}

bool Supervisor::is_child(ProcessId pid) const {
  return std::ranges::any_of(
      indices_of(pid), [this](std::size_t index) { return entries_[index].child != nullptr; });
}

std::set<ProcessId> Supervisor::adopters_of_orphans() const {
  std::set<ProcessId> adopters;
  for (const Entry& entry : entries_) {
    if (entry.child != nullptr && entry.child->scope() == SampleScope::tree) {
      adopters.insert(entry.child->adopter());
    }
  }
  adopters.erase(0);
  return adopters;
}

void Supervisor::claim_orphan(const OrphanOrigin& origin, const Moment& now) {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.child != nullptr && entry.child->launch_id() == origin.launch_id;
  });
  if (found == entries_.end()) return;
  const std::error_code error = options_.adopt_orphan(found->name(), origin.orphan);
  if (!error || error == std::errc::no_such_process) return;
  if (error == std::errc::invalid_argument) return found->child->note_early_orphan();
  services_.log->debug("{}: orphan {} is not measured: {}", found->name(), origin.orphan,
                       error.message());
  const bool may_succeed_later =
      is_shortage(error) || error == std::errc::resource_unavailable_try_again;
  if (may_succeed_later) search_orphans_later(now);
}

}  // namespace provisr::daemon
