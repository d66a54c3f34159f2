#include "daemon/api/api.hpp"

#include "daemon/api/exits_json.hpp"
#include "daemon/api/history.hpp"
#include "daemon/api/json.hpp"
#include "daemon/api/parameters.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] Snapshot::Process required_process(const Snapshot& snapshot, std::string_view name) {
  const auto process = snapshot.find(name);
  if (!process) throw Refusal{404, fmt::format("there is no process named \"{}\"", name)};
  return *process;
}

[[nodiscard]] bool is_of(const Target& target, std::string_view name) {
  return target.is_base ? is_instance_of(name, target.name) : name == target.name;
}

/// Those that the request is about; throws Refusal if there are none.
[[nodiscard]] StatusList part_of(const StatusList& all, const Target& target) {
  StatusList part;
  std::copy_if(all.begin(), all.end(), std::back_inserter(part),
               [&](const auto& process) { return is_of(target, process->name); });
  if (!part.empty()) return part;
  throw Refusal{404, fmt::format("there is no process {} \"{}\"",
                                 target.is_base ? "of the base" : "named", target.name)};
}

}  // namespace

Api::Api(Sources sources)
    : sources_(std::move(sources)), all_metrics_([](const Snapshot& snapshot, std::string& text) {
        text = metrics_json(snapshot);
      }) {}

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
  add("/metrics/history", "its samples, oldest first", {{"name", "NAME", Presence::required}},
      &Api::history);
  add("/metrics/group", "BASE, BASE-1, BASE-2, ... together",
      {{"base", "BASE", Presence::required}}, &Api::group);
  add("/status", "what is managed, running or not",
      {{"name", "NAME", Presence::optional}, {"base", "BASE", Presence::optional}}, &Api::status);
  add("/exits", "the latest ends of processes, the newest first",
      {{"name", "NAME", Presence::optional}, {"since", "TIME", Presence::optional}}, &Api::exits);
}

HttpAnswer Api::metrics(const HttpQuery& query) {
  require_collection();
  if (const auto name = optional_name(query, "name")) return sample(*name);
  return shared_answer("application/json", all_metrics_.of(sources_.registry.snapshot()));
}

HttpAnswer Api::sample(std::string_view name) const {
  const Snapshot snapshot = sources_.registry.snapshot();
  const auto process = required_process(snapshot, name);
  if (!process.running()) {
    throw Refusal{404, fmt::format("the process \"{}\" is known but not running", name)};
  }
  return json_answer(sample_json(name, process.metrics()));
}

HttpAnswer Api::history(const HttpQuery& query) {
  require_collection();
  const std::string name = required_name(query, "name");
  const Snapshot snapshot = sources_.registry.snapshot();
  return history_answer(name, required_process(snapshot, name).history_view());
}

HttpAnswer Api::group(const HttpQuery& query) {
  require_collection();
  const std::string base = required_name(query, "base");
  const Snapshot snapshot = sources_.registry.snapshot();
  const auto totals = group_totals(snapshot, base);
  if (!totals) throw Refusal{404, fmt::format("there is no process of the base \"{}\"", base)};
  return json_answer(group_json(base, *totals, snapshot));
}

HttpAnswer Api::status(const HttpQuery& query) {
  const std::optional<Target> target = optional_target(query);
  const ListeningOn listening{.api = sources_.api_server.address(),
                              .metrics = sources_.metrics_server.address()};
  const SharedStatusList all = sources_.status();
  return json_answer(status_json(target ? part_of(*all, *target) : *all, listening,
                                 Clock::system().monotonic_now()));
}

HttpAnswer Api::exits(const HttpQuery& query) {
  const std::string name = optional_name(query, "name").value_or("");
  const Timestamp since = optional_time(query, "since").value_or(Timestamp());
  return json_answer(exits_json(sources_.exits.find(name, since)));
}

void Api::require_collection() const {
  if (!sources_.is_collecting) {
    throw Refusal{503, "collection is disabled: [metrics.process_metrics] enabled = false"};
  }
}

}  // namespace provisr::daemon
