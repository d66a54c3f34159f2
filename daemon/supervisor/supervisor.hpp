#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"
#include "daemon/platform/adopted_child.hpp"
#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/events.hpp"
#include "daemon/platform/orphan_origins.hpp"
#include "daemon/platform/process_exists.hpp"
#include "daemon/supervisor/command.hpp"
#include "daemon/supervisor/command_desk.hpp"
#include "daemon/supervisor/deadlines.hpp"
#include "daemon/supervisor/exit_log.hpp"
#include "daemon/supervisor/managed_child.hpp"
#include "daemon/supervisor/managed_process.hpp"
#include "daemon/supervisor/match_roster.hpp"
#include "daemon/supervisor/match_search.hpp"
#include "daemon/supervisor/match_source.hpp"
#include "daemon/supervisor/matched_process.hpp"
#include "daemon/supervisor/orphan_inbox.hpp"
#include "daemon/supervisor/pending_commands.hpp"
#include "daemon/supervisor/pid_file_desk.hpp"
#include "daemon/supervisor/process_status.hpp"
#include "daemon/supervisor/retired_names.hpp"
#include "daemon/supervisor/status_board.hpp"
#include "daemon/supervisor/watched_process.hpp"

#include <provisr/clock.hpp>
#include <provisr/registry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <vector>

namespace provisr::daemon {

/// Dependencies of a supervisor; tests replace them.
struct SupervisorOptions {
  Launcher launch = &ChildProcess::start;
  ProcessFinder find = system_process_finder();
  /// Starts to measure a process or its tree; Registry::track() if empty.
  std::function<std::error_code(std::string_view name, ProcessId pid, const TrackOptions& options)>
      track;
  /// Adds an orphan to the tree of a name; Registry::adopt_orphan() if empty.
  std::function<std::error_code(std::string_view name, ProcessId orphan)> adopt_orphan = {};
  std::function<OriginSearch(const std::vector<ProcessId>&)> origins_of = &daemon::origins_of;
  std::function<std::vector<ProcessId>(ProcessId parent)> children_of = &daemon::children_of;
  std::function<bool(ProcessId pid)> exists = &process_exists;
  /// Whether `track` uses the same PIDs as `launch`; if not, children are not measured.
  bool can_measure_children = measures_own_pids();
  /// Returns a number from 0 to 1 for the jitter of restarts; random if empty.
  std::function<double()> random_fraction = {};
  /// Called with each changed status, on the supervisor's thread; the first time within the
  /// constructor. Must neither block nor throw.
  std::function<void(const ProcessStatus&)> on_change = {};
  /// Called likewise with each end, before the status that follows from it.
  std::function<void(const ExitRecord&)> on_exit = {};
  /// Stores processes for the next daemon; must outlive the supervisor. Null: children end with
  /// this daemon.
  ProcessMemory* memory = nullptr;
  std::vector<ExitRecord> exits_before = {};  ///< of earlier daemons, oldest first
  ExitLog::Counts exit_counts_before = {};    ///< of earlier daemons
  ProcessServices::Adopt adopt = &adopt_child;
  ProcessServices::Adopt adopt_leftovers = &provisr::daemon::adopt_leftovers;
  std::function<std::optional<ProcessIdentity>(ProcessId)> identify = &identity_of;
  EndedChildren* ended_children = &EndedChildren::system();  ///< must outlive the supervisor
  const Clock* clock = &Clock::system();                     ///< must outlive the supervisor
  /// Called once, when a stop or a hand-over is requested, with the longest time that it may take.
  std::function<void(std::chrono::milliseconds longest)> on_stop = {};
  /// Called at intervals, unless the supervisor hangs; empty: never.
  std::function<void()> on_heartbeat = {};
  std::chrono::nanoseconds heartbeat_interval = std::chrono::seconds(1);
  /// Called for SIGHUP; empty: SIGHUP is a request to stop.
  std::function<void()> on_hangup = {};
  /// How long the history of a name outlives its removal.
  std::chrono::nanoseconds history_ttl = default_history_ttl;
  /// The time between two samples. Matched processes are found, and their ends noticed, within it.
  std::chrono::nanoseconds interval = default_interval;
  MakeMatchSource make_match_source = [](std::function<void()> wake) {
    return daemon::make_match_source(std::move(wake));
  };
  std::function<std::optional<std::uint64_t>(ProcessId)> start_of = &daemon::start_of;
  /// Called with each name that a `match` gives, again if its limits change, and with each name
  /// that is taken back. On the supervisor's thread; must not block.
  std::function<void(const std::string& name, const ProcessLimits& limits)> on_name = {};
  std::function<void(const std::string& name)> on_name_gone = {};
};

/// Runs the configured children, watches processes that others run, registers both for measuring,
/// and reaps every orphan that this program adopts. With a ProcessMemory, it takes over children
/// that an earlier daemon has left running. The cost of an event depends on the processes that it
/// concerns, not on the number of all processes. The names of matched processes are the exception:
/// all of them are decided anew after changes, and then not for 20 times as long as that took, but
/// for a second at most. The destructor kills children that still run, unless there is a
/// ProcessMemory.
///
/// Thread safety: status(), exits(), submit() and note_orphan() may be called from any thread at
/// any time. Everything else belongs to one thread, which must outlive the supervisor: on Linux,
/// children receive SIGTERM when the thread that started them ends.
class Supervisor {
 public:
  enum class Until {
    stopped,
    all_exited,  ///< for `provisrd run`; if there is one process, it reads the daemon's stdin
  };

