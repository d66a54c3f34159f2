#include "daemon/api/json.hpp"

#include "daemon/api/exits_json.hpp"
#include "daemon/api/sample_json.hpp"
#include "daemon/base/json_text.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/timestamp.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>

namespace provisr::daemon {
namespace {

[[nodiscard]] Figure<double> in_mebibytes(Figure<double> bytes) {
  if (!bytes) return {};
  return *bytes / (1024.0 * 1024.0);
}

[[nodiscard]] double seconds_between(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double>(std::chrono::round<std::chrono::milliseconds>(to - from))
      .count();
}

void write_last_exit(JsonText& json, const ProcessStatus& process) {
  if (!process.last_exit) return;
  json.key("last_exit");
  json.object([&] {
    write_exit_status(json, process.last_exit->status);
    json.member("description", process.last_exit->status.to_string());
    json.member("at", rfc3339(process.last_exit->at));
  });
}

void write_breach(JsonText& json, const LimitBreach& breach) {
  json.member("limit", to_text(breach.figure));
  json.member("value", breach.value);
  json.member("max", breach.limit);
  json.member("since", rfc3339(breach.since));
  json.member("action", to_text(breach.action));
}

using BreachesByName = std::multimap<std::string_view, const LimitBreach*>;

/// Writes the breaches of the running process. Breaches of an earlier process of the name are over.
void write_breaches(JsonText& json, const ProcessStatus& process, const BreachesByName& breaches) {
  std::vector<const LimitBreach*> own;
  const auto [first, last] = breaches.equal_range(process.name);
  for (auto breach = first; breach != last; ++breach) {
    if (breach->second->pid == process.pid) own.push_back(breach->second);
  }
  if (own.empty()) return;
  json.key("limits_breached");
  json.array([&] {
    for (const LimitBreach* const breach : own) json.object([&] { write_breach(json, *breach); });
  });
}

using LimitsByName = std::multimap<std::string_view, const LimitBreachCount*>;

void write_limits(JsonText& json, const ProcessStatus& process, const LimitsByName& limits) {
  const auto own = limits.equal_range(process.name);
  if (own.first == own.second) return;
  json.key("limits");
  json.object([&] {
    for (auto limit = own.first; limit != own.second; ++limit) {
      const bool is_memory = limit->second->figure == LimitFigure::memory;
      json.member(is_memory ? "max_memory_mb" : "max_cpu_percent", limit->second->limit);
    }
  });
}

/// Breaches and configured limits by the names of processes.
struct Limits {
  BreachesByName breaches;
  LimitsByName configured;
};

[[nodiscard]] Limits by_name(const LimitReport& report) {
  Limits limits;
  for (const LimitBreach& breach : *report.open) limits.breaches.emplace(breach.name, &breach);
  for (const LimitBreachCount& limit : *report.counts)
    limits.configured.emplace(limit.name, &limit);
  return limits;
}

void write_log_files(JsonText& json, const ProcessStatus& process) {
  if (process.stdout_file.empty() && process.stderr_file.empty()) return;
  json.key("log");
  json.object([&] {
    if (!process.stdout_file.empty()) json.member("stdout", name_of(process.stdout_file));
    if (!process.stderr_file.empty()) json.member("stderr", name_of(process.stderr_file));
  });
}

void write_machine(JsonText& json, const MachineReport& machine) {
  json.key("machine");
  json.object([&] {
    if (!machine.name.empty()) json.member("name", machine.name);
    if (machine.resources.cpus) json.member("cpus", *machine.resources.cpus);
    if (machine.resources.memory_bytes) {
      json.member("memory_bytes", std::uint64_t{*machine.resources.memory_bytes});
    }
  });
}

void write_status(JsonText& json, const ProcessStatus& process, MonotonicTime now,
                  const Limits& limits = {}) {
  json.member("name", process.name);
  json.member("kind", to_text(process.kind));
  json.member("state", to_text(process.state));
  if (process.pid) json.member("pid", std::int64_t{*process.pid});
  if (process.started) {
    json.member("started_at", rfc3339(process.started->at));
    json.member("uptime_seconds", seconds_between(process.started->monotonic, now));
  }
  json.member("restarts", std::uint64_t{process.restarts});
  if (process.next_start) {
    json.member("next_start_in_seconds", std::max(0.0, seconds_between(now, *process.next_start)));
  }
  write_last_exit(json, process);
  if (!process.last_error.empty()) json.member("last_error", process.last_error);
  write_limits(json, process, limits.configured);
  write_breaches(json, process, limits.breaches);
  write_log_files(json, process);
}

/// Returns the elements of an array without its brackets.
template <class Rows, class Write>
[[nodiscard]] std::string elements_of(const Rows& rows, Write&& write) {
  JsonText json;
  json.array([&] {
    for (const auto& row : rows) write(json, row);
  });
  const std::string text = json.str();
  return text.substr(1, text.size() - 2);
}

/// Writes whole values of counted figures as integers.
void write_value(JsonText& json, const FigureInfo& info, double value) {
  constexpr double beyond_integers = 0x1p64;
  const bool is_counted = info.unit != Unit::percent && info.unit != Unit::mebibytes;
  if (is_counted && value < beyond_integers && std::floor(value) == value) {
    json.member(info.json_key, static_cast<std::uint64_t>(value));
  } else {
    json.member(info.json_key, value);
  }
}

void write_step(JsonText& json, const StepRow& row, const Fields& fields) {
  json.object([&] {
    json.member("timestamp", rfc3339(row.begin));
    json.member("samples", std::uint64_t{row.samples});
    std::size_t index = 0;
    for_each_figure<figures>([&](auto figure) {
      const FigureInfo& info = decltype(figure)::info;
      const Figure<double> value = row.values[index++];
      if (!info.json_key.empty() && value && fields.has(info.json_key)) {
        write_value(json, info, *value);
      }
    });
  });
}

}  // namespace

std::string metrics_json(const Snapshot& snapshot) {
  JsonText json;
  json.object([&] {
    for (const Snapshot::Process process : snapshot) {
      if (!process.running()) continue;
      json.key(process.name());
      write_sample(json, process.name(), process.sample());
    }
  });
  return json.str();
}

std::string sample_json(std::string_view name, const SampleView& sample) {
  JsonText json;
  write_sample(json, name, sample);
  return json.str();
}

std::string history_json_begin(std::string_view key, std::string_view name) {
  JsonText json;
  json.object([&] {
    json.member(key, name);
    json.key("history");
    json.array([] {});
  });
  std::string text = json.str();
  text.resize(text.size() - history_json_end.size());
  return text;
}

std::string samples_json(std::string_view name, std::span<const SampleView> samples,
                         const Fields& fields) {
  return elements_of(samples, [&](JsonText& json, const SampleView& sample) {
    write_sample(json, name, sample, fields);
  });
}

std::string steps_json(std::span<const StepRow> rows, const Fields& fields) {
  return elements_of(rows,
                     [&](JsonText& json, const StepRow& row) { write_step(json, row, fields); });
}

std::string group_rows_json(std::span<const GroupRow> rows, const Fields& fields) {
  const auto write = [&](JsonText& json, const GroupRow& row) {
    json.object([&] {
      json.member("timestamp", rfc3339(row.begin));
      if (fields.has("process_count")) {
        json.member("process_count", std::uint64_t{row.process_count});
      }
      if (fields.has("total_cpu")) json.member("total_cpu", row.total_cpu);
      if (fields.has("total_memory")) json.member("total_memory", row.total_memory_mb);
    });
  };
  return elements_of(rows, write);
}

std::string group_json(std::string_view base, const GroupTotals& totals, const Snapshot& snapshot) {
  JsonText json;
  json.object([&] {
    json.member("base", base);
    json.member("process_count", std::uint64_t{totals.process_count});
    json.member("total_cpu", totals.total_cpu_percent);
    json.member("total_memory", in_mebibytes(totals.total_memory_bytes));
    json.member("avg_cpu", totals.avg_cpu_percent);
    json.member("avg_memory", in_mebibytes(totals.avg_memory_bytes));
    json.key("processes");
    json.object([&] {
      snapshot.for_each_instance(base, [&](const Snapshot::Process& process) {
        if (!process.running()) return;
        json.key(process.name());
        write_sample(json, process.name(), process.sample());
      });
    });
  });
  return json.str();
}

std::string started_json(const ProcessStatus& process, Timestamp at, MonotonicTime now) {
  JsonText json;
  json.object([&] {
    write_status(json, process, now);
    json.member("at", rfc3339(at));
  });
  return json.str();
}

std::string limit_json(const LimitBreach& breach, Timestamp at) {
  JsonText json;
  json.object([&] {
    json.member("name", breach.name);
    json.member("pid", std::int64_t{breach.pid});
    write_breach(json, breach);
    json.member("at", rfc3339(at));
  });
  return json.str();
}

std::string tick_json(const TickEvent& tick) {
  const TickReport& report = tick.report;
  JsonText json;
  json.object([&] {
    json.member("tick", std::uint64_t{report.tick});
    json.member("running", std::uint64_t{report.running});
    json.member("vanished", std::uint64_t{report.vanished});
    json.member("duration_seconds", std::chrono::duration<double>(report.duration).count());
    json.member("late_seconds", std::chrono::duration<double>(report.schedule.lateness).count());
    json.member("missed", std::uint64_t{report.schedule.missed});
    json.member("at", rfc3339(tick.snapshot.taken_at()));
  });
  return json.str();
}

std::string names_json(const std::vector<std::string>& names) {
  JsonText json;
  json.object([&] {
    json.key("names");
    json.array([&] {
      for (const std::string& name : names) json.text(name);
    });
  });
  return json.str();
}

std::string status_json(const StatusList& processes, const ListeningOn& listening,
                        MonotonicTime now, const LimitReport& limits, std::string_view control,
                        const MachineReport& machine) {
  const Limits named = by_name(limits);
  JsonText json;
  json.object([&] {
    json.key("processes");
    json.array([&] {
      for (const auto& process : processes) {
        json.object([&] { write_status(json, *process, now, named); });
      }
    });
    if (!control.empty()) json.member("control", control);
    json.key("listen");
    json.object([&] {
      if (listening.api) json.member("api", listening.api->to_string());
      if (listening.metrics) json.member("metrics", listening.metrics->to_string());
    });
    write_machine(json, machine);
  });
  return json.str();
}

}  // namespace provisr::daemon
