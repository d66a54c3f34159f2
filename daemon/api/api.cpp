#include "daemon/api/api.hpp"

#include "daemon/api/exits_json.hpp"
#include "daemon/api/json.hpp"
#include "daemon/base/duration.hpp"
#include "daemon/base/timestamp.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

/// A request that cannot be answered as asked.
struct Refusal {
  int status;
  std::string text;
};

/// The process or base name in a query; throws Refusal if it is missing or is no name.
[[nodiscard]] std::string required_name(const HttpQuery& query, std::string_view parameter) {
  const std::optional<std::string> name = query.find(parameter);
  if (!name) throw Refusal{400, fmt::format("the parameter \"{}\" is missing", parameter)};
  if (!is_valid_process_name(*name)) {
    throw Refusal{400, fmt::format("the parameter \"{}\" is not a process name: use 1 to {} of "
                                   "A-Z a-z 0-9 . _ - without \"..\"",
                                   parameter, max_process_name_length)};
  }
  return *name;
}

/// "-5m" is five minutes ago. Empty if it is no time.
[[nodiscard]] std::optional<Timestamp> parse_time(std::string_view text) {
  if (!text.starts_with('-')) return parse_rfc3339(text);
  try {
    return Clock::system().utc_now() - parse_duration(text.substr(1));
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

/// The time in a query; throws Refusal if it is none.
[[nodiscard]] std::optional<Timestamp> optional_time(const HttpQuery& query,
                                                     std::string_view parameter) {
  const std::optional<std::string> text = query.find(parameter);
  if (!text) return std::nullopt;
  const auto time = parse_time(*text);
  if (time) return time;
  throw Refusal{400, fmt::format("the parameter \"{}\" is not a time: use RFC 3339, as in "
                                 "2025-01-27T10:30:45Z, or an age, as in -5m",
                                 parameter)};
}

[[nodiscard]] Snapshot::Process required_process(const Snapshot& snapshot, std::string_view name) {
  const auto process = snapshot.find(name);
  if (!process) throw Refusal{404, fmt::format("there is no process named \"{}\"", name)};
  return *process;
}

template <class Handler>
[[nodiscard]] HttpAnswer answer_or_refuse(Handler&& handler) {
  try {
    return handler();
  } catch (const Refusal& refusal) {
    return error_answer(refusal.status, refusal.text);
  }
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
  add("/status", "what is managed, running or not", {}, &Api::status);
  add("/exits", "the latest ends of processes, the newest first",
      {{"name", "NAME", Presence::optional}, {"since", "TIME", Presence::optional}}, &Api::exits);
}

HttpAnswer Api::metrics(const HttpQuery& query) {
  require_collection();
  if (query.find("name")) return sample(required_name(query, "name"));
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
  return json_answer(history_json(name, required_process(snapshot, name).history()));
}

HttpAnswer Api::group(const HttpQuery& query) {
  require_collection();
  const std::string base = required_name(query, "base");
  const Snapshot snapshot = sources_.registry.snapshot();
  const auto totals = group_totals(snapshot, base);
  if (!totals) throw Refusal{404, fmt::format("there is no process of the base \"{}\"", base)};
  return json_answer(group_json(base, *totals, snapshot));
}

HttpAnswer Api::status(const HttpQuery&) {
  const ListeningOn listening{.api = sources_.api_server.address(),
                              .metrics = sources_.metrics_server.address()};
  return json_answer(status_json(*sources_.status(), listening, Clock::system().monotonic_now()));
}

HttpAnswer Api::exits(const HttpQuery& query) {
  const std::string name = query.find("name") ? required_name(query, "name") : std::string();
  const Timestamp since = optional_time(query, "since").value_or(Timestamp());
  return json_answer(exits_json(sources_.exits.find(name, since)));
}

void Api::require_collection() const {
  if (!sources_.is_collecting) {
    throw Refusal{503, "collection is disabled: [metrics.process_metrics] enabled = false"};
  }
}

}  // namespace provisr::daemon
