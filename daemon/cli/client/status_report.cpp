#include "daemon/cli/client/status_report.hpp"

#include "daemon/cli/client/json_answer.hpp"
#include "daemon/cli/client/terminal_text.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <unordered_set>

namespace provisr::daemon {
namespace {

using rapidjson::Value;
using Cells = std::vector<std::string>;

/// Longer than any machine runs, in seconds; a larger value is not an uptime.
constexpr double longest_uptime = 1e10;

[[nodiscard]] std::optional<std::chrono::seconds> uptime_of(const Value& entry) {
  const auto seconds = find_number(entry, "uptime_seconds");
  if (!seconds || *seconds > longest_uptime) return std::nullopt;
  return std::chrono::seconds(static_cast<std::chrono::seconds::rep>(*seconds));
}

[[nodiscard]] std::optional<ProcessReport::LastExit> last_exit_of(const Value& entry) {
  const Value* const exit = find_member(entry, "last_exit");
  if (exit == nullptr) return std::nullopt;
  ProcessReport::LastExit last{.description = find_text(*exit, "description").value_or(""),
                               .at = find_text(*exit, "at").value_or("")};
  if (last.description.empty() && last.at.empty()) return std::nullopt;
  return last;
}

[[nodiscard]] std::string_view unit_of(std::string_view limit) {
  if (limit == "memory") return " MB";
  return limit == "cpu" ? " %" : "";
}

/// Returns "memory 612.4 of 512 MB since 2026-11-25T10:00:00.000Z, cpu ...".
[[nodiscard]] std::string breaches_of(const Value& entry) {
  const Value* const breaches = find_member(entry, "limits_breached");
  if (breaches == nullptr || !breaches->IsArray()) return {};
  std::string text;
  for (const Value& breach : breaches->GetArray()) {
    const auto limit = find_text(breach, "limit");
    const auto value = find_number(breach, "value");
    const auto max = find_number(breach, "max");
    if (!limit || !value || !max) continue;
    text += fmt::format("{}{} {:.1f} of {}{}", text.empty() ? "" : ", ", *limit, *value, *max,
                        unit_of(*limit));
    if (const auto since = find_text(breach, "since")) text += " since " + *since;
  }
  return text;
}

[[nodiscard]] std::string log_file_of(const Value& entry, std::string_view stream) {
  const Value* const log = find_member(entry, "log");
  return log == nullptr ? std::string() : find_text(*log, stream).value_or("");
}

[[nodiscard]] ProcessReport report_of(const Value& entry) {
  auto name = find_text(entry, "name");
  if (!name) throw InvalidAnswer("the answer is not of a provisrd: a process in it has no name");
  return {.name = std::move(*name),
          .kind = find_text(entry, "kind").value_or(""),
          .state = find_text(entry, "state").value_or(""),
          .pid = find_count(entry, "pid"),
          .started_at = find_text(entry, "started_at").value_or(""),
          .uptime = uptime_of(entry),
          .restarts = find_count(entry, "restarts"),
          .last_exit = last_exit_of(entry),
          .last_error = find_text(entry, "last_error").value_or(""),
          .over_limits = breaches_of(entry),
          .stdout_file = log_file_of(entry, "stdout"),
          .stderr_file = log_file_of(entry, "stderr")};
}

[[nodiscard]] const Value& entries_of(const rapidjson::Document& answer) {
  const Value* const entries = find_member(answer, "processes");
  if (entries == nullptr || !entries->IsArray()) {
    throw InvalidAnswer("the answer is not of a provisrd: it lists no processes");
  }
  return *entries;
}

[[nodiscard]] std::string joined(const ProcessReport::LastExit& exit) {
  if (exit.description.empty() || exit.at.empty()) return exit.description + exit.at;
  return fmt::format("{} at {}", exit.description, exit.at);
}

template <class T>
[[nodiscard]] std::string text_of(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : std::string();
}

[[nodiscard]] std::string age_of(const ProcessReport& process) {
  return process.uptime ? format_age(*process.uptime) : std::string();
}

struct TableColumn {
  const char* head;
  bool is_always_there;
  std::string (*value)(const ProcessReport& process);
};

constexpr TableColumn table_columns[] = {
    {"NAME", true, [](const ProcessReport& process) { return process.name; }},
    {"STATE", true, [](const ProcessReport& process) { return process.state; }},
    {"PID", true, [](const ProcessReport& process) { return text_of(process.pid); }},
    {"UPTIME", true, age_of},
    {"RESTARTS", true, [](const ProcessReport& process) { return text_of(process.restarts); }},
    {"LAST EXIT", false,
     [](const ProcessReport& process) {
       return process.last_exit ? joined(*process.last_exit) : std::string();
     }},
    {"LAST ERROR", false, [](const ProcessReport& process) { return process.last_error; }},
    {"OVER LIMITS", false, [](const ProcessReport& process) { return process.over_limits; }},
};

[[nodiscard]] bool is_shown(const TableColumn& column, std::span<const ProcessReport> processes) {
  return column.is_always_there ||
         std::any_of(processes.begin(), processes.end(),
                     [&](const ProcessReport& one) { return !column.value(one).empty(); });
}

[[nodiscard]] std::string cell(const std::string& value) {
  return value.empty() ? "-" : printable(value);
}

/// A head and lines with a label and a value. Lines without a value are left out.
class TextBlock {
 public:
  explicit TextBlock(std::string_view head) : text_(printable(head) + '\n') {}