  /// `registry` and `log` must outlive the supervisor. Declares every name to the registry. All
  /// starts are due at the first update().
  Supervisor(const std::vector<ProcessConfig>& processes, Registry& registry, const Log& log,
             Until until, SupervisorOptions options = {});
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Handles events until a stop is requested and all children have ended, or, with
  /// Until::all_exited, until all children have ended. A second request kills them. Returns
  /// exit_status().
  [[nodiscard]] int run(Events& events);

  /// Takes over the processes of an earlier daemon; no-op after the first call. run() calls it
  /// first. The constructor does not, because a daemon that fails to start must not touch them.
  void begin();

  /// The steps of run(). One update() handles a bounded number of deadlines and ends, so that
  /// signals and commands are handled while a thousand processes start. If work is left,
  /// next_deadline() is not in the future.
  void update();
  void request_stop();
  [[nodiscard]] std::chrono::milliseconds longest_end() const;
  /// A further request to stop, which came at `asked_at`: kills what remains.
  void hasten(MonotonicTime asked_at);
  /// Ends without the children, which the next daemon takes over. Without a ProcessMemory, stops.
  void hand_over();
  [[nodiscard]] bool finished() const;
  [[nodiscard]] MonotonicTime next_deadline() const;

  /// Returns 1 if a process could not be killed. Otherwise, with Until::all_exited, returns the
  /// status of the first child, in the order of the configuration, that ended on its own with a
  /// status other than 0, as a shell reports it (127: not found, 126: not executable). Otherwise
  /// returns 0.
  [[nodiscard]] int exit_status() const;

  /// Queues a command for the supervisor's thread, which replies. Never blocks for long.
  void submit(Command command, ReplyHandler reply);

  /// Queues a process that may be an orphan of a child. Never blocks for long. See OrphanObserver.
  void note_orphan(ProcessId orphan, ProcessId adopter) noexcept;

  /// Refuses the waiting commands and all later ones, and gives up those that are under way. run()
  /// does so in the end, also if it throws.
  void refuse_commands();

  /// Returns the status of all processes; never null.
  [[nodiscard]] SharedStatusList status() const { return board_.published(); }

  [[nodiscard]] const ExitLog& exits() const { return exits_; }

 private:
  struct Entry {
    std::unique_ptr<ManagedProcess> process;
    ManagedChild* child = nullptr;      ///< `process`, if the daemon runs it
    MatchedProcess* matched = nullptr;  ///< `process`, if a `match` finds it
    WatchedProcess* watched = nullptr;  ///< `process`, if a pid_file names it
    std::size_t order = 0;              ///< the place of its ProcessConfig in the configuration
    ProcessLimits limits;  ///< watched elsewhere; kept here so that a reload notices changes
    std::optional<ProcessId> expected_end;   ///< its key in by_pid_
    bool has_ended = false;                  ///< as counted in active_
    bool is_leaving = false;                 ///< no longer configured: dropped once it has ended
    std::optional<ProcessConfig> successor;  ///< takes the name once this has ended

    [[nodiscard]] const std::string& name() const { return process->status().name; }
    [[nodiscard]] bool is_left_to_match() const { return successor && successor->match; }
  };
  class Reconfiguration;

