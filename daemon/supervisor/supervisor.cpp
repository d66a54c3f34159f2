#include "daemon/supervisor/supervisor.hpp"

#include "daemon/supervisor/watched_process.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <utility>

namespace provisr::daemon {
namespace {

using Outcome = CommandReply::Outcome;

/// How many due processes one update() handles; starting one takes about a millisecond.
constexpr std::size_t batch = 32;
/// How many ends one update() handles, so that an endless stream of orphans cannot block it.
constexpr std::size_t ends_in_a_row = 256;
/// What arrives this soon after a request to stop is the same request: some programs send a signal
/// to a process and to its group.
constexpr std::chrono::milliseconds between_requests{100};

void apply_command(ManagedChild& child, const Command& command, const Moment& now) {
  switch (command.verb) {
    case Command::Verb::start:
      return child.bring_up(now);
    case Command::Verb::stop:
      return child.bring_down(now, command.reason.value_or(ExitReason::stop));
    case Command::Verb::restart:
      return child.restart(now, command.reason.value_or(ExitReason::restart));
    case Command::Verb::reload:
      break;  // concerns no single process
  }
}

/// Generates uniform random numbers from 0 to 1.
class RandomFractions {
 public:
  [[nodiscard]] double operator()() { return distribution_(engine_); }

 private:
  std::minstd_rand engine_{std::random_device()()};
  std::uniform_real_distribution<double> distribution_{0, 1};
};

[[nodiscard]] std::vector<ProcessMetrics> newest_samples(const Registry& registry,
                                                         std::string_view name, ProcessId pid) {
  std::vector<ProcessMetrics> samples;
  const Snapshot snapshot = registry.snapshot();
  const auto process = snapshot.find(name);
  if (!process) return samples;
  HistoryView newest = process->history_view();
  newest.keep_newest(max_last_samples);
  newest.read(max_last_samples, samples);
  std::erase_if(samples, [pid](const ProcessMetrics& sample) { return sample.pid != pid; });
  return samples;
}

[[nodiscard]] ProcessServices services_of(const SupervisorOptions& options, Registry& registry,
                                          ExitLog& exits, PidFileDesk& pid_files,
                                          MonotonicTime& next_orphan_search, const Log& log) {
  auto track = options.track;
  if (!track) {
    track = [&registry](std::string_view name, ProcessId pid, const TrackOptions& what) {
      return registry.track(name, pid, what);
    };
  }
  return {
      .launch = options.launch,
      .find = options.find,
      .track = std::move(track),
      .release = [&registry](std::string_view name) { registry.release(name); },
      .exists = options.exists,
      .can_measure_children = options.can_measure_children,
      .last_samples = [&registry](std::string_view name,
                                  ProcessId pid) { return newest_samples(registry, name, pid); },
      .exits = &exits,
      .memory = options.memory,
      .adopt = options.adopt,
      .adopt_leftovers = options.adopt_leftovers,
      .identify = options.identify,
      .start_of = options.start_of,
      .search_orphans = [&next_orphan_search] { next_orphan_search = MonotonicTime(); },
      .random_fraction = options.random_fraction ? options.random_fraction : RandomFractions(),
      .look_at_pid_file = [&pid_files](const auto& asked) { return pid_files.look(asked); },
      .write_pid_file = [&pid_files](const auto& file,
                                     ProcessId pid) { return pid_files.write(file, pid); },
      .remove_pid_file = [&pid_files](const auto& file,
                                      ProcessId pid) { pid_files.remove(file, pid); },
      .log = &log};
}

/// Returns whether this process runs and has not been asked to end.
[[nodiscard]] bool runs_as(const ProcessStatus& status, ProcessId pid) {
  const bool runs = status.state == ProcessState::starting || status.state == ProcessState::running;
  return runs && status.pid == pid;
}

[[nodiscard]] bool is_target(const Command& command, std::string_view name) {
  if (command.scope == Command::Scope::name) return name == command.target;
  return is_instance_of(name, command.target);
}

}  // namespace

Supervisor::Supervisor(const std::vector<ProcessConfig>& processes, Registry& registry,
                       const Log& log, Until until, SupervisorOptions options)
    : until_(until),
      registry_(registry),
      options_(std::move(options)),
      services_(services_of(options_, registry, exits_, pid_files_, next_orphan_search_, log)),
      retired_(options_.history_ttl, [this](const std::string& name) { forget(name); }),
      // If /proc shows other PIDs than system calls use, every process counts as alive.
      roster_(
          log,
          [this](ProcessId pid) { return !options_.can_measure_children || options_.exists(pid); }),
      search_(
          options_.make_match_source, [this] { desk_.wakeup().wake(); }, log) {
  if (!options_.adopt_orphan) {
    options_.adopt_orphan = [&registry](std::string_view name, ProcessId orphan) {
      return registry.adopt_orphan(name, orphan);
    };
  }
  if (options_.memory != nullptr) first_processes_ = processes;
  exits_.restore(std::move(options_.exits_before), std::move(options_.exit_counts_before));
  const bool is_one_command =
      until == Until::all_exited && processes.size() == 1 && processes.front().instances == 1;
  std::vector<Entry> entries;
  for (std::size_t order = 0; order < processes.size(); ++order) {
    for (std::string& name : instance_names(processes[order])) {
      entries.push_back(make_entry(std::move(name), processes[order], is_one_command));
      entries.back().order = order;
    }
  }
  set_match_rules(processes);
  set_entries(std::move(entries));
  const bool has_child = std::any_of(entries_.begin(), entries_.end(),
                                     [](const Entry& entry) { return entry.child != nullptr; });
  if (has_child && !options_.can_measure_children) {
    log.warn("/proc is missing or belongs to another PID namespace: children are not measured");
  }
}

Supervisor::~Supervisor() {
  refuse_commands();
}

Supervisor::Entry Supervisor::make_entry(std::string name, const ProcessConfig& config,
                                         bool inherit_stdin) {
  registry_.retire(name);
  if (const std::error_code error = registry_.declare(name)) throw std::system_error(error, name);
  retired_.take_back(name);
  Entry entry;
  entry.limits = config.limits;
  if (config.match) {
    auto matched = make_matched(std::move(name), config);
    entry.matched = matched.get();
    entry.process = std::move(matched);
  } else if (config.is_external()) {
    auto watched =
        std::make_unique<WatchedProcess>(std::move(name), config.pid_file, config.scope, services_);
    entry.watched = watched.get();
    entry.process = std::move(watched);
  } else {
    auto child = std::make_unique<ManagedChild>(std::move(name), config, inherit_stdin, services_);
    entry.child = child.get();
    entry.process = std::move(child);
  }
  return entry;
}

std::unique_ptr<MatchedProcess> Supervisor::make_matched(std::string name,
                                                         const ProcessConfig& config) {
  if (options_.on_name) options_.on_name(name, config.limits);
  const auto before = options_.memory != nullptr ? options_.memory->recall(name) : std::nullopt;
  auto matched =
      std::make_unique<MatchedProcess>(std::move(name), config.scope, look_interval(), services_);
  if (before && before->kind == ProcessKind::match) matched->take_over(*before, now());
  return matched;
}

void Supervisor::set_entries(std::vector<Entry> entries) {
  const StatusBoard::Revision revision(board_);
  entries_ = std::move(entries);
  deadlines_.clear();
  by_pid_.clear();
  board_.shrink(entries_.size());
  active_ = entries_.size();
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    entries_[index].has_ended = false;
    entries_[index].expected_end.reset();
    note_change(index);
  }
}

