#include "daemon/supervisor/supervisor.hpp"
#include "daemon/supervisor/watched_process.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

namespace provisr::daemon {

/// Builds the entries of another configuration from the current ones.
class Supervisor::Reconfiguration {
 public:
  Reconfiguration(Supervisor& supervisor, const Moment& now) : supervisor_(supervisor), now_(now) {
    for (Entry& entry : supervisor_.entries_) {
      std::string name = entry.name();
      before_.emplace(std::move(name), std::move(entry));
    }
  }

  /// Adds an entry for `name`. `order`: the place of `config` in the configuration.
  void want(std::string name, const ProcessConfig& config, std::size_t order) {
    const auto found = before_.find(name);
    if (found == before_.end()) {
      changes_.started.push_back(name);
      entries_.push_back(supervisor_.make_entry(std::move(name), config, false));
    } else {
      Entry entry = std::move(found->second);
      before_.erase(found);
      entries_.push_back(continued(std::move(entry), config));
    }
    entries_.back().order = order;
  }

  /// Stops the entries that are not wanted and returns the new list.
  [[nodiscard]] std::vector<Entry> finish() {
    for (auto& [name, entry] : before_) {
      if (!entry.is_leaving || entry.successor) changes_.stopped.push_back(name);
      leave(entry);
      entry.order = std::numeric_limits<std::size_t>::max();
      entries_.push_back(std::move(entry));
    }
    before_.clear();
    return std::move(entries_);
  }

  [[nodiscard]] ReloadChanges take_changes() { return std::move(changes_); }

 private:
  [[nodiscard]] Entry continued(Entry entry, const ProcessConfig& config) {
    const bool is_child = entry.child != nullptr;
    if (is_child == config.is_external()) return replaced(std::move(entry), config);
    if (!is_child && (entry.matched != nullptr) != config.match.has_value()) {
      return replaced(std::move(entry), config);
    }
    if (entry.matched != nullptr) return matched(std::move(entry), config);
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

  /// Brings back an entry that an earlier reload removed and that has not ended yet.
  [[nodiscard]] Entry returned(Entry entry, const ProcessConfig& config) {
    entry.successor.reset();
    entry.child->reconfigure(config, now_);
    entry.child->bring_up(now_);
    changes_.restarted.push_back(entry.name());
    return entry;
  }

  /// Replaces the entry by one of another kind, such as a child by a watched process.
  [[nodiscard]] Entry replaced(Entry entry, const ProcessConfig& config) {
    changes_.restarted.push_back(entry.name());
    if (entry.child == nullptr) {
      entry.process->shut_down(now_);
      return supervisor_.make_entry(entry.name(), config, false);
    }
    leave(entry);
    entry.successor = config;
    return entry;
  }

  [[nodiscard]] Entry watched(Entry entry, const ProcessConfig& config) {
    WatchedProcess& process = *entry.watched;
    const bool has_other_limits = std::exchange(entry.limits, config.limits) != config.limits;
    const bool is_same_file = process.pid_file() == config.pid_file;
    const bool is_same = is_same_file && process.scope() == config.scope;
    if (has_other_limits || !is_same) changes_.changed.push_back(entry.name());
    process.reconfigure(config.pid_file, config.scope);
    return entry;
  }

  [[nodiscard]] Entry matched(Entry entry, const ProcessConfig& config) {
    entry.is_leaving = false;
    const bool has_other_limits = std::exchange(entry.limits, config.limits) != config.limits;
    const bool is_same = entry.matched->scope() == config.scope;
    if (has_other_limits || !is_same) changes_.changed.push_back(entry.name());
    entry.matched->set_scope(config.scope);
    entry.matched->set_look_interval(supervisor_.look_interval());
    const auto& on_name = supervisor_.options_.on_name;
    if (has_other_limits && on_name) on_name(entry.name(), config.limits);
    return entry;
  }

  void leave(Entry& entry) {
    entry.is_leaving = true;
    entry.successor.reset();
    if (entry.child != nullptr) return entry.child->bring_down(now_, ExitReason::reload);
    if (entry.process->ended()) entry.process->shut_down(now_);
  }

  Supervisor& supervisor_;
  Moment now_;
  std::unordered_map<std::string, Entry> before_;
  std::vector<Entry> entries_;
  ReloadChanges changes_;
};

void Supervisor::reload(const Command& command, const ReplyHandler& reply, const Moment& now) {
  retired_.set_ttl(command.history_ttl);
  options_.interval = command.interval;
  set_match_rules(command.processes);
  settle_with(command.processes);
  Reconfiguration reconfiguration(*this, now);
  std::size_t rule = 0;
  for (std::size_t order = 0; order < command.processes.size(); ++order) {
    const ProcessConfig& config = command.processes[order];
    const auto names = config.match ? matched_names(rule++) : instance_names(config);
    for (const std::string& name : names) reconfiguration.want(name, config, order);
  }
  set_entries(reconfiguration.finish());
  follow_matches(now);
  search_.look(look_interval(), now.monotonic);
  reply({.outcome = CommandReply::Outcome::done,
         .names = {},
         .error = {},
         .changes = reconfiguration.take_changes()});
}

/// Settles the names of matched processes; names in the configuration take precedence.
void Supervisor::settle_with(const std::vector<ProcessConfig>& processes) {
  MatchRoster::Surroundings others = surroundings();
  for (const ProcessConfig& config : processes) {
    if (config.match) continue;
    for (std::string& name : instance_names(config)) others.add_name(std::move(name));
  }
  roster_.settle(others);
}

std::vector<std::string> Supervisor::matched_names(std::size_t rule) const {
  std::vector<std::string> names;
  for (MatchRoster::Place& place : roster_.places(rule)) names.push_back(std::move(place.name));
  return names;
}

void Supervisor::drop_departed(const Moment& now) {
  const StatusBoard::Revision revision(board_);
  std::vector<Entry> staying;
  bool is_left_to_match = false;
  for (Entry& entry : entries_) {
    const bool is_gone = entry.is_leaving && entry.process->ended();
    if (!is_gone) {
      staying.push_back(std::move(entry));
    } else if (entry.successor && !entry.is_left_to_match() && !stop_requested_) {
      const std::size_t order = entry.order;
      staying.push_back(make_entry(entry.name(), *entry.successor, false));
      staying.back().order = order;
    } else {
      is_left_to_match |= entry.is_left_to_match() && !stop_requested_;
      depart(entry, now);
    }
  }
  set_entries(std::move(staying));
  if (is_left_to_match) follow_matches(now);
}

void Supervisor::depart(const Entry& entry, const Moment& now) {
  const bool is_matched = entry.matched != nullptr;
  if (is_matched && options_.on_name_gone) options_.on_name_gone(entry.name());
  retire(entry.name(), now, is_matched);
}

void Supervisor::retire(const std::string& name, const Moment& now, bool is_matched) {
  registry_.retire(name);
  retired_.add(name, now.monotonic, is_matched);
}

void Supervisor::forget(const std::string& name) {
  registry_.untrack(name);
  exits_.forget_counts(name);
  if (options_.memory != nullptr) options_.memory->forget(name);
}

}  // namespace provisr::daemon
