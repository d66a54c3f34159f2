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

/// A process as it was when it was read.
struct Sighting {
  ProcessKey key;
  std::optional<MatchRules::Match> match = {};  ///< empty: it no longer fits a rule
  std::vector<ProcessKey> ancestors = {};
};

/// The findings of one look.
struct ScoutReport {
  std::uint64_t generation = 0;  ///< of the rules
  /// Whether `sightings` are all processes that fit a rule, or only those whose match has changed.
  bool is_whole = false;
  std::vector<Sighting> sightings = {};
  bool was_refused = false;   ///< the system refused to report some facts
  bool hides_others = false;  ///< the system hides other users' processes
  ProcessId stuck = 0;        ///< a process whose read hangs; it is skipped until the read returns
  std::string failure = {};   ///< why nothing is found at present; empty if there is no reason

  [[nodiscard]] bool changes_nothing() const { return !is_whole && sightings.empty(); }
};

/// The functions through which a scout reads processes.
struct ScoutSources {
  struct Listing {
    std::span<const Descent> processes;
    bool is_whole = false;    ///< all processes; otherwise those born since the previous listing
    bool lacks_some = false;  ///< descriptors or memory are short; a later listing has them
  };
  /// Returns a listing that is valid until the next call. `all`: it must be whole.
  std::function<Listing(bool all)> list;
  std::function<std::optional<ProcessFacts>(ProcessId pid, const FactSet& wanted)> read;
  std::function<std::vector<ProcessKey>(const ProcessFacts& process)> ancestors_of;
  std::function<bool()> was_short = [] { return false; };  ///< see FactReader
  std::function<bool()> was_refused = [] { return false; };
  std::function<bool()> hides_others = [] { return false; };
  std::function<void()> begin_round = [] {};
  ProcessId own_pid = 0;  ///< never found
};

/// Returns sources that read the processes of this machine.
[[nodiscard]] ScoutSources system_scout_sources();

/// Finds the processes that fit rules, at a cost that grows with the number of births.
///
/// - A new process is read one look after its birth, because a process that has just forked still
///   looks like its parent. It is read a few more times in later looks, and from time to time
///   together with all others.
/// - Processes that fit are read again and again, because exec changes neither PID nor start time:
///   each within a second, unless there are too many.
/// - A process that cannot be read because descriptors or memory are short keeps what was told of
///   it, and is read again later.
/// - A process that no longer fits is reported only if it does not fit at the next look either:
///   during an exec, or while it writes its title, it may seem to fit nothing.
///
/// Not thread-safe.
class ProcessScout {
 public:
  explicit ProcessScout(ScoutSources sources) : sources_(std::move(sources)) {}

  /// Replaces the rules. The next two looks are whole: the second finds processes that the first
  /// saw between fork and exec. `interval` is the time between two looks.
  void set_rules(std::shared_ptr<const MatchRules> rules, std::uint64_t generation,
                 std::chrono::nanoseconds interval = std::chrono::milliseconds(500));

  /// Returns what has changed since the previous look; must be called once an interval. `all`:
  /// reads all processes.
  [[nodiscard]] ScoutReport look(bool all);

 private:
  struct Told {
    ProcessKey key;
    MatchRules::Match match;
    std::uint64_t generation;      ///< of the rules that it fits
    std::uint64_t doubted_in = 0;  ///< the first look in which it did not fit; 0: it fits
  };
  struct Newborn {
    ProcessId pid;
    unsigned looks = 0;
  };
  struct Reading {
    std::optional<Sighting> sighting = {};  ///< empty: no such process, or this daemon
    bool is_short = false;                  ///< descriptors or memory were short: nothing is known
  };

  [[nodiscard]] ScoutReport look_at_all(const ScoutSources::Listing& listing);
  void note_births(const ScoutSources::Listing& listing);
  void note_birth(ProcessId pid);
  void doubt_all(const std::map<ProcessId, Told>& before, const std::vector<Sighting>& misfits,
                 ScoutReport& report);
  void keep_all(std::map<ProcessId, Told> before, std::vector<Sighting> misfits,
                ScoutReport& report);
  void look_at_newborns(ScoutReport& report);
  void look_again_at(Newborn newborn, std::vector<Newborn>& staying);
  void look_at_some_matched(ScoutReport& report);
  [[nodiscard]] std::size_t matched_in_a_look() const;
  [[nodiscard]] std::vector<ProcessId> next_matched();
  void report_change(Sighting sighting, ScoutReport& report);
  void report_loss(Told& told, Sighting sighting, ScoutReport& report);
  void take_up_doubtful();
  [[nodiscard]] bool is_told(const Sighting& sighting) const;
  [[nodiscard]] Reading look_at(ProcessId pid);

  ScoutSources sources_;
  std::shared_ptr<const MatchRules> rules_ = std::make_shared<const MatchRules>();
  std::uint64_t generation_ = 0;
  int whole_looks_due_ = 0;
  std::uint64_t looks_ = 0;
  std::vector<Newborn> newborns_;
  std::vector<ProcessId> doubtful_;  ///< to be read again like newborn ones
  std::set<ProcessId> seen_;  ///< in the latest whole look, or later if every listing is whole
  std::map<ProcessId, Told> matched_;  ///< reported as fitting
  ProcessId next_of_matched_ = 0;      ///< the next look reads matched_ from here on
  std::chrono::nanoseconds interval_{};
};

}  // namespace provisr::daemon
