#include "daemon/supervisor/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::nanoseconds slowest_look = std::chrono::milliseconds(500);
constexpr std::chrono::nanoseconds fastest_look = std::chrono::milliseconds(5);

}  // namespace

/// Returns half the sampling interval, within bounds: a new process is read one look after its
/// birth, which must be within one interval.
std::chrono::nanoseconds Supervisor::look_interval() const {
  return std::clamp(options_.interval / 2, fastest_look, slowest_look);
}

void Supervisor::set_match_rules(const std::vector<ProcessConfig>& processes) {
  std::vector<ProcessConfig> matches;
  order_of_rule_.clear();
  std::size_t allowed_matches = 0;
  for (std::size_t order = 0; order < processes.size(); ++order) {
    if (!processes[order].match) continue;
    matches.push_back(processes[order]);
    order_of_rule_.push_back(order);
    allowed_matches += processes[order].max_matches;
  }
  retired_.allow_matched(allowed_matches);
  const std::uint64_t generation = search_.set_rules(matches);
  roster_.set_rules(std::move(matches), generation);
}

void Supervisor::take_matches(const Moment& now) {
  if (stop_requested_) return;
  for (const ScoutReport& report : search_.take()) {
    roster_.take(report);
    has_news_of_matches_ = true;
  }
  if (settling_is_due() <= now.monotonic) follow_matches(now);
}

MonotonicTime Supervisor::settling_is_due() const {
  const bool is_wanted = has_news_of_matches_ && search_.has_begun() && !stop_requested_;
  return is_wanted ? next_settling_ : MonotonicTime::max();
}

/// Settles the names and shows them. This takes the longer the more processes match, so that what
/// many of them do is settled together.
void Supervisor::follow_matches(const Moment& now) {
  constexpr int max_rounds = 8;
  constexpr int pause_over_work = 20;
  constexpr MonotonicTime::duration longest_pause = std::chrono::seconds(1);
  const MonotonicTime begun = this->now().monotonic;
  has_news_of_matches_ = false;
  bool is_settled = false;
  for (int round = 0; round < max_rounds && !is_settled; ++round) {
    const MatchRoster::Surroundings others = surroundings();
    roster_.settle(others);
    is_settled = show_matches(others, now);
  }
  has_news_of_matches_ |= !is_settled;
  const MonotonicTime ended = this->now().monotonic;
  next_settling_ = ended + std::min((ended - begun) * pause_over_work, longest_pause);
}

MatchRoster::Surroundings Supervisor::surroundings() const {
  MatchRoster::Surroundings others;
  for (const Entry& entry : entries_) {
    if (entry.matched != nullptr) continue;
    others.add_name(entry.name());
    if (entry.is_left_to_match()) others.awaited.insert(entry.name());
    if (const auto pid = entry.process->status().pid) {
      others.processes.insert(*pid);
      if (entry.process->scope() == SampleScope::process) others.alone.insert(*pid);
    }
    if (entry.expected_end) others.processes.insert(*entry.expected_end);
  }
  return others;
}

std::unordered_map<std::string, std::size_t> Supervisor::matched_entries() const {
  std::unordered_map<std::string, std::size_t> indices;
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    if (entries_[index].matched != nullptr) indices.emplace(entries_[index].name(), index);
  }
  return indices;
}

/// Makes and drops entries so that they show the roster's places. Returns false if a process cannot
/// be watched, so that another one may take its place.
bool Supervisor::show_matches(const MatchRoster::Surroundings& others, const Moment& now) {
  std::unordered_map<std::string, std::size_t> shown = matched_entries();
  const std::size_t size_before = entries_.size();
  std::vector<std::size_t> followed;
  bool is_settled = true;
  for (std::size_t rule = 0; rule < roster_.size(); ++rule) {
    for (const MatchRoster::Place& place : roster_.places(rule)) {
      if (others.awaited.contains(place.name)) continue;
      const std::size_t index = entry_for(place.name, rule, shown, now);
      shown.erase(place.name);
      MatchedProcess& matched = *entries_[index].matched;
      if (matched.process() == place.process) continue;
      followed.push_back(index);
      if (!place.process) {
        matched.release();  // the process goes on, but fits no more
        continue;
      }
      is_settled &= follow(matched, *place.process, now);
    }
  }
  const bool has_leaving = release_unplaced(shown);
  if (entries_.size() == size_before && !has_leaving) {
    for (const std::size_t index : followed) note_change(index);
  } else {
    show_in_order();
  }
  return is_settled;
}

/// Releases the processes of names that the roster no longer has. Returns whether there is one more
/// entry to drop.
bool Supervisor::release_unplaced(const std::unordered_map<std::string, std::size_t>& unplaced) {
  bool has_leaving = false;
  for (const auto& [name, index] : unplaced) {
    has_leaving |= !std::exchange(entries_[index].is_leaving, true);
    entries_[index].matched->release();
  }
  return has_leaving;
}

/// Shows all entries anew, in the order of the configuration.
void Supervisor::show_in_order() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.order < b.order; });
  set_entries(std::move(entries_));
}

std::size_t Supervisor::entry_for(const std::string& name, std::size_t rule,
                                  const std::unordered_map<std::string, std::size_t>& shown,
                                  const Moment& now) {
  const std::size_t order = order_of_rule_[rule];
  const auto found = shown.find(name);
  if (found != shown.end() && entries_[found->second].order == order) {
    entries_[found->second].is_leaving = false;
    return found->second;
  }
  Entry entry = make_entry(name, roster_.config(rule), false);
  entry.order = order;
  if (found == shown.end()) {
    entries_.push_back(std::move(entry));
    return entries_.size() - 1;
  }
  Entry& replaced = entries_[found->second];
  replaced.process->shut_down(now);
  entry.expected_end = replaced.expected_end;  // until note_change() files it anew
  replaced = std::move(entry);
  return found->second;
}

/// Returns false if the process cannot be watched.
bool Supervisor::follow(MatchedProcess& matched, const ProcessKey& process, const Moment& now) {
  const std::error_code error = matched.follow(process, now);
  if (!error) return true;
  matched.release();
  roster_.forget(process);
  // The search has read it, so it is not hidden: it has ended or is about to.
  const bool is_gone = error == std::errc::no_such_process;
  if (!is_gone && match_problems_.is_new(error.message())) {
    services_.log->warn("{}: process {} matches, but cannot be watched: {}", matched.status().name,
                        process.pid, error.message());
  }
  return false;
}

}  // namespace provisr::daemon
