#pragma once

#include <provisr/aggregator.hpp>
#include <provisr/clock.hpp>
#include <provisr/counters.hpp>
#include <provisr/cpu_rate.hpp>
#include <provisr/detail/roster.hpp>
#include <provisr/detail/snapshot_pool.hpp>
#include <provisr/detail/watched_sampler.hpp>
#include <provisr/diagnostics.hpp>
#include <provisr/figures.hpp>
#include <provisr/history.hpp>
#include <provisr/observer.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/process_name.hpp>
#include <provisr/read_errors.hpp>
#include <provisr/sampler.hpp>
#include <provisr/snapshot.hpp>
#include <provisr/storage.hpp>
#include <provisr/tracking.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace provisr {

struct RegistryOptions {
  /// Samples kept for each name, at least 1 (0 counts as 1), 64 bytes each, more with
  /// `further_figures`. Allocated when the name is added, so that memory cannot run out later.
  std::size_t max_history = 100;

  /// Figures to collect in addition to those of ProcessMetrics, on platforms that have them, such
  /// as `further_group<figures>("io") | further_group<figures>("peak")`. Every 8 slots add 64 bytes
  /// to each sample. "pss" starts one thread on Linux.
  FurtherFigures further_figures = {};

  /// The further figures that are counters, which read_counters() refreshes. If figures were
  /// appended by with_figures(), pass `further_counters<your_table>`. Trees have only those of
  /// `figures`.
  FurtherFigures refreshed_counters = further_counters<figures>;

  DiagnosticSink diagnostics = {};

  /// Provides the bytes of histories. Must be thread-safe and must not call into the registry:
  /// track() of a new name calls it with the registry locked. If the storage is slow, declare() the
  /// name first, which holds no lock. If the bytes are neither empty nor a history of this name and
  /// size, the history is kept on the heap and a diagnostic reports the reason.
  StorageProvider storage = heap_storage;

  TickObserver observer = {};

  /// For programs that adopt orphans (PR_SET_CHILD_SUBREAPER): called when a tick, track(),
  /// adopt_orphan() or read_counters() finds one that no tree is known to contain (Linux). Must not
  /// call into the registry.
  OrphanObserver orphan_observer = {};

  /// Must outlive the registry.
  const Clock* clock = &Clock::system();
};

/// The watched processes, each under a unique name, with their histories.
///
/// Thread safety: every member function may be called at any time from any thread. Readers
/// (snapshot, latest, history, group) take no lock, with one exception: the first one after a
/// change to the set of names waits for a running tick, as such changes do, and may throw
/// std::bad_alloc. It also builds the list of all names again, in a time linear in their number: to
/// add many names, add them all before the next read. No call may run during destruction. Snapshots
/// may outlive the registry.
///
/// A forked child may destroy its copy of a registry, as exit(3) does with a static one, if no call
/// was running at the fork. It may do nothing else with the copy.
///
/// `Sampler` samples one process as ProcessSampler does. Without a read_counters(), read() is used.
template <class Sampler>
class BasicRegistry {
 public:
  /// `context` holds the options of the sampler, such as
  /// SamplingContext(SamplerOptions{.proc_root = "/host/proc"}). Throws std::bad_alloc.
  explicit BasicRegistry(RegistryOptions options = {},
                         typename Sampler::Context context = typename Sampler::Context())
      : options_(std::move(options)),
        context_(std::move(context)),
        forest_(context_, options_.further_figures, options_.orphan_observer),
        roster_(std::make_shared<const detail::Roster>()),
        pool_(options_.further_figures.row_slots()) {
    if (options_.max_history == 0) options_.max_history = 1;
    publish_roster();
  }

  /// Adds a name that has no process yet; it is shown as not running. If the name is known, only
  /// undoes retire(). Returns std::errc::invalid_argument if is_valid_process_name(name) is false.
  /// Throws std::bad_alloc.
  [[nodiscard]] std::error_code declare(std::string_view name) {
    if (!is_valid_process_name(name)) return std::make_error_code(std::errc::invalid_argument);
    // No lock is held here because storage may be slow.
    std::shared_ptr<History> history = is_known(name) ? nullptr : make_history(name);
    const std::scoped_lock lock(tick_mutex_, state_mutex_);
    if (history != nullptr) add(name, std::move(history));
    watch(name);
    return {};
  }

