#include "daemon/supervisor/match_roster.hpp"

#include "daemon/config/name_template.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace provisr::daemon {

void MatchRoster::Surroundings::add_name(std::string name) {
  bases.emplace(base_of(name));
  bases.insert(name);
  names.insert(std::move(name));
}

void MatchRoster::set_rules(std::vector<ProcessConfig> processes, std::uint64_t generation) {
  std::map<std::string, Rule> before;
  for (Rule& rule : rules_) before.emplace(rule.config.name, std::move(rule));
  rules_.clear();
  generation_ = generation;
  rule_of_.clear();
  rule_of_name_.clear();
  for (ProcessConfig& config : processes) {
    const auto known = before.find(config.name);
    Rule rule = known == before.end() ? Rule() : std::move(known->second);
    const NameTemplate name(config.name);
    rule.placeholder_name = name.placeholder_name();
    rule.has_template = name.highest() > 0;
    rule.config = std::move(config);
    rule.is_full_told = false;
    for (const auto& [process, candidate] : rule.candidates) {
      rule_of_[process] = rules_.size();
      if (!candidate.name.empty()) rule_of_name_[candidate.name] = rules_.size();
    }
    rules_.push_back(std::move(rule));
  }
}

void MatchRoster::take(const ScoutReport& report) {
  if (report.generation != generation_) return;
  if (report.is_whole) return take_whole(report);
  for (const Sighting& sighting : report.sightings) take_one(sighting);
}

void MatchRoster::take_whole(const ScoutReport& report) {
  std::set<ProcessKey> found;
  for (const Sighting& sighting : report.sightings) found.insert(sighting.key);
  const std::map<ProcessKey, std::size_t> before = rule_of_;
  for (const auto& [process, rule] : before) {
    if (!found.contains(process)) remove(rule, process);
  }
  for (const Sighting& sighting : report.sightings) take_one(sighting);
  // A recalled process that a whole report lacks has ended or no longer fits.
  std::erase_if(recalled_, [&](const auto& recalled) { return !found.contains(recalled.first); });
}

void MatchRoster::take_one(const Sighting& sighting) {
  const auto known = rule_of_.find(sighting.key);
  if (known != rule_of_.end()) {
    const std::size_t rule = known->second;
    const bool is_same = sighting.match && sighting.match->rule == rule &&
                         sighting.match->base == rules_[rule].candidates.at(sighting.key).base;
    if (is_same) return;
    remove(rule, sighting.key);
  }
  if (!sighting.match) return;
  rule_of_[sighting.key] = sighting.match->rule;
  rules_[sighting.match->rule].candidates[sighting.key] = {sighting.match->base,
                                                           sighting.ancestors};
}

void MatchRoster::forget(const ProcessKey& process) {
  const auto known = rule_of_.find(process);
  if (known != rule_of_.end()) remove(known->second, process);
}

void MatchRoster::remove(std::size_t rule, const ProcessKey& process) {
  const auto found = rules_[rule].candidates.find(process);
  clear_name(rules_[rule], found->second);
  rules_[rule].candidates.erase(found);
  rule_of_.erase(process);
}

void MatchRoster::clear_name(Rule& rule, Candidate& candidate) {
  if (candidate.name.empty()) return;
  rule_of_name_.erase(candidate.name);
  candidate.name.clear();
  --rule.named;
}

void MatchRoster::settle(const Surroundings& others) {
  for (std::size_t rule = 0; rule < rules_.size(); ++rule) take_back_names(rule, others);
  for (std::size_t rule = 0; rule < rules_.size(); ++rule) settle(rule, others);
}

/// Takes back names. A process loses its name if the name or the process belongs to another entry
/// by now, or if the process is part of another's tree. The youngest lose theirs if a reload allows
/// fewer names than there are.
void MatchRoster::take_back_names(std::size_t number, const Surroundings& others) {
  Rule& rule = rules_[number];
  for (auto& [process, candidate] : rule.candidates) {
    if (candidate.name.empty()) continue;
    const bool is_lost =
        others.names.contains(candidate.name) || joins_others(rule, candidate.name, others) ||
        others.processes.contains(process.pid) || is_of_tree(rule, candidate, others);
    if (is_lost) clear_name(rule, candidate);
  }
  const std::size_t most = rule.config.max_matches;
  for (auto it = rule.candidates.rbegin(); it != rule.candidates.rend() && rule.named > most;
       ++it) {
    clear_name(rule, it->second);
  }
}

void MatchRoster::settle(std::size_t number, const Surroundings& others) {
  Rule& rule = rules_[number];
  drop_dead(rule);
  Choice choice = choose(rule, others);
  put_recalled_first(choice);
  give_names(number, choice, others);
  warn_if_full(rule, choice.is_full);
}

