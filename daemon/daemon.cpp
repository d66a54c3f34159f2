#include "daemon/daemon.hpp"

#include "daemon/api/control.hpp"
#include "daemon/api/event_hub.hpp"
#include "daemon/api/process_events.hpp"
#include "daemon/api/tick_watch.hpp"
#include "daemon/endpoints.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/limits/limit_watch.hpp"
#include "daemon/platform/descriptor_limit.hpp"
#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/events.hpp"
#include "daemon/platform/oom_kills.hpp"
#include "daemon/platform/own_process.hpp"
#include "daemon/platform/unforked_storage.hpp"
#include "daemon/reloader.hpp"
#include "daemon/state/state_directory.hpp"

#include <provisr/collector.hpp>
#include <provisr/registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] LogLevel log_level_of(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return LogLevel::debug;
    case Severity::info:
      return LogLevel::info;
    case Severity::warning:
      return LogLevel::warn;
    case Severity::error:
      break;
  }
  return LogLevel::error;
}

[[nodiscard]] RegistryOptions registry_options(const CollectionConfig& collection, TickWatch& ticks,
                                               EventHub& hub, LimitWatch& limits,
                                               StateDirectory* state, const Log& log,
                                               OrphanObserver orphan_observer) {
  RegistryOptions options;
  options.orphan_observer = std::move(orphan_observer);
  options.storage = state != nullptr ? state->storage() : unforked_storage();
  options.max_history = collection.max_history;
  options.further_figures = collection.further_figures;
  options.diagnostics = [&log](const Diagnostic& diagnostic) {
    const LogLevel level = log_level_of(diagnostic.severity);
    if (!log.enabled(level)) return;
    const std::string_view separator = diagnostic.process.empty() ? "" : ": ";
    log.write(level, fmt::format("{}{}{}", diagnostic.process, separator, diagnostic.message));
  };
  options.observer = [&ticks, &hub, &limits, state](const TickEvent& tick) {
    ticks.on_tick(tick.report);
    if (state != nullptr) state->write_histories();
    limits.on_tick(tick.snapshot);
    check_for_oom_kills();
    publish_tick_event(hub, tick);
  };
  return options;
}

[[nodiscard]] std::unique_ptr<StateDirectory> open_state(const DaemonConfig& config,
                                                         const Log& log) {
  if (config.state_dir.empty()) return nullptr;
  return std::make_unique<StateDirectory>(config.state_dir, log);
}

[[nodiscard]] bool have_same_endpoints(const Config& a, const Config& b) {
  MetricsConfig metrics = a.metrics;
  metrics.collection.interval = b.metrics.collection.interval;
  metrics.collection.history_ttl = b.metrics.collection.history_ttl;
  return a.server == b.server && metrics == b.metrics;
}

void wait_until(const std::function<bool()>& is_over, std::chrono::milliseconds most) {
  constexpr std::chrono::milliseconds look_interval{10};
  const auto end = std::chrono::steady_clock::now() + most;
  while (!is_over() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(look_interval);
  }
}

/// All rooms, built from a configuration that can be replaced while they run.
class Daemon {
 public:
  Daemon(const Config& config, Supervisor::Until until, std::function<LoadedConfig()> load,
         const Log& log, const ServiceManager& manager)
      : config_(config),
        log_(log),
        manager_(manager),
        state_(open_state(config.daemon, log)),
        ticks_(config.metrics.collection.interval, log),
        limits_(config.metrics.collection.interval, limit_actions(), log),
        registry_(registry_options(config.metrics.collection, ticks_, hub_, limits_, state_.get(),
                                   log,
                                   [this](ProcessId orphan, ProcessId adopter) {
                                     supervisor_.note_orphan(orphan, adopter);
                                   })),
        supervisor_(config.processes, registry_, log, until, supervisor_options(bool(load))),
        endpoints_(make_endpoints(config, bool(load))) {
    limits_.set_processes(config.processes);
    endpoints_->bind();
    if (!load) return;
    reloader_.emplace(Reloader::Steps{.load = std::move(load),
                                      .apply = [this](const Config& next) { return apply(next); },
                                      .finish =
                                          [this](const std::function<bool()>& is_wanted) {
                                            end_predecessors(is_wanted);
                                          }},
                      log, manager);
  }