void Supervisor::begin() {
  if (std::exchange(has_begun_, true)) return;
  const Moment moment = now();
  take_over(moment);
  search_.look(look_interval(), moment.monotonic);
  constexpr int parts = 8;  // so that no counter begins without them, as a rule; the rest follows
  for (int i = 0; i < parts; ++i) claim_orphans(moment);
}

void Supervisor::take_over(const Moment& now) {
  if (options_.memory == nullptr) return;
  std::vector<Entry> entries = std::exchange(entries_, {});
  std::unordered_map<std::string, Entry*> wanted;
  for (Entry& entry : entries) wanted.emplace(entry.name(), &entry);
  std::vector<Entry> unwanted;
  for (const std::string& name : options_.memory->names()) {
    const auto before = options_.memory->recall(name);
    recall_match(name, *before);
    const auto found = wanted.find(name);
    if (found != wanted.end()) {
      take_over_wanted(*found->second, *before, now);
    } else if (auto entry = take_over_unwanted(name, *before, now)) {
      unwanted.push_back(std::move(*entry));
    }
  }
  std::move(unwanted.begin(), unwanted.end(), std::back_inserter(entries));
  first_processes_ = {};
  set_entries(std::move(entries));
}

/// Lets `entry` continue from `before`. If the kind of the name has changed, the entry starts from
/// nothing, after what still runs has ended.
void Supervisor::take_over_wanted(Entry& entry, const RememberedProcess& before,
                                  const Moment& now) {
  if (before.kind == entry.process->status().kind) return entry.process->take_over(before, now);
  if (before.kind != ProcessKind::child || !before.run) return;
  Entry leaving = make_leaving(entry.name(), before, now);
  if (leaving.process->ended()) return;
  leaving.order = entry.order;
  leaving.successor = first_processes_[entry.order];
  entry = std::move(leaving);
}

