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
/// - A process keeps its name as long as it lives and fits. The only process of a base gets the
///   bare name. Several that are found together are numbered by age, from 1. A later one gets the
///   lowest free number. The bare name counts as number 1.
/// - A name has one owner: a name that is taken, or that is another rule's `placeholder_name`, is
///   skipped.
/// - A name made from arguments, which anybody can choose, joins the group of no other entry: such
///   a base gets the suffix "-_".
/// - With the scope `tree`, a descendant of a process that fits the same rule is part of its tree
///   and has no name of its own. The same holds for a descendant of another entry's process, unless
///   that entry has the scope `process`.
/// - Beyond `max_matches`, the youngest processes wait until one of the others ends.
///
/// Not thread-safe.
class MatchRoster {
 public:
  /// The names and processes of all entries that no rule has matched.
  struct Surroundings {
    void add_name(std::string name);

    std::unordered_set<std::string> names;
    std::unordered_set<std::string> bases;  ///< of the names, and the names
    std::unordered_set<ProcessId> processes;
    std::unordered_set<ProcessId> alone;  ///< of these, those watched without their descendants
    /// Names of entries that are about to leave them to a rule, whose processes wait until then.
    std::unordered_set<std::string> awaited;
  };
  /// A name and its process. A rule without processes has one place, with its `placeholder_name`.
  struct Place {
    std::string name;
    std::optional<ProcessKey> process;
  };

  /// `log` must outlive the roster. `is_alive` may return true for a process that reuses the PID.
  MatchRoster(const Log& log, std::function<bool(ProcessId)> is_alive)
      : log_(&log), is_alive_(std::move(is_alive)) {}

  /// Replaces the rules by those of `processes`, each of which must have a `match`. A rule that has
  /// the name of a previous one keeps its processes until the next whole report.
  void set_rules(std::vector<ProcessConfig> processes, std::uint64_t generation);

  /// Notes the name under which an earlier daemon watched the process.
  void recall(const ProcessKey& process, std::string name) { recalled_[process] = std::move(name); }

  /// Adds and removes candidates by a report. Ignores a report that earlier rules have made.
  void take(const ScoutReport& report);

  /// Removes a process that has ended or cannot be watched.
  void forget(const ProcessKey& process);

  /// Takes back lost names and gives names to processes that lack one.
  void settle(const Surroundings& others);

  [[nodiscard]] std::size_t size() const { return rules_.size(); }
  [[nodiscard]] const ProcessConfig& config(std::size_t rule) const { return rules_[rule].config; }
  /// Returns the places of a rule by age; never empty.
  [[nodiscard]] std::vector<Place> places(std::size_t rule) const;

 private:
  struct ByAge {
    bool operator()(const ProcessKey& a, const ProcessKey& b) const {
      return std::pair(a.started_at, a.pid) < std::pair(b.started_at, b.pid);
    }
  };
  struct Candidate {
    std::string base;
    std::vector<ProcessKey> ancestors;
    std::string name = {};  ///< empty: waits for one
  };
  using Candidates = std::map<ProcessKey, Candidate, ByAge>;
  struct Rule {
    ProcessConfig config;
    std::string placeholder_name;
    bool has_template = false;  ///< its names are made from arguments
    Candidates candidates;
    std::size_t named = 0;
    bool is_full_told = false;
  };

  /// The processes of a rule that get names.
  struct Choice {
    std::vector<Candidates::iterator> chosen;         ///< by age
    std::map<std::string_view, std::size_t> of_base;  ///< how many have or get a name of this base
    bool is_full = false;                             ///< others wait, because of `max_matches`
  };
  /// By base: the lowest number that may be free, while names are only given.
  using FreeNumbers = std::map<std::string, std::size_t>;

  void take_whole(const ScoutReport& report);
  void take_one(const Sighting& sighting);
  void remove(std::size_t rule, const ProcessKey& process);
  void clear_name(Rule& rule, Candidate& candidate);
  void settle(std::size_t rule, const Surroundings& others);
  [[nodiscard]] Choice choose(Rule& rule, const Surroundings& others) const;
  void put_recalled_first(Choice& choice) const;
  void give_names(std::size_t rule, const Choice& choice, const Surroundings& others);
  void warn_if_full(Rule& rule, bool is_full) const;
  void take_back_names(std::size_t rule, const Surroundings& others);
  [[nodiscard]] bool is_of_tree(const Rule& rule, const Candidate& candidate,
                                const Surroundings& others) const;
  void drop_dead(Rule& rule);
  [[nodiscard]] static bool joins_others(const Rule& rule, const std::string& name,
                                         const Surroundings& others);
  [[nodiscard]] std::string recalled_name(const ProcessKey& process, const std::string& base) const;
  [[nodiscard]] std::string name_for(std::size_t rule, const ProcessKey& process,
                                     const Candidate& candidate, bool is_only,
                                     const Surroundings& others, FreeNumbers& free_numbers) const;
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