  /// Replies to all who wait for a command first: otherwise, the reloader and the endpoints could
  /// not end.
  ~Daemon() {
    supervisor_.refuse_commands();
    if (reloader_) reloader_->stop();
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] int run(Events& events) {
    adopt_orphans();
    apply_collection(make_collector(config_.metrics.collection));
    supervisor_.begin();  // so that the first answer shows the processes that were taken over
    endpoints_->prepare();
    endpoints_->start();
    manager_.notify_ready();
    supervisor_.update();  // the first starts and looks need code that is rarely used later
    release_unused_code();
    if (reloader_) reloader_->start();
    const int status = supervise(events);
    if (reloader_) reloader_->stop();
    return status;
  }

 private:
  [[nodiscard]] SupervisorOptions supervisor_options(bool can_reload) {
    SupervisorOptions options;
    options.history_ttl = config_.metrics.collection.history_ttl;
    options.interval = config_.metrics.collection.interval;
    options.on_name = [this](const std::string& name, const ProcessLimits& limits) {
      limits_.watch_match(name, limits);
    };
    options.on_name_gone = [this](const std::string& name) { limits_.forget_match(name); };
    options.on_change = [this](const ProcessStatus& status) { process_events_.note(status); };
    options.on_exit = [this](const ExitRecord& record) {
      process_events_.note_exit(record);
      if (state_) state_->add_exit(record);
    };
    options.memory = state_.get();
    if (state_) options.exits_before = state_->take_exits();
    if (state_) options.exit_counts_before = state_->exit_counts();
    options.on_stop = [this](std::chrono::milliseconds longest) {
      constexpr std::chrono::seconds for_the_rest{15};  // such as the last writes to a slow disk
      manager_.notify_stopping(longest + for_the_rest);
    };
    options.on_heartbeat = [this] {
      if (manager_.watchdog_interval()) manager_.notify_alive();
      check_for_oom_kills();  // there may be no ticks
    };
    constexpr std::chrono::microseconds oom_check_interval = std::chrono::seconds(5);
    options.heartbeat_interval =
        std::min(manager_.watchdog_interval().value_or(oom_check_interval), oom_check_interval);
    if (can_reload) {
      options.on_hangup = [this] { reloader_->request([](const ReloadReport&) {}); };
    }
    return options;
  }

  [[nodiscard]] LimitWatch::Actions limit_actions() {
    return {.submit =
                [this](Command command, ReplyHandler reply) {
                  supervisor_.submit(std::move(command), std::move(reply));
                },
            .on_breach =
                [this](const LimitBreach& breach) {
                  if (state_) state_->add_breach(breach.name, breach.figure);
                  publish_breach_event(hub_, breach);
                },
            .counts_before =
                [this](std::string_view name) {
                  return state_ ? state_->breaches_of(name) : BreachCounts();
                }};
  }

  [[nodiscard]] std::optional<std::chrono::nanoseconds> disk_silence() const {
    return state_ ? state_->silence() : std::nullopt;
  }

  [[nodiscard]] std::unique_ptr<Endpoints> make_endpoints(const Config& config, bool can_reload) {
    const Sources sources{.registry = registry_,
                          .ticks = ticks_,
                          .log = log_,
                          .api_server = api_monitor_,
                          .metrics_server = metrics_monitor_,
                          .is_collecting = config.metrics.collection.enabled,
                          .status = [this] { return supervisor_.status(); },
                          .exits = supervisor_.exits(),
                          .limits = [this] { return limits_.report(); },
                          .disk_silence = [this] { return disk_silence(); },
                          .started_at = started_at_};
    EndpointActions actions{.submit =
                                [this](Command command, ReplyHandler reply) {
                                  supervisor_.submit(std::move(command), std::move(reply));
                                },
                            .reload = {},
                            .events = &hub_};
    if (can_reload) {
      actions.reload = [this](ReloadReply reply) { reloader_->request(std::move(reply)); };
    }
    return std::make_unique<Endpoints>(config, sources, std::move(actions), api_monitor_,
                                       metrics_monitor_);
  }

