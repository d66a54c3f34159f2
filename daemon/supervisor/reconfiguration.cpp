#include "daemon/supervisor/supervisor.hpp"
#include "daemon/supervisor/watched_process.hpp"

#include <string>
#include <unordered_map>
#include <utility>

namespace provisr::daemon {

/// Makes the list of processes of another configuration from the one of today.
class Supervisor::Reconfiguration {
 public:
  Reconfiguration(Supervisor& supervisor, const Moment& now) : supervisor_(supervisor), now_(now) {
    for (Entry& entry : supervisor_.entries_) {
      std::string name = entry.name();
      before_.emplace(std::move(name), std::move(entry));
    }
  }

  void want(std::string name, const ProcessConfig& config) {
    const auto found = before_.find(name);
    if (found == before_.end()) {
      changes_.started.push_back(name);
      entries_.push_back(supervisor_.make_entry(std::move(name), config, false));
      return;
    }
    Entry entry = std::move(found->second);
    before_.erase(found);
    entries_.push_back(continued(std::move(entry), config));
  }

  /// What is not wanted stops.
  [[nodiscard]] std::vector<Entry> finish() {
    for (auto& [name, entry] : before_) {
      if (!entry.is_leaving || entry.successor) changes_.stopped.push_back(name);
      leave(entry);
      entries_.push_back(std::move(entry));
    }
    before_.clear();
    return std::move(entries_);
  }

  [[nodiscard]] ReloadChanges take_changes() { return std::move(changes_); }

 private:
  [[nodiscard]] Entry continued(Entry entry, const ProcessConfig& config) {
    const bool is_child = entry.child != nullptr;
    if (is_child == config.is_foreign()) return replaced(std::move(entry), config);
    if (!is_child) return watched(std::move(entry), config);
    if (std::exchange(entry.is_leaving, false)) return returned(std::move(entry), config);
    switch (entry.child->reconfigure(config, now_)) {
      case ManagedChild::Change::program:
        changes_.restarted.push_back(entry.name());
        break;
      case ManagedChild::Change::policy:
        changes_.changed.push_back(entry.name());
        break;
      case ManagedChild::Change::none:
        break;
    }
    return entry;
  }

  /// One that an earlier reload took away and that has not ended yet.
  [[nodiscard]] Entry returned(Entry entry, const ProcessConfig& config) {
    entry.successor.reset();
    entry.child->reconfigure(config, now_);
    entry.child->bring_up(now_);
    changes_.restarted.push_back(entry.name());
    return entry;
  }

  /// By one that is run instead of watched, or the other way round.
  [[nodiscard]] Entry replaced(Entry entry, const ProcessConfig& config) {
    changes_.restarted.push_back(entry.name());
    if (entry.child == nullptr) return supervisor_.make_entry(entry.name(), config, false);
    leave(entry);
    entry.successor = config;
    return entry;
  }

  [[nodiscard]] Entry watched(Entry entry, const ProcessConfig& config) {
    const auto& process = static_cast<const WatchedProcess&>(*entry.process);
    const bool has_other_limits = std::exchange(entry.limits, config.limits) != config.limits;
    const bool is_same_file = process.pid_file() == config.pid_file;
    const bool is_same = is_same_file && process.scope() == config.scope;
    if (has_other_limits || !is_same) changes_.changed.push_back(entry.name());
    if (is_same) return entry;
    return supervisor_.make_entry(entry.name(), config, false);
  }

  void leave(Entry& entry) {
    entry.is_leaving = true;
    entry.successor.reset();
    if (entry.child != nullptr) entry.child->bring_down(now_, ExitReason::reload);
  }

  Supervisor& supervisor_;
  Moment now_;
  std::unordered_map<std::string, Entry> before_;
  std::vector<Entry> entries_;
  ReloadChanges changes_;
};

void Supervisor::reload(const Command& command, const ReplyHandler& reply, const Moment& now) {
  options_.history_ttl = command.history_ttl;
  Reconfiguration reconfiguration(*this, now);
  for (const ProcessConfig& config : command.processes) {
    for (std::string& name : instance_names(config)) reconfiguration.want(std::move(name), config);
  }
  set_entries(reconfiguration.finish());
  reply({.outcome = CommandReply::Outcome::done,
         .names = {},
         .error = {},
         .changes = reconfiguration.take_changes()});
}

void Supervisor::drop_departed(const Moment& now) {
  std::vector<Entry> staying;
  for (Entry& entry : entries_) {
    const bool is_gone = entry.is_leaving && (entry.child == nullptr || entry.process->ended());
    if (!is_gone) {
      staying.push_back(std::move(entry));
    } else if (entry.successor && !stop_requested_) {
      staying.push_back(make_entry(entry.name(), *entry.successor, false));
    } else {
      retire(entry.name(), now);
    }
  }
  set_entries(std::move(staying));
}

void Supervisor::retire(const std::string& name, const Moment& now) {
  registry_.retire(name);
  retired_.push_back({name, now.monotonic + options_.history_ttl});
}

void Supervisor::forget_retired(const Moment& now) {
  while (!retired_.empty() && retired_.front().until <= now.monotonic) {
    registry_.untrack(retired_.front().name);
    exits_.forget_counts(retired_.front().name);
    if (options_.memory != nullptr) options_.memory->forget(retired_.front().name);
    retired_.pop_front();
  }
}

}  // namespace provisr::daemon
