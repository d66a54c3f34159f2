#include "daemon/api/api.hpp"

#include "daemon/api/exits_json.hpp"
#include "daemon/api/group_history.hpp"
#include "daemon/api/history.hpp"
#include "daemon/api/json.hpp"
#include "daemon/api/parameters.hpp"
#include "daemon/api/summary.hpp"
#include "daemon/platform/listen_socket.hpp"
#include "daemon/platform/machine_resources.hpp"
#include "daemon/supervisor/exit_log.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] Snapshot::Process required_process(const Snapshot& snapshot, std::string_view name) {
  const auto process = snapshot.find(name);
  if (!process) throw unknown({.is_base = false, .name = std::string(name)});
  return *process;
}

/// Says why a known process has no sample.
[[nodiscard]] Refusal without_sample(std::string_view name, const StatusList& all) {
  const bool runs = std::ranges::any_of(
      all, [name](const auto& status) { return status->name == name && status->pid; });
  return {404, fmt::format("the process \"{}\" {}", name,
                           runs ? "runs, but has no sample yet" : "is known but not running")};
}

[[nodiscard]] bool is_of(const Target& target, std::string_view name) {
  return target.is_base ? is_instance_of(name, target.name) : name == target.name;
}

/// Returns the parameters of a history route; `whose` says whose history it is.
[[nodiscard]] std::vector<RouteParameter> with_history_parameters(RouteParameter whose) {
  return {std::move(whose),
          {"since", "TIME", Presence::optional},
          {"until", "TIME", Presence::optional},
          {"limit", "N", Presence::optional},
          {"fields", "KEY,...", Presence::optional},
          {"step", "1m", Presence::optional},
          {"agg", "avg", Presence::optional}};
}

/// Returns the processes of the target; throws Refusal if there are none.
[[nodiscard]] StatusList part_of(const StatusList& all, const Target& target) {
  StatusList part;
  std::copy_if(all.begin(), all.end(), std::back_inserter(part),
               [&](const auto& process) { return is_of(target, process->name); });
  if (!part.empty()) return part;
  throw unknown(target);
}

}  // namespace

Api::Api(Sources sources, ControlTermsHere control)
    : sources_(std::move(sources)),
      control_(std::move(control)),
      all_metrics_(
          [](const Snapshot& snapshot, std::string& text) { text = metrics_json(snapshot); }) {}

void Api::add_routes(Router& router, const std::string& base_path) {
  const auto add = [&](std::string_view path, std::string help,
                       std::vector<RouteParameter> parameters,
                       HttpAnswer (Api::*member)(const HttpQuery&)) {
    router.add({.method = "GET",
                .path = base_path + std::string(path),
                .help = std::move(help),
                .parameters = std::move(parameters),
                .handler = [this, member](const HttpRequest& request) {
                  return answer_or_refuse([&] { return (this->*member)(request.query); });
                }});
  };
  add("/metrics", "every running process, or one", {{"name", "NAME", Presence::optional}},
      &Api::metrics);
  add("/metrics/history", "its samples, oldest first",
      with_history_parameters({"name", "NAME", Presence::required}), &Api::history);
  add("/metrics/group", "BASE, BASE-1, BASE-2, ... together",
      {{"base", "BASE", Presence::required}}, &Api::group);
  add("/metrics/group/history", "its totals over time",
      with_history_parameters({"base", "BASE", Presence::required}), &Api::group_history);
  add("/metrics/summary", "how figures were distributed lately",
      {{"name", "NAME", Presence::optional},
       {"base", "BASE", Presence::optional},
       {"window", "5m", Presence::optional}},
      &Api::summary);
  add("/status", "what is managed, running or not",
      {{"name", "NAME", Presence::optional}, {"base", "BASE", Presence::optional}}, &Api::status);
  add("/exits", "the latest ends of processes, the newest first",
      {{"name", "NAME", Presence::optional},
       {"base", "BASE", Presence::optional},
       {"since", "TIME", Presence::optional}},
      &Api::exits);
}

HttpAnswer Api::metrics(const HttpQuery& query) {
  require_collection();
  if (const auto name = optional_name(query, "name")) return sample(*name);
  return shared_answer("application/json", all_metrics_.of(sources_.registry.snapshot()));
}

HttpAnswer Api::sample(std::string_view name) const {
  const Snapshot snapshot = sources_.registry.snapshot();
  const auto process = required_process(snapshot, name);
  if (!process.running()) throw without_sample(name, *sources_.status());
  return json_answer(sample_json(name, process.sample()));
}

HttpAnswer Api::history(const HttpQuery& query) {
  require_collection();
  const std::string name = required_name(query, "name");
  const Snapshot snapshot = sources_.registry.snapshot();
  return history_answer(name, required_process(snapshot, name).history_view(),
                        history_query(query, history_fields()), turns_);
}

HttpAnswer Api::group(const HttpQuery& query) {
  require_collection();
  const std::string base = required_name(query, "base");
  const Snapshot snapshot = sources_.registry.snapshot();
  const auto totals = group_totals(snapshot, base);
  if (!totals) throw unknown({.is_base = true, .name = base});
  return json_answer(group_json(base, *totals, snapshot));
}

HttpAnswer Api::group_history(const HttpQuery& query) {
  require_collection();
  return group_history_answer(required_name(query, "base"), sources_.registry.snapshot(),
                              history_query(query, group_history_fields()),
                              sources_.ticks.interval(), turns_);
}

HttpAnswer Api::summary(const HttpQuery& query) {
  constexpr std::chrono::milliseconds default_window = std::chrono::minutes(5);
  constexpr std::chrono::milliseconds longest_window = std::chrono::hours(24 * 366);
  require_collection();
  const Target target = required_target(query);
  const auto window = optional_duration(query, "window", longest_window).value_or(default_window);
  const Snapshot snapshot = sources_.registry.snapshot();
  // After the snapshot was taken, so that none of its samples is later.
  const Timestamp now = Clock::system().utc_now();
  return summary_answer(target, snapshot, window, now, sources_.ticks.interval(), turns_);
}

HttpAnswer Api::status(const HttpQuery& query) {
  const std::optional<Target> target = optional_target(query);
  const ListeningOn listening{.api = sources_.api_server.address(),
                              .metrics = sources_.metrics_server.address()};
  const MachineReport machine{.name = host_name(), .resources = machine_resources()};
  const SharedStatusList all = sources_.status();
  return json_answer(status_json(target ? part_of(*all, *target) : *all, listening,
                                 Clock::system().monotonic_now(), sources_.limits(),
                                 control_ ? to_text(control_()) : std::string_view(), machine));
}

HttpAnswer Api::exits(const HttpQuery& query) {
  const std::optional<Target> target = optional_target(query);
  const Timestamp since = optional_time(query, "since").value_or(Timestamp());
  const bool is_one = target && !target->is_base;
  ExitLog::Records records = sources_.exits.find(is_one ? target->name : std::string(), since);
  std::erase_if(records,
                [&](const auto& record) { return target && !is_of(*target, record->name); });
  return json_answer(exits_json(records));
}

void Api::require_collection() const {
  if (!sources_.is_collecting) {
    throw Refusal{503, "collection is disabled: [metrics.process_metrics] enabled = false"};
  }
}

}  // namespace provisr::daemon