  /// Watches the process that has this PID now under `name`, known or new, and takes the baseline
  /// for its first CPU rate. Replaces a process watched under that name before; the samples of the
  /// old process stay in the history. Snapshots show the process from the next tick on. A tree ends
  /// with its leader. On failure, returns the errors of declare() and Sampler::open() and changes
  /// nothing. Throws std::bad_alloc.
  [[nodiscard]] std::error_code track(std::string_view name, ProcessId pid,
                                      const TrackOptions& options = {}) {
    if (!is_valid_process_name(name)) return std::make_error_code(std::errc::invalid_argument);
    const std::lock_guard tick_lock(tick_mutex_);
    std::error_code error;
    std::optional<Watched> sampler = open(pid, options, error);
    if (!sampler) return error;
    ProcessReading reading;
    const MonotonicTime taken_at = options_.clock->monotonic_now();
    if (sampler->read(reading) == ReadStatus::vanished) {
      return std::make_error_code(std::errc::no_such_process);
    }
    const std::lock_guard state_lock(state_mutex_);
    Member& member = watch(name);
    member.sampler = std::move(sampler);
    member.refusal.is_sampled = true;
    member.pid = pid;
    member.last_cpu = {reading.cpu_time_ns, taken_at};
    member.was_in_tick = false;
    member.shown_counters.clear();
    member.reported_error = false;
    member.reported_refusals = {};
    member.has_recorded = false;
    return {};
  }

  /// Stops watching a name but keeps its history until untrack(). Snapshots taken from now on show
  /// the name as retired, without a process. declare() and track() bring it back. Returns false if
  /// the name is unknown.
  bool retire(std::string_view name) {
    const std::scoped_lock lock(tick_mutex_, state_mutex_);
    const auto found = members_.find(name);
    if (found == members_.end()) return false;
    let_go(found->second);
    found->second.has_recorded = false;
    found->second.refusal.is_retired = true;
    roster_outdated_.store(true, std::memory_order_release);
    return true;
  }

  /// Stops watching the process of a name, even if it still runs. From the next tick on, the name
  /// is shown as not running. Returns false if the name is unknown.
  bool release(std::string_view name) {
    const std::scoped_lock lock(tick_mutex_, state_mutex_);
    const auto found = members_.find(name);
    if (found == members_.end()) return false;
    let_go(found->second);
    return true;
  }

  /// Removes a name and its history; earlier snapshots keep both. Returns false if the name is
  /// unknown.
  bool untrack(std::string_view name) {
    const std::scoped_lock lock(tick_mutex_, state_mutex_);
    const auto found = members_.find(name);
    if (found == members_.end()) return false;
    members_.erase(found);
    roster_outdated_.store(true, std::memory_order_release);
    return true;
  }

  /// Discards the samples of a name; later samples begin a new history in the same bytes. Earlier
  /// snapshots lose the samples, too, and get none of the new ones. Required once the bytes are
  /// lost (see History::is_lost). Returns false if the name is unknown. Throws std::bad_alloc.
  bool reset_history(std::string_view name) {
    const std::scoped_lock lock(tick_mutex_, state_mutex_);
    const auto found = members_.find(name);
    if (found == members_.end()) return false;
    found->second.history = found->second.history->renew();
    found->second.has_recorded = false;
    roster_outdated_.store(true, std::memory_order_release);
    return true;
  }

  /// Adds a sample that was taken elsewhere to a declared name. Snapshots show it, and the name as
  /// running, from the next tick on. If no other sample follows, the name stops running at the tick
  /// after that. Returns std::errc::invalid_argument for an unknown or retired name and
  /// std::errc::device_or_resource_busy if the registry samples the process itself.
  [[nodiscard]] std::error_code record(std::string_view name, const ProcessMetrics& metrics) {
    const std::lock_guard lock(state_mutex_);
    Member* const member = find(name);
    if (member == nullptr) return std::make_error_code(std::errc::invalid_argument);
    if (member->refusal.any()) {
      return std::make_error_code(member->refusal.is_sampled ? std::errc::device_or_resource_busy
                                                             : std::errc::invalid_argument);
    }
    member->history->push(metrics);
    member->history->prefetch();  // completes long before the next push
    member->has_recorded = true;
    return {};
  }

