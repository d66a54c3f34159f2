#include "daemon/cli/top/board.hpp"

#include "daemon/base/json_text.hpp"
#include "daemon/base/timestamp.hpp"
#include "daemon/cli/client/json_answer.hpp"
#include "daemon/cli/client/terminal_text.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace provisr::daemon {
namespace {

using rapidjson::Value;

[[nodiscard]] UsageReport usage_in(const Value& sample) {
  return {.cpu_percent = find_number(sample, "cpu_percent"),
          .memory_mb = find_number(sample, "memory_mb"),
          .threads = find_count(sample, "num_threads"),
          .descriptors = find_count(sample, "num_fds")};
}

[[nodiscard]] std::string age_of(const std::string& time, Timestamp now) {
  const auto then = parse_rfc3339(time);
  if (!then) return "at an unknown time";
  using std::chrono::seconds;  // nanoseconds do not hold the age of the earliest times
  const auto age = std::chrono::floor<seconds>(now) - std::chrono::floor<seconds>(*then);
  return age.count() <= 0 ? "just now" : format_age(age) + " ago";
}

[[nodiscard]] bool has_ended_well(const ProcessReport& report) {
  return report.state == "exited" && report.last_exit &&
         report.last_exit->description == "exit code 0";
}

/// Describes the problem of a process that is not up; empty if nothing is wrong.
[[nodiscard]] std::string state_in_words(const ProcessReport& report) {
  if (report.state == "backoff") return "waits to be restarted";
  if (report.state == "failed") return "failed, will not be started again";
  if (report.state == "absent") return "is not there";
  if (report.state == "exited" && !has_ended_well(report)) return "has ended, is not restarted";
  return {};
}

void add_clause(std::string& text, std::string_view separator, const std::string& clause) {
  if (clause.empty()) return;
  if (!text.empty()) text += separator;
  text += clause;
}

/// The ends of a process that no command asked for.
struct Ends {
  const ExitReport* newest = nullptr;
  std::size_t count = 0;
};

[[nodiscard]] std::map<std::string_view, Ends> unasked_ends(const std::vector<ExitReport>& exits) {
  std::map<std::string_view, Ends> ends;
  for (const ExitReport& exit : exits) {
    if (!exit.is_unrequested()) continue;
    Ends& of_name = ends[exit.name];
    if (of_name.newest == nullptr) of_name.newest = &exit;
    ++of_name.count;
  }
  return ends;
}

[[nodiscard]] std::string end_in_words(const ProcessReport& report, const Ends& ends,
                                       Timestamp now) {
  if (ends.newest == nullptr) {
    if (!report.last_exit) return {};
    return fmt::format("ended {}: {}", age_of(report.last_exit->at, now),
                       report.last_exit->description);
  }
  std::string text =
      fmt::format("ended {}: {}", age_of(ends.newest->ended_at, now), to_words(*ends.newest));
  if (ends.count > 1) {
    text += fmt::format(", {} times in {} min", ends.count, problem_window.count());
  }
  return text;
}

/// Describes the problem of a process that is up: over a limit, or restarted after a bad end.
[[nodiscard]] std::string trouble_of_running(const ProcessReport& report, const Ends& ends,
                                             Timestamp now) {
  std::string text;
  if (!report.over_limits.empty()) text = "over its limits: " + report.over_limits;
  if (ends.newest != nullptr && ends.newest->description != "exit code 0") {
    add_clause(text, "; ", "runs again, " + end_in_words(report, ends, now));
  }
  return text;
}

[[nodiscard]] Problem problem_of(const ProcessReport& report, const Ends& ends, Timestamp now) {
  const StateKind kind = kind_of(report);
  if (kind == StateKind::up) return {report.name, trouble_of_running(report, ends, now), false};
  std::string text = state_in_words(report);
  if (text.empty()) return {};
  add_clause(text, ": ", end_in_words(report, ends, now));
  add_clause(text, "; ", report.last_error);
  return {report.name, text, kind == StateKind::down};
}

[[nodiscard]] std::vector<Problem> problems_of(const Look& look, Timestamp now) {
  const auto ends = unasked_ends(look.exits);
  std::vector<Problem> problems;
  for (const ProcessReport& report : look.processes) {
    const auto found = ends.find(report.name);
    Problem problem = problem_of(report, found == ends.end() ? Ends() : found->second, now);
    if (!problem.text.empty()) problems.push_back(std::move(problem));
  }
  std::stable_partition(problems.begin(), problems.end(),
                        [](const Problem& problem) { return problem.is_down; });
  return problems;
}

void add_known(std::optional<double>& total, const std::optional<double>& figure) {
  if (figure) total = total.value_or(0) + *figure;
}

void count(Totals& totals, const TopProcess& process) {
  switch (kind_of(process.report)) {
    case StateKind::up:
      ++totals.up;
      break;
    case StateKind::waiting:
      ++totals.waiting;
      break;
    case StateKind::down:
      ++totals.down;
      break;
    case StateKind::stopped:
      ++totals.stopped;
      break;
  }
  add_known(totals.cpu_percent, process.usage.cpu_percent);
  add_known(totals.memory_mb, process.usage.memory_mb);
}

using KnownProcesses = std::map<std::string, TopProcess>;

/// Continues the CPU history of a name. A change of process is shown as a gap.
[[nodiscard]] CpuHistory history_of(const ProcessReport& report, const TopSample* sample,
                                    Look& look, KnownProcesses& known) {
  CpuHistory history;
  const auto asked = look.histories.find(report.name);
  const auto before = known.find(report.name);
  if (before != known.end()) history = std::move(before->second.cpu);
  if (asked != look.histories.end()) history = std::move(asked->second);
  const bool is_another = before != known.end() && before->second.report.pid != report.pid;
  if (asked == look.histories.end() && is_another) history.add(std::nullopt);
  if (sample != nullptr && sample->timestamp > history.newest) {
    history.add(sample->usage.cpu_percent);
    history.newest = sample->timestamp;
  }
  return history;
}

[[nodiscard]] std::optional<MemoryPoint> memory_point(std::optional<double> mb,
                                                      const std::string& timestamp) {
  const auto at = parse_rfc3339(timestamp);
  if (!mb || !at) return std::nullopt;
  return MemoryPoint{std::chrono::duration_cast<std::chrono::milliseconds>(at->time_since_epoch()),
                     *mb};
}

/// Continues the memory history of the running process. Starts again for another process, whose
/// memory is not growth of the previous one.
[[nodiscard]] MemoryHistory memory_of(const ProcessReport& report, const TopSample* sample,
                                      Look& look, KnownProcesses& known) {
  MemoryHistory memory;
  const auto asked = look.memories.find(report.name);
  const auto before = known.find(report.name);
  if (asked != look.memories.end()) {
    memory = std::move(asked->second);
  } else if (before != known.end() && before->second.report.pid == report.pid) {
    memory = std::move(before->second.memory);
  }
  if (sample == nullptr) return memory;
  if (const auto point = memory_point(sample->usage.memory_mb, sample->timestamp)) {
    memory.add(*point);
  }
  return memory;
}

void add_growth(std::vector<Problem>& problems, const std::vector<TopProcess>& processes) {
  for (const TopProcess& process : processes) {
    const bool is_told_worse = !process.report.over_limits.empty();
    if (!process.report.is_running() || is_told_worse) continue;
    if (const auto growth = growth_of(process.memory)) {
      problems.push_back({process.report.name, to_words(*growth), false});
    }
  }
}

void write_machine(JsonText& json, const ServerMachine& machine) {
  if (!machine.name.empty()) json.member("name", machine.name);
  if (machine.cpus) json.member("cpus", *machine.cpus);
  if (machine.memory_mb) json.member("memory_mb", *machine.memory_mb);
}

void write_process(JsonText& json, const TopProcess& process) {
  const ProcessReport& report = process.report;
  json.member("name", report.name);
  json.member("base", base_of(report.name));
  json.member("state", report.state);
  if (report.pid) json.member("pid", *report.pid);
  if (report.uptime) json.member("uptime_seconds", std::int64_t{report.uptime->count()});
  if (report.restarts) json.member("restarts", *report.restarts);
  if (process.usage.cpu_percent) json.member("cpu_percent", *process.usage.cpu_percent);
  if (process.usage.memory_mb) json.member("memory_mb", *process.usage.memory_mb);
  if (process.usage.threads) json.member("num_threads", *process.usage.threads);
  if (process.usage.descriptors) json.member("num_fds", *process.usage.descriptors);
}

void write_totals(JsonText& json, const Totals& totals) {
  json.member("up", std::uint64_t{totals.up});
  json.member("waiting", std::uint64_t{totals.waiting});
  json.member("down", std::uint64_t{totals.down});
  json.member("stopped", std::uint64_t{totals.stopped});
  if (totals.cpu_percent) json.member("cpu_percent", *totals.cpu_percent);
  if (totals.memory_mb) json.member("memory_mb", *totals.memory_mb);
}

}  // namespace

