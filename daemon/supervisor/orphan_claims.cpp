// Orphans that have left the process group of their child before they were seen.

#include "daemon/supervisor/supervisor.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace provisr::daemon {

void Supervisor::note_orphan(ProcessId orphan, ProcessId adopter) noexcept {
  orphans_.put({orphan, adopter});
  desk_.wakeup().wake();
}

/// Adds new orphans to the trees of the children that they descend from; all orphans after
/// search_orphans().
void Supervisor::claim_orphans() {
  std::vector<OrphanInbox::Orphan> orphans = orphans_.take();
  const bool must_search = std::exchange(must_search_orphans_, false);
  std::erase_if(orphans, [&](const auto& orphan) { return by_pid_.contains(orphan.pid); });
  if (orphans.empty() && !must_search) return;
  const std::set<ProcessId> adopters = adopters_of_orphans();
  std::vector<ProcessId> processes;
  for (const OrphanInbox::Orphan& orphan : orphans) {
    if (adopters.contains(orphan.adopter)) processes.push_back(orphan.pid);
  }
  for (const ProcessId adopter : adopters) {
    if (!must_search) break;
    for (const ProcessId child : options_.children_of(adopter)) {
      if (!by_pid_.contains(child)) processes.push_back(child);
    }
  }
  if (processes.empty()) return;
  for (const OrphanOrigin& origin : options_.origins_of(processes)) claim_orphan(origin);
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

void Supervisor::claim_orphan(const OrphanOrigin& origin) {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) {
    return entry.child != nullptr && entry.child->launch_id() == origin.launch_id;
  });
  if (found == entries_.end()) return;
  const std::error_code error = options_.adopt_orphan(found->name(), origin.orphan);
  if (!error) return;
  if (error == std::errc::invalid_argument) return found->child->note_early_orphan();
  services_.log->debug("{}: orphan {} is not measured: {}", found->name(), origin.orphan,
                       error.message());
}

}  // namespace provisr::daemon
