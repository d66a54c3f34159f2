#include "daemon/supervisor/process_scout.hpp"

#include "daemon/platform/own_process.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace provisr::daemon {
namespace {

/// In which looks, counted from the one that found it, a new process is read. It may take a while
/// until a forked process executes its program, and until that program executes another.
constexpr auto looks_at_newborn = std::to_array<unsigned>({1, 2, 4, 8, 16, 32, 64, 128});

struct SystemSources {
  SamplingContext context{{.max_kept_descriptors = 0}};
  FactReader facts;
  ProcessId own_pid = own_process_id();

  [[nodiscard]] ScoutSources::Listing list(bool all) {
    context.begin_tick();
    if (all) context.recount_processes();
    const std::span<const Descent> processes = context.new_processes();
    const bool has_own = std::any_of(processes.begin(), processes.end(),
                                     [&](const Descent& one) { return one.pid == own_pid; });
    return {.processes = processes,
            .is_whole = all || has_own || !context.has_own_pids(),
            .lacks_some = context.has_unread_processes()};
  }
};

}  // namespace

ScoutSources system_scout_sources() {
  const auto system = std::make_shared<SystemSources>();
  const ProcessId own_pid = system->context.has_own_pids() ? system->own_pid : 0;
  return {.list = [system](bool all) { return system->list(all); },
          .read = [system](ProcessId pid,
                           const FactSet& wanted) { return system->facts.read(pid, wanted); },
          .ancestors_of =
              [system](const ProcessFacts& process) { return system->facts.ancestors_of(process); },
          .was_short = [system] { return system->facts.was_short(); },
          .was_refused = [system] { return system->facts.was_refused(); },
          .hides_others = [system] { return system->facts.hides_others(); },
          .begin_round = [system] { system->facts.begin_round(); },
          .own_pid = own_pid};
}

void ProcessScout::set_rules(std::shared_ptr<const MatchRules> rules, std::uint64_t generation,
                             std::chrono::nanoseconds interval) {
  rules_ = std::move(rules);
  generation_ = generation;
  interval_ = interval;
  whole_looks_due_ = 2;
}

ScoutReport ProcessScout::look(bool all) {
  ++looks_;
  if (whole_looks_due_ > 0) {
    --whole_looks_due_;
    all = true;
  }
  const ScoutSources::Listing listing = sources_.list(all);
  if (all && !listing.lacks_some) return look_at_all(listing);
  if (all) ++whole_looks_due_;  // with the listing as it is, processes would lose their names
  ScoutReport report{.generation = generation_};
  if (!listing.lacks_some || !listing.is_whole) note_births(listing);
  look_at_newborns(report);
  look_at_some_matched(report);
  report.was_refused = sources_.was_refused();
  return report;
}

ScoutReport ProcessScout::look_at_all(const ScoutSources::Listing& listing) {
  ScoutReport report{.generation = generation_, .is_whole = true};
  sources_.begin_round();
  if (!seen_.empty()) note_births(listing);
  for (Newborn& newborn : newborns_) ++newborn.looks;
  seen_.clear();
  std::map<ProcessId, Told> before = std::exchange(matched_, {});
  std::vector<Sighting> misfits;
  for (const Descent& process : listing.processes) {
    seen_.insert(process.pid);
    auto [sighting, is_short] = look_at(process.pid);
    report.is_whole &= !is_short;
    if (!sighting) continue;
    if (!sighting->match) {
      if (before.contains(process.pid)) misfits.push_back(std::move(*sighting));
      continue;
    }
    matched_[process.pid] = {sighting->key, *sighting->match, generation_};
    report.sightings.push_back(std::move(*sighting));
  }
  if (report.is_whole) {
    doubt_all(before, misfits, report);
  } else {
    keep_all(std::move(before), std::move(misfits), report);
  }
  report.was_refused = sources_.was_refused();
  report.hides_others = sources_.hides_others();
  return report;
}

/// Keeps what does not fit for the first time. Later looks read all misfits again, because they may
/// fit later.
void ProcessScout::doubt_all(const std::map<ProcessId, Told>& before,
                             const std::vector<Sighting>& misfits, ScoutReport& report) {
  for (const Sighting& misfit : misfits) {
    doubtful_.push_back(misfit.key.pid);
    Told told = before.at(misfit.key.pid);
    const bool has_fitted =
        told.key == misfit.key && told.generation == generation_ && told.doubted_in == 0;
    if (!has_fitted) continue;
    told.doubted_in = looks_;
    report.sightings.push_back({.key = told.key, .match = told.match});
    matched_.emplace(misfit.key.pid, std::move(told));
  }
}

/// Keeps earlier matches that a look at all has not seen because it could not read some processes.
/// Another look at all is due.
void ProcessScout::keep_all(std::map<ProcessId, Told> before, std::vector<Sighting> misfits,
                            ScoutReport& report) {
  ++whole_looks_due_;
  matched_.merge(before);
  for (Sighting& misfit : misfits) report_change(std::move(misfit), report);
}

void ProcessScout::note_births(const ScoutSources::Listing& listing) {
  if (!listing.is_whole) {
    for (const Descent& process : listing.processes) newborns_.push_back({process.pid});
    return;
  }
  for (const Newborn& newborn : newborns_) seen_.insert(newborn.pid);
  std::set<ProcessId> listed;
  for (const Descent& process : listing.processes) {
    listed.insert(process.pid);
    if (process.is_newborn == true) {
      note_birth(process.pid);
    } else if (!seen_.contains(process.pid)) {
      newborns_.push_back({process.pid});
    }
  }
  seen_ = std::move(listed);
}

