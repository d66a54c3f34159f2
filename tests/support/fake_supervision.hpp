#pragma once

#include "daemon/supervisor/supervisor.hpp"
#include "support/fake_children.hpp"
#include "support/log_capture.hpp"
#include "support/manual_clock.hpp"

#include <provisr/registry.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::test {

/// A supervisor of fake children, with a clock that the test advances.
class FakeSupervision {
 public:
  explicit FakeSupervision(std::vector<daemon::ProcessConfig> processes,
                           daemon::Supervisor::Until mode = daemon::Supervisor::Until::stopped)
      : processes_(std::move(processes)), mode_(mode) {}

  /// What `track` returns from now on, and the number of its calls.
  std::error_code track_error;
  int tracked = 0;

  /// The orphans that are there, with the launch ids in their environments, and the calls of
  /// `adopt_orphan`.
  std::map<ProcessId, std::string> launch_ids;
  std::vector<std::pair<std::string, ProcessId>> adopted;
  std::error_code adopt_error;
  bool lacks_thread = false;  ///< to read environments

  /// The jitter of pauses; 0: every pause is as short as possible.
  double random_fraction = 0;

  /// Options of the supervisor. Set them before the first call of supervisor().
  bool can_measure_children = true;
  bool cannot_identify = false;  ///< may change later
  daemon::ProcessMemory* memory = nullptr;
  std::vector<daemon::ExitRecord> exits_before;
  std::function<void()> on_heartbeat;  ///< each second
  std::function<void(std::chrono::milliseconds longest)> on_stop;

  /// Returns the supervisor. The first call creates it.
  daemon::Supervisor& supervisor() {
    if (!supervisor_) supervisor_.emplace(processes_, registry, log.log(), mode_, options());
    return *supervisor_;
  }

  /// Starts the processes: their first starts need no wait.
  void start() { update(); }
  void update() { supervisor().update(); }
  void advance(std::chrono::milliseconds by) {
    clock.advance(by);
    update();
  }
  [[nodiscard]] daemon::ProcessStatus status(std::size_t index = 0) {
    return *supervisor().status()->at(index);
  }
  [[nodiscard]] std::chrono::nanoseconds until_next_deadline() {
    return supervisor().next_deadline() - clock.monotonic_now();
  }

  SampleScope tracked_scope = SampleScope::process;  ///< of the latest call of `track`
  ManualClock clock;
  LogCapture log;
  FakeChildren children;
  Registry registry;

 private:
  daemon::SupervisorOptions options() {
    return {.launch = children.launcher(),
            .find = daemon::system_process_finder(),
            .track =
                [this](std::string_view, ProcessId, const TrackOptions& options) {
                  ++tracked;
                  tracked_scope = options.scope;
                  return track_error;
                },
            .adopt_orphan =
                [this](std::string_view name, ProcessId orphan) {
                  adopted.emplace_back(name, orphan);
                  return adopt_error;
                },
            .origins_of = [this](const auto& processes) { return origins_of(processes); },
            .children_of = [this](ProcessId parent) { return orphans_of(parent); },
            .exists = [](ProcessId) { return false; },
            .can_measure_children = can_measure_children,
            .random_fraction = [this] { return random_fraction; },
            .memory = memory,
            .exits_before = exits_before,
            .adopt = [this](const auto& leader, auto...) { return children.adopt(leader); },
            .adopt_leftovers =
                [this](const daemon::ProcessIdentity& leader, std::string_view launch_id) {
                  return children.adopt_leftovers(leader, launch_id);
                },
            .identify =
                [this](ProcessId pid) {
                  return cannot_identify ? std::nullopt : std::optional(identity(pid));
                },
            .ended_children = &children,
            .clock = &clock,
            .on_stop = on_stop,
            .on_heartbeat = on_heartbeat};
  }

  [[nodiscard]] daemon::OriginSearch origins_of(const std::vector<ProcessId>& processes) const {
    daemon::OriginSearch origins{.is_complete = !lacks_thread};
    if (lacks_thread) return origins;
    for (const ProcessId pid : processes) {
      const auto found = launch_ids.find(pid);
      if (found != launch_ids.end()) origins.found.push_back({pid, found->second});
    }
    return origins;
  }
  [[nodiscard]] std::vector<ProcessId> orphans_of(ProcessId parent) const {
    std::vector<ProcessId> orphans;
    if (parent != FakeChildren::adopter_of_orphans) return orphans;
    for (const auto& [pid, launch_id] : launch_ids) orphans.push_back(pid);
    return orphans;
  }

  std::vector<daemon::ProcessConfig> processes_;
  daemon::Supervisor::Until mode_;
  std::optional<daemon::Supervisor> supervisor_;
};

/// A process memory that lasts as long as the object.
class FakeMemory final : public daemon::ProcessMemory {
 public:
  [[nodiscard]] std::vector<std::string> names() const override {
    std::vector<std::string> names;
    for (const auto& [name, process] : known) names.push_back(name);
    return names;
  }
  [[nodiscard]] std::optional<daemon::RememberedProcess> recall(
      std::string_view name) const override {
    const auto found = known.find(name);
    return found == known.end() ? std::nullopt : std::optional(found->second);
  }
  bool remember(std::string_view name, const daemon::RememberedProcess& process) override {
    if (!is_full) known[std::string(name)] = process;
    return !is_full;
  }
  void forget(std::string_view name) override { known.erase(std::string(name)); }

  std::map<std::string, daemon::RememberedProcess, std::less<>> known;
  bool is_full = false;
};

/// Returns the configuration of a process that provisrd runs.
[[nodiscard]] inline daemon::ProcessConfig child_config(std::string name = "app") {
  daemon::ProcessConfig config;
  config.name = std::move(name);
  config.argv = {"program"};
  config.restart_interval = std::chrono::seconds(2);
  config.stop_timeout = std::chrono::seconds(5);
  config.start_duration = std::chrono::milliseconds(0);
  return config;
}

/// Returns the configuration of a process that is restarted whenever it ends.
[[nodiscard]] inline daemon::ProcessConfig restarting() {
  daemon::ProcessConfig config = child_config();
  config.auto_restart = true;
  return config;
}

/// Returns the configuration of a process that is found by a PID file, which does not exist.
[[nodiscard]] inline daemon::ProcessConfig foreign_config() {
  daemon::ProcessConfig config;
  config.name = "nginx";
  config.pid_file = "/no/such/file.pid";
  return config;
}

}  // namespace provisr::test