/// Tells the roster the name of a process, so that the process gets it again if it is found.
void Supervisor::recall_match(const std::string& name, const RememberedProcess& before) {
  if (before.kind != ProcessKind::match || !before.run) return;
  const ProcessIdentity& identity = before.run->identity;
  if (options_.identify(identity.pid) != identity) return;
  roster_.recall({identity.pid, identity.start_clock_ticks}, name);
}

/// Handles a name that is no longer configured: asks its child to end and keeps its history for a
/// while. Returns an entry if the child has not ended yet.
std::optional<Supervisor::Entry> Supervisor::take_over_unwanted(const std::string& name,
                                                                const RememberedProcess& before,
                                                                const Moment& now) {
  Entry entry = make_leaving(name, before, now);
  if (entry.process->ended()) {
    retire(name, now, before.kind == ProcessKind::match);
    return std::nullopt;
  }
  return entry;
}

Supervisor::Entry Supervisor::make_leaving(const std::string& name, const RememberedProcess& before,
                                           const Moment& now) {
  ProcessConfig config;
  config.name = name;
  config.argv = {name};  // never started
  Entry entry = make_entry(name, config, false);
  entry.order = std::numeric_limits<std::size_t>::max();
  entry.is_leaving = true;
  entry.child->bring_down(now, ExitReason::reload);
  if (before.kind == ProcessKind::child) entry.process->take_over(before, now);
  return entry;
}

int Supervisor::run(Events& events) {
  // Those who wait for replies must not wait forever, whatever ends this.
  struct Refusal {
    Supervisor& supervisor;
    ~Refusal() { supervisor.refuse_commands(); }
  };
  const Refusal refusal{*this};
  update();
  while (!finished()) {
    const Events::Kind event = events.wait_until(next_deadline(), desk_.wakeup());
    // Before handle(): a process that has ended by now did so on its own.
    const MonotonicTime arrived_at = now().monotonic;
    update();
    handle(event, arrived_at);
  }
  return exit_status();
}

void Supervisor::refuse_commands() {
  desk_.close();
  pending_.abandon();
}

void Supervisor::handle(Events::Kind event, MonotonicTime arrived_at) {
  switch (event) {
    case Events::Kind::stop_requested:
      return stop_requested_ ? hasten(arrived_at) : request_stop();
    case Events::Kind::hand_over_requested:
      return stop_requested_ ? hasten(arrived_at) : hand_over();
    case Events::Kind::hung_up:
      return options_.on_hangup && !stop_requested_ ? options_.on_hangup() : request_stop();
    case Events::Kind::user_signal_1:
      return services_.log->info("SIGUSR1 is ignored");
    case Events::Kind::user_signal_2:
      return services_.log->info("SIGUSR2 is ignored");
    case Events::Kind::child_exited:
    case Events::Kind::woken:
    case Events::Kind::deadline:
      break;
  }
}

void Supervisor::update() {
  const Moment moment = now();
  begin();
  take_exits(moment);
  take_commands(moment);
  do_what_is_due(moment);
  search_.retry(moment.monotonic);
  take_matches(moment);
  if (std::exchange(has_departed_, false)) drop_departed(moment);
  retired_.forget_expired(moment.monotonic);
  finish_pid_files(moment);
  claim_orphans(moment);
  beat(moment);
}

/// Replies to each command, also if one cannot be carried out because it throws.
void Supervisor::take_commands(const Moment& now) {
  std::vector<CommandDesk::Entry> commands = desk_.take();
  try {
    for (CommandDesk::Entry& entry : commands) {
      obey(entry.command, entry.reply, now);
      entry.reply = nullptr;
    }
  } catch (...) {
    for (const CommandDesk::Entry& entry : commands) {
      if (entry.reply) refuse_at_end(entry.reply);
    }
    throw;
  }
}

/// Asks for the pid files of all that are due: a change of threads costs more than a look.
void Supervisor::prepare_pid_files(const Moment& now) {
  if (pid_files_.has_prepared()) return;
  constexpr std::size_t most = 1024;
  std::vector<PidFileQuestion> questions;
  for (const std::size_t index : deadlines_.due(now.monotonic, most)) {
    const WatchedProcess* const watched = entries_[index].watched;
    if (watched != nullptr) questions.push_back(watched->question());
  }
  pid_files_.prepare(std::move(questions));
}