void CpuHistory::add(std::optional<double> value) {
  values.push_back(value);
  if (values.size() > longest) values.pop_front();
}

TopSamples parse_samples(std::string_view json) {
  TopSamples samples;
  try {
    const rapidjson::Document answer = parse_answer(json);
    if (!answer.IsObject()) return {};
    for (const auto& member : answer.GetObject()) {
      samples[{member.name.GetString(), member.name.GetStringLength()}] = {
          usage_in(member.value), find_text(member.value, "timestamp").value_or("")};
    }
  } catch (const InvalidAnswer&) {
    return {};
  }
  return samples;
}

namespace {

/// Calls `visit` with each sample of a history, and with whether the previous sample was of another
/// process. Returns false if the answer is not a history.
template <class Visit>
[[nodiscard]] bool for_each_sample(std::string_view json, Visit visit) {
  try {
    const rapidjson::Document answer = parse_answer(json);
    const Value* const rows = find_member(answer, "history");
    if (rows == nullptr || !rows->IsArray()) return false;
    std::optional<std::uint64_t> last_pid;
    for (const Value& row : rows->GetArray()) {
      const auto pid = find_count(row, "pid");
      visit(row, last_pid && pid != last_pid);
      last_pid = pid;
    }
    return true;
  } catch (const InvalidAnswer&) {
    return false;
  }
}

}  // namespace

