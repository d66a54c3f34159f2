#include "daemon/supervisor/pending_commands.hpp"

#include "daemon/supervisor/command_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace provisr::daemon {
namespace {

/// Returns why the process has not reached the command's goal; empty if it has.
[[nodiscard]] std::string failure_of(const ManagedChild& child, Goal goal) {
  const ProcessStatus& status = child.status();
  if (child.goal() != goal) return fmt::format("{}: replaced by a later command", status.name);
  if (child.progress() == Progress::reached) return {};
  const std::string_view reason =
      status.last_error.empty() ? to_text(status.state) : std::string_view(status.last_error);
  return fmt::format("{}: {}", status.name, reason);
}

}  // namespace

void PendingCommands::add(Goal goal, std::vector<std::string> names, ReplyHandler reply) {
  std::unordered_set<std::string> open(names.begin(), names.end());
  pending_.push_back({goal, std::move(names), std::move(open), {}, std::move(reply)});
}

void PendingCommands::note_change(const ManagedChild& child) {
  for (Pending& pending : pending_) pending.note_change(child);
  const auto first_settled =
      std::stable_partition(pending_.begin(), pending_.end(),
                            [](const Pending& pending) { return !pending.open.empty(); });
  std::vector<Pending> settled(std::make_move_iterator(first_settled),
                               std::make_move_iterator(pending_.end()));
  pending_.erase(first_settled, pending_.end());
  for (Pending& pending : settled) {
    const bool is_done = pending.error.empty();
    pending.reply({is_done ? CommandReply::Outcome::done : CommandReply::Outcome::failed,
                   std::move(pending.names), std::move(pending.error)});
  }
}

void PendingCommands::Pending::note_change(const ManagedChild& child) {
  const auto found = open.find(child.status().name);
  if (found == open.end()) return;
  const bool is_overruled = child.goal() != goal;
  if (!is_overruled && child.progress() == Progress::under_way) return;
  open.erase(found);
  if (error.empty()) error = failure_of(child, goal);
}

void PendingCommands::abandon() {
  for (const Pending& pending : std::exchange(pending_, {})) refuse_at_end(pending.reply);
}

}  // namespace provisr::daemon