  /// Runs the supervisor on a thread of its own. The kernel lists children by thread and gives
  /// orphans to the first thread, so that the cost of finding a child's orphans does not depend on
  /// the number of children.
  [[nodiscard]] int supervise(Events& events) {
    return std::async(std::launch::async, [&] { return supervisor_.run(events); }).get();
  }

  /// Returns null if there is nothing to collect, or if the collector that runs can go on.
  [[nodiscard]] std::unique_ptr<Collector> make_collector(const CollectionConfig& collection) {
    if (!collection.enabled || collector_) return nullptr;
    try {
      return std::make_unique<Collector>(registry_, collection.interval);
    } catch (const std::system_error& failure) {
      throw std::runtime_error(
          fmt::format("cannot start the thread that collects: {}", failure.code().message()));
    }
  }

  /// Collects as `config_` says. Does not throw.
  void apply_collection(std::unique_ptr<Collector> made) {
    const CollectionConfig& collection = config_.metrics.collection;
    ticks_.set_interval(collection.interval);
    limits_.set_interval(collection.interval);
    if (made) collector_ = std::move(made);
    if (!collection.enabled) {
      collector_.reset();
      limits_.forget_breaches();
    } else if (collector_->interval() != collection.interval) {
      collector_->set_interval(collection.interval);
    }
  }

  [[nodiscard]] ReloadReport apply(const Config& next) {
    ReloadReport report = apply_config(next);
    if (report.refusal.empty() && report.faults.empty()) publish_reload_event(hub_, report);
    release_unused_code();
    return report;
  }

  /// Runs on the reloader's thread. Steps that can fail come first, so that a failure changes
  /// nothing.
  [[nodiscard]] ReloadReport apply_config(Config next) {
    ReloadReport report;
    if (refuses_empty(next, report)) return report;
    keep_what_cannot_change(next, report);
    note_settings(next, report);
    auto endpoints = endpoints_for(next);
    auto collector = make_collector(next.metrics.collection);
    predecessors_.reserve(predecessors_.size() + 1);
    if (!replace_processes(next, report)) return report;
    limits_.set_processes(next.processes);
    const Config before = std::exchange(config_, std::move(next));
    if (before.metrics.collection != config_.metrics.collection) {
      apply_collection(std::move(collector));
    }
    if (endpoints) replace_endpoints(std::move(endpoints));
    return report;
  }

  void replace_endpoints(std::unique_ptr<Endpoints> endpoints) {
    // The predecessor still has to answer the request for this reload.
    predecessors_.push_back(std::exchange(endpoints_, std::move(endpoints)));
    for (const auto& predecessor : predecessors_) predecessor->retire(config_.server.auth);
    endpoints_->start();
  }

  /// Refuses a configuration without processes if there were some: a file that is being written may
  /// look like that.
  [[nodiscard]] bool refuses_empty(const Config& next, ReloadReport& report) const {
    if (!next.processes.empty() || config_.processes.empty()) return false;
    report.faults.emplace_back(
        "the configuration names no process, while some are supervised: is the file being "
        "written? To end them all, stop them, or end provisrd");
    return true;
  }

  /// Restores in `next` what cannot change before the next start, such as the size and place of
  /// histories.
  void keep_what_cannot_change(Config& next, ReloadReport& report) const {
    const auto keep = [&report](const auto& kept, auto& changed, std::string_view key) {
      if (changed == kept) return;
      changed = kept;
      report.at_next_start.emplace_back(key);
    };
    keep(config_.metrics.collection.max_history, next.metrics.collection.max_history,
         "metrics.process_metrics.max_history");
    keep(config_.metrics.collection.further_figures, next.metrics.collection.further_figures,
         "metrics.process_metrics.collect");
    keep(config_.daemon.state_dir, next.daemon.state_dir, "daemon.state_dir");
  }

  /// Returns null if the endpoints stay as they are.
  [[nodiscard]] std::unique_ptr<Endpoints> endpoints_for(const Config& next) {
    if (have_same_endpoints(next, config_)) return renewed_endpoints(next);
    return bound_endpoints(next);
  }