/// Consecutive listings may report the same birth. A later report means that the PID was reused.
void ProcessScout::note_birth(ProcessId pid) {
  constexpr unsigned looks_told_of = 3;
  const auto known = std::find_if(newborns_.begin(), newborns_.end(),
                                  [pid](const Newborn& newborn) { return newborn.pid == pid; });
  if (known == newborns_.end()) {
    newborns_.push_back({pid});
  } else if (known->looks > looks_told_of) {
    known->looks = 0;
  }
}

void ProcessScout::look_at_newborns(ScoutReport& report) {
  take_up_doubtful();
  std::vector<Newborn> staying;
  for (Newborn& newborn : newborns_) {
    const auto due = std::find(looks_at_newborn.begin(), looks_at_newborn.end(), newborn.looks++);
    if (due == looks_at_newborn.end()) {
      staying.push_back(newborn);
      continue;
    }
    auto [sighting, is_short] = look_at(newborn.pid);
    if (is_short) look_again_at({newborn.pid, *due}, staying);
    if (!sighting) continue;
    if (due + 1 != looks_at_newborn.end()) staying.push_back(newborn);
    report_change(std::move(*sighting), report);
  }
  newborns_ = std::move(staying);
}

/// Of very many that cannot be read, most may have ended: a look at all finds the others.
void ProcessScout::look_again_at(Newborn newborn, std::vector<Newborn>& staying) {
  constexpr std::size_t max_unread = 4096;
  if (staying.size() < max_unread) {
    staying.push_back(newborn);
  } else {
    whole_looks_due_ = std::max(whole_looks_due_, 1);
  }
}

void ProcessScout::look_at_some_matched(ScoutReport& report) {
  for (const ProcessId pid : next_matched()) {
    auto [sighting, is_short] = look_at(pid);
    if (sighting) {
      report_change(std::move(*sighting), report);
    } else if (!is_short) {
      matched_.erase(pid);
    }
  }
}

/// Returns how many matched processes one look reads: enough to read all of them within a second,
/// but at most 64, unless reading all within 16 looks takes more.
std::size_t ProcessScout::matched_in_a_look() const {
  constexpr std::size_t least = 8;
  constexpr std::size_t max_in_haste = 64;
  constexpr std::size_t looks_at_most = 16;
  const double looks_in_a_second = std::chrono::duration<double>(1) / interval_;
  const std::size_t all = matched_.size();
  const auto in_a_second =
      static_cast<std::size_t>(static_cast<double>(all) / std::max(looks_in_a_second, 1.0)) + 1;
  return std::max({least, all / looks_at_most + 1, std::min(in_a_second, max_in_haste)});
}

std::vector<ProcessId> ProcessScout::next_matched() {
  const std::size_t count = std::min(matched_in_a_look(), matched_.size());
  std::vector<ProcessId> due;
  auto next = matched_.lower_bound(next_of_matched_);
  while (due.size() < count) {
    if (next == matched_.end()) next = matched_.begin();
    due.push_back(next->first);
    ++next;
  }
  next_of_matched_ = next == matched_.end() ? 0 : next->first;
  return due;
}

void ProcessScout::report_change(Sighting sighting, ScoutReport& report) {
  const ProcessId pid = sighting.key.pid;
  const auto known = matched_.find(pid);
  const bool was_told = known != matched_.end() && known->second.key == sighting.key;
  if (!sighting.match) {
    if (was_told) report_loss(known->second, std::move(sighting), report);
    return;
  }
  if (is_told(sighting)) {
    known->second.doubted_in = 0;
    return;
  }
  matched_[pid] = {sighting.key, *sighting.match, generation_};
  report.sightings.push_back(std::move(sighting));
}

/// Reports that a process no longer fits if an earlier look has found so, too; otherwise notes the
/// doubt. Later looks read the process again in both cases, because it may fit later.
void ProcessScout::report_loss(Told& told, Sighting sighting, ScoutReport& report) {
  const bool is_certain = told.doubted_in != 0 && told.doubted_in != looks_;
  if (!is_certain) {
    told.doubted_in = looks_;
    doubtful_.push_back(sighting.key.pid);
    return;
  }
  matched_.erase(sighting.key.pid);
  report.sightings.push_back(std::move(sighting));
}

void ProcessScout::take_up_doubtful() {
  for (const ProcessId pid : std::exchange(doubtful_, {})) {
    const auto known = std::find_if(newborns_.begin(), newborns_.end(),
                                    [pid](const Newborn& newborn) { return newborn.pid == pid; });
    if (known == newborns_.end()) {
      newborns_.push_back({pid, 1});
    } else {
      known->looks = 1;
    }
  }
}

bool ProcessScout::is_told(const Sighting& sighting) const {
  const auto known = matched_.find(sighting.key.pid);
  return known != matched_.end() && known->second.key == sighting.key &&
         known->second.match == sighting.match;
}

ProcessScout::Reading ProcessScout::look_at(ProcessId pid) {
  if (pid == sources_.own_pid) return {};
  const auto facts = sources_.read(pid, rules_->wanted());
  if (sources_.was_short()) return {.is_short = true};
  if (!facts) return {};
  Sighting sighting{.key = facts->key, .match = rules_->find(*facts)};
  if (sighting.match && !is_told(sighting)) sighting.ancestors = sources_.ancestors_of(*facts);
  if (sources_.was_short()) return {.is_short = true};
  return {.sighting = std::move(sighting)};
}

}  // namespace provisr::daemon