  /// Adds an orphan and its descendants to the tree of `name`, as long as the name has this tree.
  /// An orphan of the leader's process group, or of a group that a member leads, joins without
  /// this. One that called setsid(2) and forked before it was seen does not: only the caller may
  /// know where it comes from, such as by an entry in its environment. If it is not newborn (see
  /// Descent), what it has used so far counts in the CPU time of the tree, but not in its CPU
  /// usage. Does nothing if the process is in a tree that it does not lead.
  ///
  /// On failure, adds nothing and returns std::errc::invalid_argument if the name has no tree,
  /// no_such_process if the leader or the orphan has ended or if the system does not tell
  /// (Windows), resource_unavailable_try_again if descriptors or memory are short, or an error of
  /// Sampler::open(). Throws std::bad_alloc.
  [[nodiscard]] std::error_code adopt_orphan(std::string_view name, ProcessId orphan) {
    const std::lock_guard tick_lock(tick_mutex_);
    Member* const member = find_in_tick(name);
    auto* const tree = member == nullptr || !member->sampler ? nullptr : member->sampler->tree();
    if (tree == nullptr) return std::make_error_code(std::errc::invalid_argument);
    std::uint64_t cpu_time_before = 0;
    const std::error_code error = tree->adopt_orphan(orphan, cpu_time_before);
    Figure<std::uint64_t>& baseline = member->last_cpu.cpu_time_ns;
    if (baseline) baseline = *baseline + cpu_time_before;
    return error;
  }

  /// Adds the counters of an ended child to the tree that it was a member of, if any, then calls
  /// `collect`, which must reap the child. No tick runs in between. For children that lead no tree,
  /// such as orphans that this program adopted (PR_SET_CHILD_SUBREAPER): no other member waits for
  /// them. In a tree that contains this program, they count once, as part of what this program has
  /// reaped. examples/supervise.cpp shows how to get the counters.
  template <class Collect>
  void collect_ended(const EndedChild& child, Collect&& collect) {
    const std::lock_guard tick_lock(tick_mutex_);
    forest_.note_collected(child);
    std::forward<Collect>(collect)();
  }

  /// Samples every process once, publishes all samples together, then calls the observer. A process
  /// that has ended is released and shown as not running. Allocates nothing once the set of names
  /// has been unchanged for two ticks, unless readers hold more snapshots at once than before. The
  /// report contains `schedule`.
  TickReport tick(const TickSchedule& schedule = {}) noexcept {
    TickReport report;
    const auto published = sample_and_publish(report);
    report.schedule = schedule;
    if (published) notify_observer(*published, report);
    return report;
  }

  /// Returns the state after the latest tick, with all names known by now.
  [[nodiscard]] Snapshot snapshot() const {
    if (roster_outdated_.load(std::memory_order_acquire)) publish_roster();
    return Snapshot(pool_.hold_current());
  }

  /// Reads the counters of all processes again; other figures stay as of the latest tick. For
  /// readers that compute rates by their own clock, such as Prometheus: if counters were read at
  /// ticks only, a steady 30 % would show as 20 to 40 %. Looks for new members of trees first, as a
  /// tick does (Linux; elsewhere the list of processes is that of the tick). A counter that cannot
  /// be read keeps its value of the tick, and none of a process goes back. If another process has
  /// been tracked under a name since the tick, its counters are shown, beside the other figures of
  /// the former process. Waits for a running tick, and may delay the next one by some microseconds.
  /// The CPU time of a tree at the next tick may be some milliseconds less than what this has
  /// returned, so take a counter always from here or always from snapshots.
  /// Takes about 1 µs per process on Linux (see ProcessSampler), and one file more per member of a
  /// tree that has run and has or had children. Throws std::bad_alloc.
  [[nodiscard]] FreshCounters read_counters() const {
    constexpr int attempts_between_ticks = 3;
    for (int attempt = 0; attempt < attempts_between_ticks; ++attempt) {
      FreshCounters counters(snapshot());
      if (refresh(counters)) return counters;
    }
    const std::lock_guard tick_lock(tick_mutex_);
    FreshCounters counters(Snapshot(pool_.hold_current()));
    forest_.look_for_births();
    refresh(counters, 0, counters.metrics_.size());
    return counters;
  }