  /// Listens again if the file of a Unix socket is gone. Returns null otherwise, or if that fails.
  [[nodiscard]] std::unique_ptr<Endpoints> renewed_endpoints(const Config& next) {
    if (endpoints_->is_reachable()) return nullptr;
    std::unique_ptr<Endpoints> renewed = bound_endpoints(next);
    return renewed->is_reachable() ? std::move(renewed) : nullptr;
  }

  [[nodiscard]] std::unique_ptr<Endpoints> bound_endpoints(const Config& next) {
    auto endpoints = make_endpoints(next, true);
    Endpoints::Predecessors predecessors{endpoints_.get()};
    for (const auto& predecessor : predecessors_) predecessors.push_back(predecessor.get());
    endpoints->bind(predecessors);
    endpoints->prepare();
    return endpoints;
  }

  [[nodiscard]] bool replace_processes(const Config& next, ReloadReport& report) {
    Command command{.verb = Command::Verb::reload, .target = {}, .processes = next.processes};
    command.history_ttl = next.metrics.collection.history_ttl;
    command.interval = next.metrics.collection.interval;
    // Owned by the handler alone: a reply that is lost throws here and is not waited for.
    auto promise = std::make_shared<std::promise<CommandReply>>();
    auto future = promise->get_future();
    supervisor_.submit(
        std::move(command),
        [promise = std::move(promise)](const CommandReply& reply) { promise->set_value(reply); });
    CommandReply reply = future.get();
    report.processes = std::move(reply.changes);
    if (reply.outcome == CommandReply::Outcome::done) return true;
    report.refusal = std::move(reply.error);
    return false;
  }

  /// At first leaves them as they are, because a client that one of them has accepted may be about
  /// to send a request. Then waits until they have sent their pending answers, including those to
  /// commands with `wait`.
  void end_predecessors(const std::function<bool()>& is_wanted) {
    constexpr std::chrono::seconds patience{1};
    constexpr std::size_t max_kept = 8;
    const auto is_over = [&] {
      std::erase_if(predecessors_, [](const auto& one) { return one->is_drained(); });
      return predecessors_.empty() || is_wanted();
    };
    wait_until(is_over, patience);
    if (!is_wanted()) {
      for (const auto& predecessor : predecessors_) predecessor->finish();
    }
    wait_until(is_over, Control::longest_wait);
    const std::size_t kept = is_wanted() ? max_kept : 0;
    const std::size_t ended = predecessors_.size() - std::min(predecessors_.size(), kept);
    predecessors_.erase(predecessors_.begin(),
                        predecessors_.begin() + static_cast<std::ptrdiff_t>(ended));
  }

  void note_settings(const Config& next, ReloadReport& report) const {
    if (next.server != config_.server) report.settings.emplace_back("server");
    if (next.metrics != config_.metrics) report.settings.emplace_back("metrics");
  }

  Config config_;
  const Log& log_;
  const ServiceManager& manager_;
  const Timestamp started_at_ = Clock::system().utc_now();
  std::unique_ptr<StateDirectory> state_;  ///< null: no state outlives this daemon
  EventHub hub_;
  ProcessEvents process_events_{hub_};
  TickWatch ticks_;
  LimitWatch limits_;
  Registry registry_;
  Supervisor supervisor_;
  HttpMonitor api_monitor_;
  HttpMonitor metrics_monitor_;
  std::unique_ptr<Collector> collector_;  ///< null: collection is disabled
  std::optional<Reloader> reloader_;      ///< stopped before the endpoints end, which may ask it
  std::unique_ptr<Endpoints> endpoints_;
  std::vector<std::unique_ptr<Endpoints>> predecessors_;  ///< may still have clients
};

}  // namespace

int run_daemon(const Config& config, Supervisor::Until until, const Log& log,
               const ServiceManager& manager, std::function<LoadedConfig()> load) {
  Events events;
  events.stay_until_exit();
  raise_descriptor_limit();
  return Daemon(config, until, std::move(load), log, manager).run(events);
}

}  // namespace provisr::daemon
