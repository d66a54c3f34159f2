#include "daemon/api/api.hpp"

#include "daemon/api/json.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace provisr::daemon {
namespace {

/// A request that cannot be answered as asked.
struct Refusal {
  int status;
  std::string text;
};

/// The process or base name in a query; throws Refusal where it is missing or is no name.
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

[[nodiscard]] HttpAnswer index_of(const std::string& base_path) {
  return {.status = 200,
          .content_type = "text/plain; charset=utf-8",
          .body = std::make_shared<const std::string>(
              fmt::format("provisrd\n\n"
                          "GET {0}/metrics                     every running process\n"
                          "GET {0}/metrics?name=NAME           one process\n"
                          "GET {0}/metrics/history?name=NAME   its samples, oldest first\n"
                          "GET {0}/metrics/group?base=BASE     BASE, BASE-1, BASE-2, ... together\n"
                          "GET {0}/status                      what is managed, running or not\n",
                          base_path))};
}

}  // namespace

Api::Api(Sources sources)
    : sources_(std::move(sources)), all_metrics_([](const Snapshot& snapshot, std::string& text) {
        text = metrics_json(snapshot);
      }) {}

void Api::add_routes(HttpServer& server, const std::string& base_path) {
  const auto add = [&](std::string_view path, HttpAnswer (Api::*member)(const HttpQuery&)) {
    server.add_route(base_path + std::string(path), [this, member](const HttpQuery& query) {
      return answer_or_refuse([&] { return (this->*member)(query); });
    });
  };
  add("/metrics", &Api::metrics);
  add("/metrics/history", &Api::history);
  add("/metrics/group", &Api::group);
  add("/status", &Api::status);
  server.add_route("/", [index = index_of(base_path)](const HttpQuery&) { return index; });
}

HttpAnswer Api::metrics(const HttpQuery& query) {
  require_collection();
  if (query.find("name")) return sample(required_name(query, "name"));
  return {.status = 200,
          .content_type = "application/json",
          .body = all_metrics_.of(sources_.registry.snapshot())};
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
  return json_answer(status_json(sources_.status(), Clock::system().utc_now()));
}

void Api::require_collection() const {
  if (!sources_.is_collecting) {
    throw Refusal{503, "collection is disabled: [metrics.process_metrics] enabled = false"};
  }
}

}  // namespace provisr::daemon
