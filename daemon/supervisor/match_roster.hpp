#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"
#include "daemon/platform/process_facts.hpp"
#include "daemon/supervisor/process_scout.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Decides which of the processes that fit rules are watched, and under which names.
///
/// - A process keeps its name as long as it lives and fits. The only one of its base has the bare
///   name; several that are found together are numbered by age, from 1; one that comes later has
///   the lowest number that is free. The number 1 is also that of the bare name.
/// - No name has two owners: one that is taken, or that is another rule's own, is passed over.
/// - With the scope `tree`, a descendant of a process that fits the same rule is part of its tree
///   and has no name of its own.
/// - Beyond `max_matches`, the youngest wait until one of the others ends.
///
/// Not thread-safe.
class MatchRoster {
 public:
  /// What others have.
  struct Surroundings {
    std::unordered_set<std::string> names;
    std::unordered_set<ProcessId> processes;
  };
  /// A name and its process; that of a rule without any is its name of none.
  struct Place {
    std::string name;
    std::optional<ProcessKey> process;
  };

  /// `log` must outlive it. `is_alive` may take a process that has its PID later for it.
  MatchRoster(const Log& log, std::function<bool(ProcessId)> is_alive)
      : log_(&log), is_alive_(std::move(is_alive)) {}

  /// Goes by the rules of these processes, each of which has a `match`. Rules that have the name of
  /// one before go on with its processes until a whole report tells what fits.
  void set_rules(std::vector<ProcessConfig> processes, std::uint64_t generation);

  /// An earlier daemon has had the process under this name.
  void recall(const ProcessKey& process, std::string name) { recalled_[process] = std::move(name); }

  /// Takes up what was found; ignores what was found by earlier rules.
  void take(const ScoutReport& report);

  /// The process has ended or cannot be watched.
  void forget(const ProcessKey& process);

  /// Gives names to those that are to have one.
  void settle(const Surroundings& others);

  [[nodiscard]] std::size_t size() const { return rules_.size(); }
  [[nodiscard]] const ProcessConfig& config(std::size_t rule) const { return rules_[rule].config; }
  /// By age; never empty.
  [[nodiscard]] std::vector<Place> places(std::size_t rule) const;

 private:
  /// The oldest first.
  struct ByAge {
    bool operator()(const ProcessKey& a, const ProcessKey& b) const {
      return std::pair(a.started_at, a.pid) < std::pair(b.started_at, b.pid);
    }
  };
  struct Candidate {
    std::string base;
    std::vector<ProcessKey> ancestors;
    std::string name = {};  ///< empty: it waits
  };
  using Candidates = std::map<ProcessKey, Candidate, ByAge>;
  struct Rule {
    ProcessConfig config;
    std::string name_of_none;
    Candidates candidates;
    std::size_t named = 0;
    bool is_full_told = false;
  };

  void take_whole(const ScoutReport& report);
  void take_one(const Sighting& sighting);
  void remove(std::size_t rule, const ProcessKey& process);
  void take_name(Rule& rule, Candidate& candidate);
  void settle(std::size_t rule, const Surroundings& others);
  void take_back_names(std::size_t rule, const Surroundings& others);
  [[nodiscard]] bool is_of_tree(const Rule& rule, const Candidate& candidate) const;
  void drop_dead(Rule& rule);
  [[nodiscard]] std::string recalled_name(const ProcessKey& process, const std::string& base) const;
  [[nodiscard]] std::string name_for(std::size_t rule, const ProcessKey& process,
                                     const Candidate& candidate, bool is_only,
                                     const Surroundings& others) const;
  [[nodiscard]] bool is_free(std::size_t rule, const std::string& name,
                             const Surroundings& others) const;

  const Log* log_;
  std::function<bool(ProcessId)> is_alive_;
  std::vector<Rule> rules_;
  std::uint64_t generation_ = 0;
  std::map<ProcessKey, std::size_t> rule_of_;
  std::map<std::string, std::size_t, std::less<>> rule_of_name_;  ///< of given names
  std::map<ProcessKey, std::string> recalled_;
};

}  // namespace provisr::daemon