  /// Returns how often ticks failed to read a process, by kind.
  [[nodiscard]] const ReadErrorCounts& read_errors() const noexcept { return read_errors_; }

  /// Returns the latest sample; empty if the name is unknown, has no running process or was not
  /// sampled yet.
  [[nodiscard]] std::optional<ProcessMetrics> latest(std::string_view name) const {
    const Snapshot now = snapshot();
    const auto process = now.find(name);
    if (!process || !process->running()) return std::nullopt;
    return process->metrics();
  }

  /// Returns the samples kept for a name, oldest first; empty if the name is unknown. Store the
  /// result in a variable before a range-for: before C++23, the loop would not keep it alive.
  [[nodiscard]] std::optional<std::vector<ProcessMetrics>> history(std::string_view name) const {
    const Snapshot now = snapshot();
    const auto process = now.find(name);
    if (!process) return std::nullopt;
    return process->history();
  }

  /// Returns the totals of a base; empty if the base has no instances.
  [[nodiscard]] std::optional<GroupTotals> group(std::string_view base) const {
    return group_totals(snapshot(), base);
  }

 private:
  using Watched = detail::WatchedSampler<Sampler>;

  [[nodiscard]] std::optional<Watched> open(ProcessId pid, const TrackOptions& options,
                                            std::error_code& error) {
    if (options.scope == SampleScope::process) {
      auto process = Sampler::open(context_, pid, error);
      return process ? std::optional<Watched>(std::in_place, std::move(*process)) : std::nullopt;
    }
    auto tree = forest_.open(pid, error, options.cpu_time_count);
    return tree ? std::optional<Watched>(std::in_place, std::move(*tree)) : std::nullopt;
  }

  /// Why record() takes no samples of a name.
  struct RecordRefusal {
    bool is_sampled = false;  ///< had a sampler at the last tick or since
    bool is_retired = false;

    /// Compares both at once: compilers compare one after the other.
    [[nodiscard]] bool any() const noexcept { return std::bit_cast<std::uint16_t>(*this) != 0; }
  };

  /// Fields are ordered by use: those that every tick touches come first.
  struct Member {
    // Guarded by tick_mutex_.
    std::optional<Watched> sampler;  ///< empty if there is no process or it has ended
    ProcessId pid = 0;
    bool was_in_tick = false;  ///< a tick has read the sampler
    CpuReading last_cpu;

    // Guarded by state_mutex_.
    std::shared_ptr<History> history;
    RecordRefusal refusal;
    bool has_recorded = false;   ///< record() was called since the last tick
    std::uint64_t added_as = 0;  ///< unique; a name that comes back after untrack() has another

    // Guarded by tick_mutex_, rarely touched.
    bool reported_error = false;
    FurtherFigures reported_refusals;
    /// The counters last shown by read_counters() for the process that `sampler` reads, or that the
    /// latest tick has shown.
    std::vector<Figure<std::uint64_t>> shown_counters;
  };

  /// Requires both mutexes. The process does not count as vanished.
  static void let_go(Member& member) {
    member.sampler.reset();
    member.refusal.is_sampled = false;
  }

  /// Returns the published snapshot; empty if the tick failed or there is no observer.
  std::optional<Snapshot> sample_and_publish(TickReport& report) noexcept {
    ticks_waiting_.fetch_add(1);
    const std::lock_guard tick_lock(tick_mutex_);
    ticks_waiting_.fetch_sub(1);
    try {
      const MonotonicTime begun = options_.clock->monotonic_now();
      detail::SnapshotBuffer& buffer = prepare_buffer();
      sample_all(buffer, report);
      publish(buffer, report);
      report.duration = options_.clock->monotonic_now() - begun;
      if (!options_.observer) return std::nullopt;
      return Snapshot(pool_.hold_current());
    } catch (const std::exception& failure) {
      diagnose(Severity::error, {}, failure.what());
      return std::nullopt;
    }
  }

