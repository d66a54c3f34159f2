#pragma once

#include "daemon/platform/process_facts.hpp"
#include "daemon/supervisor/match_rules.hpp"

#include <provisr/sampler.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace provisr::daemon {

/// A process as it was when it was looked at.
struct Sighting {
  ProcessKey key;
  std::optional<MatchRules::Match> match = {};  ///< empty: it fits no rule any more
  std::vector<ProcessKey> ancestors = {};
};

/// What a look has found.
struct ScoutReport {
  std::uint64_t generation = 0;  ///< of the rules
  /// Whether `sightings` are all processes that fit a rule; otherwise those that began or ceased
  /// to.
  bool is_whole = false;
  std::vector<Sighting> sightings = {};
  bool was_refused = false;   ///< the system did not tell some facts
  bool hides_others = false;  ///< the system hides other users' processes
  ProcessId stuck = 0;        ///< what it is takes too long to be read; it is left out until it was

  [[nodiscard]] bool empty() const { return !is_whole && sightings.empty(); }
};

/// Where a scout learns of processes.
struct ScoutSources {
  struct Listing {
    std::span<const Descent> processes;
    bool is_whole = false;  ///< all processes; otherwise those that were born since the one before
  };
  /// Valid until the next call. `all`: is to be whole.
  std::function<Listing(bool all)> list;
  std::function<std::optional<ProcessFacts>(ProcessId pid, const FactSet& wanted)> read;
  std::function<std::vector<ProcessKey>(const ProcessFacts& process)> ancestors_of;
  std::function<bool()> was_refused = [] { return false; };
  std::function<bool()> hides_others = [] { return false; };
  std::function<void()> begin_round = [] {};
  ProcessId own_pid = 0;  ///< is never found
};

/// Processes of this machine.
[[nodiscard]] ScoutSources system_scout_sources();

/// Finds the processes that fit rules, at the cost of births: a process is looked at once it is one
/// look old, as one that was just forked is still what its parent is, a few times more in the next
/// looks, and from time to time with all others. Those that fit are looked at again and again, as
/// exec changes neither PID nor start time: each within a second, unless they are too many. One
/// that fits no more is told of if it does not fit at the next look either: amid an exec, or while
/// it writes its title, it may seem to be nothing. Not thread-safe.
class ProcessScout {
 public:
  explicit ProcessScout(ScoutSources sources) : sources_(std::move(sources)) {}

  /// Goes by these rules; the next two looks are whole: the second finds what the first has found
  /// between its fork and its exec. `interval` is the time between two looks.
  void set_rules(std::shared_ptr<const MatchRules> rules, std::uint64_t generation,
                 std::chrono::nanoseconds interval = std::chrono::milliseconds(500));

  /// To be called once an interval. `all`: looks at all processes.
  [[nodiscard]] ScoutReport look(bool all);

 private:
  struct Told {
    ProcessKey key;
    MatchRules::Match match;
    std::uint64_t doubted_in = 0;  ///< the look since which it does not fit; 0: it does
  };
  struct Newborn {
    ProcessId pid;
    unsigned looks = 0;
  };

  [[nodiscard]] ScoutReport look_at_all();
  void note_births(const ScoutSources::Listing& listing);
  void look_at_newborns(ScoutReport& report);
  void look_at_some_matched(ScoutReport& report);
  [[nodiscard]] std::size_t matched_in_a_look() const;
  [[nodiscard]] std::vector<ProcessId> next_matched();
  void tell_of_change(Sighting sighting, ScoutReport& report);
  void tell_of_loss(Told& told, Sighting sighting, ScoutReport& report);
  void take_up_doubtful();
  [[nodiscard]] bool is_told(const Sighting& sighting) const;
  [[nodiscard]] std::optional<Sighting> look_at(ProcessId pid);

  ScoutSources sources_;
  std::shared_ptr<const MatchRules> rules_ = std::make_shared<const MatchRules>();
  std::uint64_t generation_ = 0;
  int whole_looks_due_ = 0;
  std::uint64_t looks_ = 0;
  std::vector<Newborn> newborns_;
  std::vector<ProcessId> doubtful_;  ///< to be looked at again as if they were newborn
  std::set<ProcessId> seen_;  ///< by the latest look at all, and since if every listing is whole
  std::map<ProcessId, Told> matched_;  ///< what was told to fit
  ProcessId next_of_matched_ = 0;      ///< from which on they are looked at next
  std::chrono::nanoseconds interval_{};
};

}  // namespace provisr::daemon