  /// Declares the name, under which the registry stops watching any earlier process.
  [[nodiscard]] Entry make_entry(std::string name, const ProcessConfig& config, bool inherit_stdin);
  [[nodiscard]] std::unique_ptr<MatchedProcess> make_matched(std::string name,
                                                             const ProcessConfig& config);
  void set_entries(std::vector<Entry> entries);
  void take_over(const Moment& now);
  void take_over_wanted(Entry& entry, const RememberedProcess& before, const Moment& now);
  [[nodiscard]] std::optional<Entry> take_over_unwanted(const std::string& name,
                                                        const RememberedProcess& before,
                                                        const Moment& now);
  [[nodiscard]] Entry make_leaving(const std::string& name, const RememberedProcess& before,
                                   const Moment& now);
  void recall_match(const std::string& name, const RememberedProcess& before);
  void drop_departed(const Moment& now);
  void depart(const Entry& entry, const Moment& now);
  void retire(const std::string& name, const Moment& now, bool is_matched = false);
  void forget(const std::string& name);
  void reload(const Command& command, const ReplyHandler& reply, const Moment& now);
  void handle(Events::Kind event, MonotonicTime arrived_at);
  void take_commands(const Moment& now);
  void take_exits(const Moment& now);
  [[nodiscard]] std::vector<std::size_t> indices_of(ProcessId pid) const;
  void note_end_of(const std::vector<std::size_t>& indices, const Moment& now);
  void reap(ProcessId pid);
  void do_what_is_due(const Moment& now);
  void claim_orphans(const Moment& now);
  void gather_orphans(const Moment& now);
  void search_orphans_later(const Moment& now);
  [[nodiscard]] bool is_child(ProcessId pid) const;
  [[nodiscard]] std::set<ProcessId> adopters_of_orphans() const;
  void claim_orphan(const OrphanOrigin& origin, const Moment& now);
  void set_match_rules(const std::vector<ProcessConfig>& processes);
  void settle_with(const std::vector<ProcessConfig>& processes);
  [[nodiscard]] std::vector<std::string> matched_names(std::size_t rule) const;
  void take_matches(const Moment& now);
  [[nodiscard]] MonotonicTime settling_is_due() const;
  void follow_matches(const Moment& now);
  [[nodiscard]] MatchRoster::Surroundings surroundings() const;
  [[nodiscard]] std::unordered_map<std::string, std::size_t> matched_entries() const;
  [[nodiscard]] bool show_matches(const MatchRoster::Surroundings& others, const Moment& now);
  [[nodiscard]] bool release_unplaced(const std::unordered_map<std::string, std::size_t>& unplaced);
  void show_in_order();
  [[nodiscard]] std::size_t entry_for(const std::string& name, std::size_t rule,
                                      const std::unordered_map<std::string, std::size_t>& shown,
                                      const Moment& now);
  [[nodiscard]] bool follow(MatchedProcess& matched, const ProcessKey& process, const Moment& now);
  [[nodiscard]] std::chrono::nanoseconds look_interval() const;
  void obey(const Command& command, ReplyHandler& reply, const Moment& now);
  [[nodiscard]] std::vector<std::size_t> targets_of(const Command& command) const;
  [[nodiscard]] std::optional<CommandReply> refusal_of(
      const Command& command, const std::vector<std::size_t>& targets) const;
  void note_change(std::size_t index);
  void note_lost_match(MatchedProcess& matched);
  void prepare_pid_files(const Moment& now);
  void finish_pid_files(const Moment& now);
  void beat(const Moment& now);
  void index_by_pid(std::size_t index);
  [[nodiscard]] Moment now() const;

  Until until_;
  Registry& registry_;
  SupervisorOptions options_;
  ExitLog exits_{ExitLog::default_capacity, options_.on_exit};
  PidFileDesk pid_files_;
  OrphanInbox orphans_;
  std::deque<ProcessId> unclaimed_;  ///< orphans whose origin is not known yet
  MonotonicTime next_orphan_search_ = MonotonicTime::max();  ///< max: none is due
  ProcessServices services_;
  std::vector<ProcessConfig> first_processes_;  ///< until they have been taken over
  std::vector<Entry> entries_;
  std::unordered_multimap<ProcessId, std::size_t> by_pid_;  ///< by ManagedProcess::expected_end()
  Deadlines deadlines_;
  RetiredNames retired_;
  std::size_t active_ = 0;      ///< processes that have not ended
  bool has_departed_ = false;   ///< an entry that is leaving has ended
  bool has_more_ends_ = false;  ///< possibly: the last update() reached its bound
  MonotonicTime next_heartbeat_ =
      options_.on_heartbeat ? MonotonicTime() : MonotonicTime::max();  ///< max: never
  bool stop_requested_ = false;
  MonotonicTime stop_requested_at_{};
  bool has_begun_ = false;
  bool is_handed_over_ = false;
  StatusBoard board_;
  CommandDesk desk_;
  PendingCommands pending_;
  MatchRoster roster_;
  std::vector<std::size_t> order_of_rule_;
  bool has_news_of_matches_ = false;  ///< names must be settled again, such as after an end
  MonotonicTime next_settling_{};     ///< not earlier
  RepeatFilter match_problems_;
  MatchSearch search_;  ///< wakes the desk
};

}  // namespace provisr::daemon