  void notify_observer(const Snapshot& snapshot, const TickReport& report) noexcept {
    try {
      options_.observer({snapshot, report});
    } catch (...) {  // tick() promises not to throw
    }
  }

  /// Requires tick_mutex_: until that is free, no name is removed.
  [[nodiscard]] Member* find_in_tick(std::string_view name) const {
    const std::lock_guard state_lock(state_mutex_);
    return find(name);
  }

  /// Requires state_mutex_. Returns null if the name is unknown.
  [[nodiscard]] Member* find(std::string_view name) const noexcept {
    if (!roster_outdated_.load(std::memory_order_relaxed)) {
      const auto index = roster_->find(name);
      return index ? ordered_[*index] : nullptr;
    }
    const auto found = members_.find(name);
    return found == members_.end() ? nullptr : &found->second;
  }

  /// Requires both mutexes.
  Member& watch(std::string_view name) {
    Member& member = find_or_add(name);
    if (std::exchange(member.refusal.is_retired, false)) {
      roster_outdated_.store(true, std::memory_order_release);
    }
    return member;
  }

  /// Requires both mutexes.
  Member& find_or_add(std::string_view name) {
    const auto found = members_.find(name);
    if (found != members_.end()) return found->second;
    return add(name, make_history(name));
  }

  /// Requires both mutexes. Returns the existing member if the name is known.
  Member& add(std::string_view name, std::shared_ptr<History> history) {
    const auto [place, is_new] = members_.try_emplace(std::string(name));
    if (!is_new) return place->second;
    place->second.history = std::move(history);
    place->second.added_as = ++names_added_;
    roster_outdated_.store(true, std::memory_order_release);
    return place->second;
  }

  [[nodiscard]] bool is_known(std::string_view name) const {
    const std::lock_guard lock(state_mutex_);
    return find(name) != nullptr;
  }

  [[nodiscard]] std::shared_ptr<History> make_history(std::string_view name) {
    const HistoryShape shape{
        .name = name,
        .capacity = options_.max_history,
        .row_size = sizeof(ProcessMetrics) +
                    options_.further_figures.row_slots() * sizeof(Figure<std::uint64_t>)};
    try {
      return std::make_shared<History>(shape, options_.storage(shape));
    } catch (const std::invalid_argument& refusal) {
      diagnose(Severity::warning, name, refusal.what());
      return std::make_shared<History>(shape);
    }
  }

  /// Publishes the current names with the samples of the latest tick.
  void publish_roster() const {
    const std::scoped_lock lock(tick_mutex_, state_mutex_);
    if (pool_.current().roster && !roster_outdated_.load(std::memory_order_relaxed)) return;
    rebuild_roster();
    detail::SnapshotBuffer& buffer = pool_.free_buffer(roster_);
    carry_over(pool_.current(), buffer);
    pool_.make_current(buffer);
    roster_outdated_.store(false, std::memory_order_release);
  }

  /// Requires both mutexes.
  void rebuild_roster() const {
    std::vector<detail::Roster::Entry> entries;
    std::vector<Member*> ordered;
    entries.reserve(members_.size());
    ordered.reserve(members_.size());
    for (auto& [name, member] : members_) {
      entries.push_back({name, member.history, member.refusal.is_retired, member.added_as});
      ordered.push_back(&member);
    }
    roster_ = std::make_shared<const detail::Roster>(std::move(entries));
    ordered_ = std::move(ordered);
  }

  static void carry_over(const detail::SnapshotBuffer& from, detail::SnapshotBuffer& to) {
    to.taken_at = from.taken_at;
    to.tick = from.tick;
    for (std::size_t i = 0; i < to.slots.size(); ++i) {
      const detail::Roster::Entry& entry = (*to.roster)[i];
      const auto index = from.roster ? from.roster->find(entry.name) : std::nullopt;
      const bool is_same = index && (*from.roster)[*index].added_as == entry.added_as;
      to.slots[i] = is_same ? from.slots[*index] : slot_of_new(*entry.history);
      if (!is_same) continue;
      std::ranges::copy(from.more_of(*index), to.more_of(i).begin());
      if ((*from.roster)[*index].history != entry.history) to.slots[i].history_end = 0;
      if (entry.is_retired) to.slots[i].running = to.slots[i].vanished = false;
    }
  }