  void add(std::string_view label, std::string_view value) {
    if (!value.empty()) text_ += fmt::format("{:>12}: {}\n", label, printable(value));
  }
  void add_log(const LogTail& log) {
    add(log.label, log.file);
    for (const std::string& line : log.lines) {
      text_ += std::string(log_indentation, ' ') + line + '\n';
    }
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

[[nodiscard]] std::string state_line(const ProcessReport& process) {
  std::string line = process.state.empty() ? "-" : process.state;
  if (!process.started_at.empty()) line += " since " + process.started_at;
  if (process.uptime) line += fmt::format(", {}", format_age(*process.uptime));
  return line;
}

[[nodiscard]] std::string kind_line(std::string_view kind) {
  if (kind == "child" || kind.empty()) return {};
  if (kind == "pid_file") return "not started by provisrd, found by a PID file";
  if (kind == "match") return "not started by provisrd, found by a match";
  return std::string(kind);
}

[[nodiscard]] std::string memory_line(const UsageReport& usage) {
  if (!usage.memory_mb) return {};
  std::string line = fmt::format("{:.1f} MB", *usage.memory_mb);
  if (usage.memory_peak_mb) return line + fmt::format(" (peak: {:.1f} MB)", *usage.memory_peak_mb);
  if (!usage.memory_highest_mb) return line;
  return line + fmt::format(" (highest sample kept: {:.1f} MB)", *usage.memory_highest_mb);
}

void add_exits(TextBlock& block, std::span<const ExitReport> exits) {
  for (const ExitReport& exit : exits) {
    block.add("Exit",
              fmt::format("{}: {}", exit.ended_at.empty() ? "-" : exit.ended_at, to_words(exit)));
  }
}

void add_usage(TextBlock& block, const UsageReport& usage) {
  if (usage.cpu_percent) block.add("CPU", fmt::format("{:.1f} %", *usage.cpu_percent));
  block.add("Memory", memory_line(usage));
  block.add("Threads", text_of(usage.threads));
  block.add("Descriptors", text_of(usage.descriptors));
}

}  // namespace

std::vector<ProcessReport> parse_status(std::string_view json) {
  const rapidjson::Document answer = parse_answer(json);
  std::vector<ProcessReport> processes;
  for (const Value& entry : entries_of(answer).GetArray()) processes.push_back(report_of(entry));
  return processes;
}

ServerMachine parse_machine(std::string_view json) {
  const rapidjson::Document answer = parse_answer(json);
  const Value* const machine = find_member(answer, "machine");
  if (machine == nullptr) return {};
  auto memory = find_number(*machine, "memory_bytes");
  if (memory) memory = *memory / 1024 / 1024;
  return {.name = find_text(*machine, "name").value_or(""),
          .cpus = find_number(*machine, "cpus"),
          .memory_mb = memory};
}

UsageReport parse_usage(std::string_view json) {
  try {
    const rapidjson::Document sample = parse_answer(json);
    auto peak = find_number(sample, "memory_peak");
    if (peak) peak = *peak / 1024 / 1024;
    return {.cpu_percent = find_number(sample, "cpu_percent"),
            .memory_mb = find_number(sample, "memory_mb"),
            .threads = find_count(sample, "num_threads"),
            .descriptors = find_count(sample, "num_fds"),
            .memory_peak_mb = peak};
  } catch (const InvalidAnswer&) {
    return {};
  }
}

std::optional<double> parse_highest_memory(std::string_view json) {
  try {
    const rapidjson::Document summary = parse_answer(json);
    const Value* const figures = find_member(summary, "figures");
    const Value* const memory = figures == nullptr ? nullptr : find_member(*figures, "memory_mb");
    return memory == nullptr ? std::nullopt : find_number(*memory, "max");
  } catch (const InvalidAnswer&) {
    return std::nullopt;
  }
}

std::vector<const ProcessReport*> find_processes(std::span<const ProcessReport> processes,
                                                 std::string_view name) {
  std::vector<const ProcessReport*> members;
  for (const ProcessReport& process : processes) {
    if (process.name == name) return {&process};
    if (is_instance_of(process.name, name)) members.push_back(&process);
  }
  return members;
}

std::string filter_status(std::string_view json, const std::vector<std::string>& names) {
  const rapidjson::Document answer = parse_answer(json);
  const std::unordered_set<std::string_view> wanted(names.begin(), names.end());
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  writer.StartObject();
  writer.Key("processes");
  writer.StartArray();
  for (const Value& entry : entries_of(answer).GetArray()) {
    const auto name = find_text(entry, "name");
    if (name && wanted.contains(*name)) entry.Accept(writer);
  }
  writer.EndArray();
  writer.EndObject();
  return {text.GetString(), text.GetSize()};
}

std::string status_table(std::span<const ProcessReport> processes) {
  std::vector<const TableColumn*> shown;
  Cells head;
  for (const TableColumn& column : table_columns) {
    if (!is_shown(column, processes)) continue;
    shown.push_back(&column);
    head.emplace_back(column.head);
  }
  std::vector<Cells> rows{head};
  for (const ProcessReport& process : processes) {
    Cells& row = rows.emplace_back();
    for (const TableColumn* const column : shown) row.push_back(cell(column->value(process)));
  }
  return aligned(rows);
}

std::string status_block(const ProcessReport& process, const UsageReport& usage,
                         std::span<const ExitReport> exits, std::span<const LogTail> logs) {
  TextBlock block(process.name);
  block.add("State", state_line(process));
  block.add("Kind", kind_line(process.kind));
  block.add("PID", text_of(process.pid));
  block.add("Restarts", text_of(process.restarts));
  if (process.last_exit) block.add("Last exit", joined(*process.last_exit));
  block.add("Last error", process.last_error);
  block.add("Over limits", process.over_limits);
  add_usage(block, usage);
  add_exits(block, exits);
  for (const LogTail& log : logs) block.add_log(log);
  return block.take();
}

}  // namespace provisr::daemon