/// Chooses the oldest processes that wait for a name and can have one.
MatchRoster::Choice MatchRoster::choose(Rule& rule, const Surroundings& others) const {
  Choice choice;
  for (auto it = rule.candidates.begin(); it != rule.candidates.end(); ++it) {
    const Candidate& candidate = it->second;
    if (!candidate.name.empty()) {
      ++choice.of_base[candidate.base];
      continue;
    }
    if (others.processes.contains(it->first.pid) || is_of_tree(rule, candidate, others)) continue;
    if (others.awaited.contains(candidate.base)) continue;
    choice.is_full = rule.named + choice.chosen.size() >= rule.config.max_matches;
    if (choice.is_full) continue;
    choice.chosen.push_back(it);
    ++choice.of_base[candidate.base];
  }
  return choice;
}

/// Recalled processes choose first, before others can take their names.
void MatchRoster::put_recalled_first(Choice& choice) const {
  std::stable_partition(choice.chosen.begin(), choice.chosen.end(), [&](const auto& it) {
    return !recalled_name(it->first, it->second.base).empty();
  });
}

void MatchRoster::give_names(std::size_t number, const Choice& choice, const Surroundings& others) {
  FreeNumbers free_numbers;
  for (const auto& it : choice.chosen) {
    auto& [process, candidate] = *it;
    const bool is_only = choice.of_base.at(candidate.base) == 1;
    candidate.name = name_for(number, process, candidate, is_only, others, free_numbers);
    rule_of_name_[candidate.name] = number;
    ++rules_[number].named;
  }
}

void MatchRoster::warn_if_full(Rule& rule, bool is_full) const {
  if (is_full && !std::exchange(rule.is_full_told, true)) {
    log_->warn("{}: more than {} processes match: the oldest are watched (max_matches)",
               rule.config.name, rule.config.max_matches);
  }
  // Hysteresis: processes that come and go at the limit must not repeat the warning.
  if (rule.named <= rule.config.max_matches / 2) rule.is_full_told = false;
}

/// Removes candidates without a name that have ended: nothing else notices their ends.
void MatchRoster::drop_dead(Rule& rule) {
  for (auto it = rule.candidates.begin(); it != rule.candidates.end();) {
    const bool is_dead = it->second.name.empty() && !is_alive_(it->first.pid);
    if (is_dead) rule_of_.erase(it->first);
    it = is_dead ? rule.candidates.erase(it) : std::next(it);
  }
}

bool MatchRoster::is_of_tree(const Rule& rule, const Candidate& candidate,
                             const Surroundings& others) const {
  if (rule.config.scope != SampleScope::tree) return false;
  return std::any_of(
      candidate.ancestors.begin(), candidate.ancestors.end(), [&](const ProcessKey& ancestor) {
        return rule.candidates.contains(ancestor) && !others.alone.contains(ancestor.pid);
      });
}

bool MatchRoster::joins_others(const Rule& rule, const std::string& name,
                               const Surroundings& others) {
  return rule.has_template &&
         (others.bases.contains(name) || others.bases.contains(std::string(base_of(name))));
}

/// Returns the name that an earlier daemon gave the process; empty if there is none, or if it is
/// not of this base.
std::string MatchRoster::recalled_name(const ProcessKey& process, const std::string& base) const {
  const auto recalled = recalled_.find(process);
  const bool is_known = recalled != recalled_.end() && is_instance_of(recalled->second, base);
  return is_known ? recalled->second : std::string();
}

std::string MatchRoster::name_for(std::size_t rule, const ProcessKey& process,
                                  const Candidate& candidate, bool is_only,
                                  const Surroundings& others, FreeNumbers& free_numbers) const {
  const bool is_others = joins_others(rules_[rule], candidate.base, others);
  const std::string base = is_others ? candidate.base + "-_" : candidate.base;
  const std::string recalled = recalled_name(process, base);
  if (!recalled.empty() && is_free(rule, recalled, others)) return recalled;
  if (is_only && is_free(rule, base, others)) return base;
  const auto holder = rule_of_name_.find(base);
  const bool is_bare_held = holder != rule_of_name_.end() && holder->second == rule;
  std::size_t& number = free_numbers.try_emplace(base, is_bare_held ? 2 : 1).first->second;
  for (;; ++number) {
    std::string name = fmt::format("{}-{}", base, number);
    if (is_free(rule, name, others)) return name;
  }
}

bool MatchRoster::is_free(std::size_t rule, const std::string& name,
                          const Surroundings& others) const {
  if (rule_of_name_.contains(name) || others.names.contains(name)) return false;
  for (std::size_t other = 0; other < rules_.size(); ++other) {
    if (other != rule && rules_[other].placeholder_name == name) return false;
  }
  return true;
}

std::vector<MatchRoster::Place> MatchRoster::places(std::size_t number) const {
  const Rule& rule = rules_[number];
  std::vector<Place> places;
  for (const auto& [process, candidate] : rule.candidates) {
    if (!candidate.name.empty()) places.push_back({candidate.name, process});
  }
  if (places.empty()) places.push_back({rule.placeholder_name, std::nullopt});
  return places;
}

}  // namespace provisr::daemon