  /// Returns the slot of a new name, whose history may hold samples from before.
  [[nodiscard]] static detail::SnapshotSlot slot_of_new(const History& history) {
    detail::SnapshotSlot slot{};
    slot.history_end = history.pushed();
    return slot;
  }

  /// Requires tick_mutex_.
  detail::SnapshotBuffer& prepare_buffer() {
    const std::lock_guard lock(state_mutex_);
    if (roster_outdated_.load(std::memory_order_relaxed)) rebuild_roster();
    return pool_.free_buffer(roster_);
  }

  /// Requires tick_mutex_, so the set of names cannot change. record() may still add samples.
  void sample_all(detail::SnapshotBuffer& buffer, TickReport& report) noexcept {
    context_.begin_tick();
    forest_.begin_tick();
    buffer.taken_at = options_.clock->utc_now();
    for (std::size_t i = 0; i < ordered_.size(); ++i) {
      prefetch_for_sampling(i);
      Member& member = *ordered_[i];
      if (!member.sampler) continue;
      ProcessMetrics& metrics = buffer.slots[i].metrics;
      metrics.pid = member.pid;
      if (sample(member, (*buffer.roster)[i].name, buffer.more_of(i), metrics)) {
        metrics.timestamp = buffer.taken_at;
        ++report.running;
      } else {
        ++report.vanished;
      }
    }
  }

  /// Prefetches the next processes' objects while the kernel reads this one. They lie far apart,
  /// and the kernel's data have evicted them from the caches since the last tick.
  void prefetch_for_sampling(std::size_t after) const noexcept {
    if constexpr (Watched::is_prefetched) {
      const std::size_t left = ordered_.size() - after;
      if (left > 3) detail::prefetch_object(*ordered_[after + 3]);
      if (left > 2 && ordered_[after + 2]->sampler) ordered_[after + 2]->sampler->prefetch();
      if (left > 1 && ordered_[after + 1]->sampler) ordered_[after + 1]->sampler->prefetch_rest();
    }
  }

  /// Returns false if the process has ended.
  bool sample(Member& member, const std::string& name, std::span<Figure<std::uint64_t>> more,
              ProcessMetrics& metrics) noexcept {
    ProcessReading reading;
    reading.more.slots = more;
    reading.more.asked = options_.further_figures;
    const MonotonicTime taken_at = options_.clock->monotonic_now();
    if (member.sampler->read(reading) == ReadStatus::vanished) {
      member.sampler.reset();
      return false;
    }
    const CpuReading cpu{reading.cpu_time_ns, taken_at};
    metrics.cpu_percent = cpu_percent(member.last_cpu, cpu);
    metrics.cpu_time_ns = reading.cpu_time_ns;
    metrics.memory_rss_bytes = reading.memory_rss_bytes;
    metrics.memory_vms_bytes = reading.memory_vms_bytes;
    metrics.memory_swap_bytes = reading.memory_swap_bytes;
    metrics.num_threads = reading.num_threads;
    metrics.num_fds = reading.num_fds;
    metrics.num_processes = reading.num_processes;
    member.last_cpu = cpu;
    member.was_in_tick = true;
    note_problems(member, name, reading);
    return true;
  }

  /// Counts and reports the errors of a reading. Most readings have none.
  void note_problems(Member& member, const std::string& name,
                     const ProcessReading& reading) noexcept {
    const bool is_unreadable = !reading.cpu_time_ns && !reading.num_threads;
    if (is_unreadable) {
      note_unreadable(member, name, reading.num_fds_error);
    } else if (reading.num_fds_error) {
      read_errors_.count(kind_of(reading.num_fds_error));
      report_error(member, name, "descriptor count unknown: ", reading.num_fds_error);
    }
    if (reading.more.refused.empty()) return;
    const std::error_code error = std::make_error_code(reading.more.error);
    if (!reading.num_fds_error) read_errors_.count(kind_of(error));  // otherwise already counted
    const FurtherFigures news = reading.more.refused - member.reported_refusals;
    if (!news.empty()) report_refusals(member, name, news, error);
  }