CpuHistory parse_cpu_history(std::string_view json) {
  CpuHistory history;
  const bool is_history = for_each_sample(json, [&](const Value& row, bool is_of_another) {
    if (is_of_another) history.add(std::nullopt);
    history.add(find_number(row, "cpu_percent"));
    history.newest = find_text(row, "timestamp").value_or("");
  });
  return is_history ? history : CpuHistory();
}

MemoryHistory parse_memory_history(std::string_view json) {
  MemoryHistory history;
  const bool is_history = for_each_sample(json, [&](const Value& row, bool is_of_another) {
    if (is_of_another) history.clear();
    const auto point =
        memory_point(find_number(row, "memory_mb"), find_text(row, "timestamp").value_or(""));
    if (point) history.add(*point);
  });
  return is_history ? history : MemoryHistory();
}

StateKind kind_of(const ProcessReport& report) {
  const std::string_view state = report.state;
  if (state == "running" || state == "starting") return StateKind::up;
  if (state == "backoff" || state == "stopping") return StateKind::waiting;
  return state == "stopped" || has_ended_well(report) ? StateKind::stopped : StateKind::down;
}

/// The charts get a gap for all of the time without an answer.
void Board::note_failure(std::chrono::steady_clock::time_point now) {
  if (failing_since) return;
  failing_since = now;
  for (TopProcess& process : processes) process.cpu.add(std::nullopt);
}

void Board::take(Look look, Timestamp now, std::chrono::steady_clock::time_point steady_now) {
  failure = look.failure;
  if (!failure.empty()) return note_failure(steady_now);
  failing_since.reset();
  problems = problems_of(look, now);
  KnownProcesses known;
  for (TopProcess& process : processes) known[process.report.name] = std::move(process);
  processes.clear();
  totals = {};
  machine = look.machine;
  for (const ProcessReport& report : look.processes) {
    const auto found = look.samples.find(report.name);
    const TopSample* const sample = found == look.samples.end() ? nullptr : &found->second;
    processes.push_back({report, sample == nullptr ? UsageReport() : sample->usage,
                         history_of(report, sample, look, known),
                         memory_of(report, sample, look, known)});
    count(totals, processes.back());
  }
  if (totals.up == 0) {
    add_known(totals.cpu_percent, 0.0);
    add_known(totals.memory_mb, 0.0);
  }
  add_growth(problems, processes);
  if (!look.unmeasured.empty()) {
    problems.insert(problems.begin(),
                    {"provisrd", "reports no figures: " + look.unmeasured, false});
  }
}

std::string board_json(const Board& board) {
  JsonText json;
  json.object([&] {
    json.member("server", board.server);
    json.key("totals");
    json.object([&] { write_totals(json, board.totals); });
    json.key("machine");
    json.object([&] { write_machine(json, board.machine); });
    json.key("problems");
    json.array([&] {
      for (const Problem& problem : board.problems) {
        json.object([&] {
          json.member("name", problem.name);
          json.member("text", problem.text);
        });
      }
    });
    json.key("processes");
    json.array([&] {
      for (const TopProcess& process : board.processes) {
        json.object([&] { write_process(json, process); });
      }
    });
  });
  return json.str();
}

}  // namespace provisr::daemon