void Supervisor::finish_pid_files(const Moment& now) {
  for (const PidFileDesk::Done& done : pid_files_.retry(now.monotonic)) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      ManagedChild* const child = entries_[i].child;
      if (child != nullptr && child->note_pid_file(done.file, done.error)) note_change(i);
    }
  }
}

void Supervisor::beat(const Moment& now) {
  if (!options_.on_heartbeat || now.monotonic < next_heartbeat_) return;
  options_.on_heartbeat();
  next_heartbeat_ = now.monotonic + options_.heartbeat_interval;
}

void Supervisor::take_exits(const Moment& now) {
  std::optional<ProcessId> previous;
  for (std::size_t taken = 0; taken < ends_in_a_row; ++taken) {
    const auto pid = options_.ended_children->next();
    has_more_ends_ = pid.has_value();
    if (!pid) return;
    const std::vector<std::size_t> concerned = indices_of(*pid);
    // An orphan or a child that was given up. A PID that comes twice was not reaped by its entry.
    if (concerned.empty() || pid == previous) {
      reap(*pid);
    } else {
      note_end_of(concerned, now);
    }
    previous = pid;
  }
}

void Supervisor::note_end_of(const std::vector<std::size_t>& indices, const Moment& now) {
  for (const std::size_t index : indices) {
    entries_[index].process->note_end(now);
    note_change(index);
  }
}

std::vector<std::size_t> Supervisor::indices_of(ProcessId pid) const {
  std::vector<std::size_t> indices;
  const auto [begin, end] = by_pid_.equal_range(pid);
  for (auto found = begin; found != end; ++found) indices.push_back(found->second);
  return indices;
}

/// Reaps an orphan and adds its CPU time to the tree that it comes from.
void Supervisor::reap(ProcessId pid) {
  const auto child = options_.ended_children->describe(pid);
  if (!child) return options_.ended_children->reap(pid);
  registry_.collect_ended(*child, [&] { options_.ended_children->reap(pid); });
}

void Supervisor::do_what_is_due(const Moment& now) {
  const std::vector<std::size_t> due = deadlines_.due(now.monotonic, batch);
  prepare_pid_files(now);
  // All starts first: pages that are written between two forks are copied again (copy-on-write).
  for (const std::size_t index : due) entries_[index].process->update(now);
  for (const std::size_t index : due) note_change(index);
  if (due.size() < batch) pid_files_.forget_prepared();
}

void Supervisor::request_stop() {
  if (std::exchange(stop_requested_, true)) return;
  services_.log->info("stopping");
  search_.cancel_retry();
  if (options_.on_stop) options_.on_stop(longest_end());
  const Moment moment = now();
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    entries_[index].process->shut_down(moment);
    note_change(index);
  }
  stop_requested_at_ = now().monotonic;  // with many children, all this takes a while
}

std::chrono::milliseconds Supervisor::longest_end() const {
  std::chrono::milliseconds longest{};
  for (const Entry& entry : entries_) {
    if (entry.child != nullptr) longest = std::max(longest, entry.child->longest_end());
  }
  return longest;
}

void Supervisor::hasten(MonotonicTime asked_at) {
  const bool is_the_same_request = asked_at - stop_requested_at_ < between_requests;
  if (is_the_same_request) return;
  services_.log->warn("asked again to stop: killing what still runs");
  const Moment moment = now();
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    if (entries_[index].child == nullptr) continue;
    entries_[index].child->kill_now(moment);
    note_change(index);
  }
}

void Supervisor::hand_over() {
  if (options_.memory == nullptr) return request_stop();
  services_.log->info("ending without the children; the next start takes them over");
  if (options_.on_stop) options_.on_stop({});
  const Moment moment = now();
  for (const Entry& entry : entries_) {
    if (entry.child == nullptr) entry.process->shut_down(moment);
  }
  is_handed_over_ = true;
}