  /// `error` is not set if the sampler does not know why nothing could be read.
  void note_unreadable(Member& member, const std::string& name, std::error_code error) noexcept {
    const ReadErrorKind kind = kind_of(error);
    read_errors_.count(kind == ReadErrorKind::other ? ReadErrorKind::unreadable : kind);
    if (error) report_error(member, name, "all figures unknown: ", error);
  }

  void report_refusals(Member& member, const std::string& name, FurtherFigures refused,
                       std::error_code error) noexcept {
    member.reported_refusals |= refused;
    try {
      std::string message;
      for_each_figure<figures>([&](auto figure) {
        if constexpr (decltype(figure)::is_further) {
          if (!refused.contains(decltype(figure)::slot)) return;
          if (!message.empty()) message += ", ";
          message += decltype(figure)::info.id;
        }
      });
      diagnose(Severity::debug, name, message + " unknown: " + error.message());
    } catch (const std::exception&) {  // out of memory: the debug line is lost
    }
  }

  /// Takes a few processes at a time, so that no tick waits for all. Returns false if a tick ran.
  bool refresh(FreshCounters& counters) const {
    constexpr std::size_t at_a_time = 32;
    const std::size_t size = counters.metrics_.size();
    for (std::size_t begin = 0; begin < size; begin += at_a_time) {
      while (ticks_waiting_.load() != 0) std::this_thread::yield();
      const std::lock_guard tick_lock(tick_mutex_);
      if (pool_.current().tick != counters.snapshot_.tick()) return false;
      if (begin == 0) forest_.look_for_births();
      refresh(counters, begin, std::min(begin + at_a_time, size));
    }
    return true;
  }

