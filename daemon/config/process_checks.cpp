#include "daemon/config/process_checks.hpp"

#include "daemon/base/glob.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/match_checks.hpp"
#include "daemon/config/name_template.hpp"
#include "daemon/config/rules.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

void check_what_to_run(const ProcessEntry& entry) {
  const Value& keys = entry.keys;
  if (keys.has("command") && keys.has("args")) {
    keys.report().fault(keys.where("args"), "cannot be given together with command");
  }
  const bool runs = keys.has("command") || keys.has("args");
  if (!runs && entry.config.pid_file.empty() && !entry.match) {
    keys.report().fault(keys.where(),
                        "needs command or args to run, or pid_file or match to watch");
  }
  if (runs) return;
  if (entry.config.limits.action != LimitAction::log) {
    keys.report().fault(*entry.limit_action, "must be \"log\": somebody else runs this process");
  }
  for (const std::string_view key : {"work_dir", "env", "auto_restart", "restart_interval",
                                     "retry_interval", "max_restart_interval", "start_duration",
                                     "retry_count", "stop_signal", "stop_timeout", "user", "log"}) {
    if (!keys.has(key)) continue;
    keys.report().warn(keys.where(key), "has no effect: provisrd does not start this process");
  }
}

void check_match(const ProcessEntry& entry) {
  const Value& keys = entry.keys;
  if (!entry.match) {
    if (!keys.has("max_matches")) return;
    return keys.report().warn(keys.where("max_matches"), "has no effect: there is no match");
  }
  for (const std::string_view key : {"command", "args", "pid_file", "instances"}) {
    if (!keys.has(key)) continue;
    keys.report().fault(keys.where(key), "cannot be given together with match");
  }
  if (!entry.config.match || entry.config.name.empty()) return;
  const std::size_t stars = Glob(entry.config.match->args).stars();
  const std::size_t highest = NameTemplate(entry.config.name).highest();
  if (highest <= stars) return;
  keys.report().fault(
      keys.where("name"),
      fmt::format("\"{{{}}}\" stands for nothing: match.args has {} \"*\"", highest, stars));
}

void check_instances(const ProcessEntry& entry) {
  const ProcessConfig& config = entry.config;
  const Value& keys = entry.keys;
  if (config.instances == 1 || entry.match) return;
  if (!config.pid_file.empty()) {
    keys.report().fault(
        keys.where("pid_file"),
        fmt::format("cannot be shared by {} instances; one file holds one PID", config.instances));
  }
  if (config.name.empty()) return;
  const std::string longest = fmt::format("{}-{}", config.name, config.instances);
  if (!is_valid_process_name(longest)) {
    keys.report().fault(keys.where("name"),
                        fmt::format("is too long for {} instances", config.instances));
  }
}

/// Returns false and reports a fault if there are more processes than provisrd accepts.
bool check_total(const std::vector<ProcessEntry>& entries, const Location& where, Report& report) {
  std::int64_t total = 0;
  for (const ProcessEntry& entry : entries) {
    const ProcessConfig& config = entry.config;
    total += config.match ? static_cast<std::int64_t>(config.max_matches) : config.instances;
  }
  if (total <= max_processes) return true;
  report.fault(where, fmt::format("name {} processes, instances included; at most {} are allowed",
                                  total, max_processes));
  return false;
}

/// Returns "line 5", with the file's name before it if `seen_from` is in another file.
std::string place_of(const Location& where, const Location& seen_from, const Report& report) {
  if (where.file == seen_from.file) return fmt::format("line {}", where.line);
  return fmt::format("{}:{}", report.file_of(where), where.line);
}

/// Returns the names that a process occupies: those of its instances, and their base name.
std::vector<std::string> claimed_names(const ProcessConfig& process) {
  std::vector<std::string> names = instance_names(process);
  if (process.instances > 1 && !process.match) names.push_back(process.name);
  return names;
}

/// Reports at most one conflict for each process, even if several of its instances conflict.
void check_names(const std::vector<ProcessEntry>& entries, Report& report) {
  std::map<std::string, const ProcessEntry*> owners;
  for (const ProcessEntry& entry : entries) {
    if (entry.config.name.empty()) continue;
    bool reported = false;
    for (std::string& name : claimed_names(entry.config)) {
      const auto [taken, is_new] = owners.try_emplace(std::move(name), &entry);
      if (is_new || reported) continue;
      const Location where = entry.keys.where("name");
      report.fault(where, fmt::format("the name \"{}\" is taken by {}", taken->first,
                                      place_of(taken->second->keys.where("name"), where, report)));
      reported = true;
    }
  }
}

void check_pid_files(const std::vector<ProcessEntry>& entries, Report& report) {
  std::map<std::filesystem::path, const ProcessEntry*> owners;
  for (const ProcessEntry& entry : entries) {
    const ProcessConfig& config = entry.config;
    if (config.pid_file.empty() || config.is_external()) continue;
    const auto [taken, is_new] = owners.try_emplace(config.pid_file, &entry);
    if (is_new) continue;
    const Location where = entry.keys.where("pid_file");
    const Location owner = taken->second->keys.where("pid_file");
    report.fault(where, fmt::format("\"{}\" is written by {} too", name_of(config.pid_file),
                                    place_of(owner, where, report)));
  }
}

/// Warns of entries whose processes all match an earlier entry. Compares each entry with a bounded
/// number of others because the work is quadratic.
void check_matches(const std::vector<ProcessEntry>& entries, Report& report) {
  constexpr std::size_t max_compared = 200;
  std::vector<const ProcessEntry*> before;
  for (const ProcessEntry& entry : entries) {
    if (!entry.config.match) continue;
    const auto first = std::find_if(before.begin(), before.end(), [&](const ProcessEntry* other) {
      return covers(*other->config.match, *entry.config.match);
    });
    if (first != before.end()) {
      report.warn(
          *entry.match,
          fmt::format("matches nothing: every process that fits it fits the match of {}, too, "
                      "which comes first",
                      place_of(*(*first)->match, *entry.match, report)));
    }
    if (before.size() < max_compared) before.push_back(&entry);
  }
}

}  // namespace

void check_process(const ProcessEntry& entry) {
  check_what_to_run(entry);
  check_match(entry);
  check_instances(entry);
}

void check_processes(const std::vector<ProcessEntry>& entries, const Location& where,
                     Report& report) {
  if (check_total(entries, where, report)) check_names(entries, report);
  check_pid_files(entries, report);
  check_matches(entries, report);
}

}  // namespace provisr::daemon