/// Takes the reply if the command goes on.
void Supervisor::obey(const Command& command, ReplyHandler& reply, const Moment& now) {
  if (stop_requested_) return reply(shutting_down_reply());
  if (command.verb == Command::Verb::reload) return reload(command, reply, now);
  if (pending_.size() >= CommandDesk::capacity) return reply(busy_reply());
  const std::vector<std::size_t> targets = targets_of(command);
  if (const auto refusal = refusal_of(command, targets)) return reply(*refusal);
  std::vector<std::string> names;
  for (const std::size_t index : targets) names.push_back(entries_[index].name());
  reply({Outcome::accepted, names, {}});
  const Goal goal = command.verb == Command::Verb::stop ? Goal::down : Goal::up;
  for (const std::size_t index : targets) apply_command(*entries_[index].child, command, now);
  pending_.add(goal, std::move(names), std::exchange(reply, nullptr));
  for (const std::size_t index : targets) note_change(index);
}

std::vector<std::size_t> Supervisor::targets_of(const Command& command) const {
  std::vector<std::size_t> targets;
  for (std::size_t index = 0; index < entries_.size(); ++index) {
    const Entry& entry = entries_[index];
    if (!entry.is_leaving && is_target(command, entry.name())) targets.push_back(index);
  }
  return targets;
}

std::optional<CommandReply> Supervisor::refusal_of(const Command& command,
                                                   const std::vector<std::size_t>& targets) const {
  if (targets.empty()) {
    const std::string_view what =
        command.scope == Command::Scope::name ? "process named" : "process of the base";
    return CommandReply{
        Outcome::unknown, {}, fmt::format("there is no {} \"{}\"", what, command.target)};
  }
  for (const std::size_t index : targets) {
    if (command.pid && !runs_as(entries_[index].process->status(), *command.pid)) {
      return CommandReply{Outcome::unknown,
                          {},
                          fmt::format("process {} of \"{}\" has ended or is about to", *command.pid,
                                      command.target)};
    }
    if (entries_[index].child != nullptr) continue;
    const std::string& name = entries_[index].name();
    return CommandReply{Outcome::foreign,
                        {name},
                        fmt::format("somebody else runs \"{}\"; provisrd only watches it", name)};
  }
  return std::nullopt;
}

void Supervisor::note_change(std::size_t index) {
  Entry& entry = entries_[index];
  deadlines_.set(index, entry.process->next_deadline());
  const bool is_changed = board_.set(index, entry.process->status());
  if (is_changed && options_.on_change) options_.on_change(entry.process->status());
  const bool has_ended = entry.process->ended();
  if (has_ended && !entry.has_ended) --active_;
  if (!has_ended && entry.has_ended) ++active_;
  entry.has_ended = has_ended;
  has_departed_ |= has_ended && entry.is_leaving;
  if (entry.matched != nullptr) note_lost_match(*entry.matched);
  index_by_pid(index);
  if (entry.child == nullptr) return;
  if (has_begun_) entry.child->remember();  // only after begin() has recalled it
  pending_.note_change(*entry.child);
}

void Supervisor::note_lost_match(MatchedProcess& matched) {
  const auto ended = matched.take_ended();
  if (!ended) return;
  roster_.forget(*ended);
  has_news_of_matches_ = true;
}

void Supervisor::index_by_pid(std::size_t index) {
  Entry& entry = entries_[index];
  const auto expected = entry.process->expected_end();
  if (expected == entry.expected_end) return;
  if (entry.expected_end) {
    const auto [begin, end] = by_pid_.equal_range(*entry.expected_end);
    by_pid_.erase(std::find_if(begin, end, [&](const auto& one) { return one.second == index; }));
  }
  if (expected) by_pid_.emplace(*expected, index);
  entry.expected_end = expected;
  has_news_of_matches_ |= entry.watched != nullptr;  // no match may have its process
}

MonotonicTime Supervisor::next_deadline() const {
  if (has_more_ends_ || has_departed_ || !unclaimed_.empty()) return {};
  return std::min({deadlines_.earliest(), retired_.next_expiry(), next_heartbeat_,
                   pid_files_.next_try(), search_.next_try(), next_orphan_search_,
                   settling_is_due()});
}

bool Supervisor::finished() const {
  if (is_handed_over_) return true;
  return (stop_requested_ || until_ == Until::all_exited) && active_ == 0;
}

int Supervisor::exit_status() const {
  for (const Entry& entry : entries_) {
    if (entry.child != nullptr && entry.child->given_up()) return 1;
  }
  if (until_ == Until::stopped) return 0;
  for (const Entry& entry : entries_) {
    if (entry.child != nullptr && entry.child->result() != 0) return entry.child->result();
  }
  return 0;
}

void Supervisor::submit(Command command, ReplyHandler reply) {
  desk_.submit(std::move(command), std::move(reply));
}

Moment Supervisor::now() const {
  return {options_.clock->monotonic_now(), options_.clock->utc_now()};
}

}  // namespace provisr::daemon