  /// Requires tick_mutex_ and a snapshot of the latest tick.
  void refresh(FreshCounters& counters, std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i) {
      if (!counters.snapshot_[i].running()) continue;
      if (Member* const member = find(counters.snapshot_, i)) refresh(*member, counters, i);
    }
  }

  /// Requires tick_mutex_. Returns null if the name was removed, even if it was added again since.
  [[nodiscard]] Member* find(const Snapshot& snapshot, std::size_t index) const noexcept {
    const auto& roster = snapshot.buffer_->roster;
    if (!roster_outdated_.load(std::memory_order_relaxed) && roster == roster_) {
      return ordered_[index];
    }
    const auto found = members_.find((*roster)[index].name);
    const bool is_same =
        found != members_.end() && found->second.added_as == (*roster)[index].added_as;
    return is_same ? &found->second : nullptr;
  }

  /// Requires tick_mutex_. Never shows less than before: a scraper treats a counter that goes back
  /// as reset and counts its whole value as an increase.
  void refresh(Member& member, FreshCounters& counters, std::size_t index) const {
    const std::span more =
        std::span(counters.more_).subspan(index * counters.row_slots_, counters.row_slots_);
    Figure<std::uint64_t>& cpu_time = counters.metrics_[index].cpu_time_ns;
    if (is_new(member)) forget_former(member, cpu_time, more);
    read_into(member, cpu_time, more);
    std::vector<Figure<std::uint64_t>>& shown = member.shown_counters;
    shown.resize(1 + more.size());
    for (std::size_t slot = 0; slot < more.size(); ++slot) {
      if (is_counter(slot)) advance(more[slot], shown[1 + slot]);
    }
    advance(cpu_time, shown[0]);
    std::ranges::copy(more, shown.begin() + 1);
    shown[0] = cpu_time;
  }

  /// Returns whether no tick has read the process yet: a snapshot then shows a former one.
  [[nodiscard]] static bool is_new(const Member& member) noexcept {
    return member.sampler && !member.was_in_tick;
  }

  /// Replaces the counters of the former process by what track() has read of the new one.
  void forget_former(const Member& member, Figure<std::uint64_t>& cpu_time,
                     std::span<Figure<std::uint64_t>> more) const noexcept {
    cpu_time = member.last_cpu.cpu_time_ns;
    for (std::size_t slot = 0; slot < more.size(); ++slot) {
      if (is_counter(slot)) more[slot] = {};
    }
  }

  void read_into(Member& member, Figure<std::uint64_t>& cpu_time,
                 std::span<Figure<std::uint64_t>> more) const noexcept {
    if (!member.sampler) return;
    std::array<Figure<std::uint64_t>, FurtherFigures::max_slots> read;
    ProcessReading reading;
    reading.more = {std::span(read).first(more.size()), options_.further_figures};
    if (member.sampler->read_counters(reading) != ReadStatus::ok) return;
    advance(cpu_time, reading.cpu_time_ns);
    for (std::size_t slot = 0; slot < more.size(); ++slot) {
      if (is_counter(slot)) advance(more[slot], read[slot]);
    }
  }

  [[nodiscard]] bool is_counter(std::size_t slot) const noexcept {
    return options_.refreshed_counters.contains(slot);
  }

  static void advance(Figure<std::uint64_t>& counter, Figure<std::uint64_t> read) noexcept {
    if (read && (!counter || *counter < *read)) counter = read;
  }

  /// Requires tick_mutex_. Makes the whole batch visible under one short lock.
  void publish(detail::SnapshotBuffer& buffer, TickReport& report) noexcept {
    // Histories lie far apart: the memory of later pushes is prefetched during this one.
    constexpr std::size_t ahead = 16;
    // members would be read again after each atomic store
    const std::span<Member* const> members(ordered_);
    const std::span<detail::SnapshotSlot> slots(buffer.slots);
    const std::lock_guard lock(state_mutex_);
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i + ahead < members.size()) members[i + ahead]->history->prefetch();
      Member& member = *members[i];
      detail::SnapshotSlot& slot = slots[i];
      slot.running = member.sampler.has_value();
      slot.vanished = std::exchange(member.refusal.is_sampled, slot.running) && !slot.running;
      if (slot.running) {
        member.history->push(slot.metrics, std::as_const(buffer).more_of(i));
      } else if (std::exchange(member.has_recorded, false)) {
        member.history->newest(slot.metrics);
        member.shown_counters.clear();  // the sample may be of another process
        std::ranges::fill(buffer.more_of(i), Figure<std::uint64_t>());
        slot.running = true;
        ++report.running;
      }
      slot.history_end = member.history->pushed();
    }
    report.tick = ++ticks_;
    buffer.tick = ticks_;
    pool_.make_current(buffer);
    roster_outdated_.store(false, std::memory_order_release);
  }

  void report_error(Member& member, const std::string& name, const char* what,
                    std::error_code error) noexcept {
    if (std::exchange(member.reported_error, true)) return;
    try {
      diagnose(Severity::debug, name, what + error.message());
    } catch (const std::exception&) {  // out of memory: the debug line is lost
    }
  }

  void diagnose(Severity severity, std::string_view process, std::string_view message) noexcept {
    if (!options_.diagnostics) return;
    try {
      options_.diagnostics({severity, process, message});
    } catch (...) {  // tick() promises not to throw
    }
  }

  RegistryOptions options_;
  typename Sampler::Context context_;
  mutable typename detail::ForestOf<Sampler>::type forest_;  ///< guarded by tick_mutex_

  // A tick holds tick_mutex_ all the time, and state_mutex_ only while it publishes its batch. The
  // set of names changes under both, so either is enough to read it. Lock order: tick_mutex_ first.
  mutable std::mutex tick_mutex_;
  /// ticks that wait for tick_mutex_; read_counters() lets them go first
  std::atomic<int> ticks_waiting_ = 0;
  mutable std::mutex state_mutex_;

  mutable std::map<std::string, Member, std::less<>> members_;
  mutable std::atomic<bool> roster_outdated_ = false;
  mutable std::shared_ptr<const detail::Roster> roster_;  ///< reflects members_ unless outdated
  mutable std::vector<Member*> ordered_;                  ///< parallel to roster_
  mutable detail::SnapshotPool pool_;
  std::uint64_t ticks_ = 0;
  std::uint64_t names_added_ = 0;
  ReadErrorCounts read_errors_;
};

/// A registry of this machine's processes.
using Registry = BasicRegistry<ProcessSampler>;

}  // namespace provisr
