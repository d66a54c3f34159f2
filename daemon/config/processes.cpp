#include "daemon/config/processes.hpp"

#include "daemon/config/command.hpp"
#include "daemon/config/match_checks.hpp"
#include "daemon/config/name_template.hpp"
#include "daemon/config/process_checks.hpp"
#include "daemon/config/rules.hpp"
#include "daemon/platform/process_facts.hpp"
#include "daemon/platform/signal_names.hpp"
#include "daemon/platform/user_account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

using Entry = ProcessEntry;

void read_name(const Value& value, Entry& entry) {
  std::string name;
  if (!value.read(name)) return;
  const bool is_template = entry.keys.has("match");
  if (std::string fault = is_template ? NameTemplate::fault_in(name) : fault_in_name(name);
      !fault.empty()) {
    value.fault(std::move(fault));
  } else {
    entry.config.name = std::move(name);
  }
}

void read_type(const Value& value, Entry&) {
  std::string type;
  if (value.read(type) && type != "process" && !type.empty()) {
    value.fault(fmt::format("must be \"process\", is \"{}\"", type));
  }
}

void read_command(const Value& value, Entry& entry) {
  std::string command;
  if (!value.read(command)) return;
  try {
    ParsedCommand parsed = parse_command(command);
    entry.config.argv = std::move(parsed.argv);
    if (parsed.shell_stays) {
      value.warn("a shell runs this command and is measured together with it");
    }
  } catch (const std::invalid_argument& error) {
    value.fault(error.what());
  }
}

void read_args(const Value& value, Entry& entry) {
  std::vector<std::string> args;
  if (!value.read(args)) return;
  if (args.empty() || args.front().empty()) {
    value.fault("must name a program, as in [\"python3\", \"app.py\"]");
  } else if (!entry.keys.has("command")) {
    entry.config.argv = std::move(args);
  }
}

void read_instances(const Value& value, Entry& entry) {
  std::int64_t instances = 1;
  if (value.read(instances, instances_limits)) entry.config.instances = static_cast<int>(instances);
}

void read_retry_count(const Value& value, Entry& entry) {
  std::int64_t count = 0;
  if (value.read(count, retry_count_limits)) {
    entry.config.retry_count = static_cast<std::uint32_t>(count);
  }
}

void read_stop_signal(const Value& value, Entry& entry) {
  std::string name;
  if (!value.read(name)) return;
  if (const auto number = signal_number(name)) {
    entry.config.stop_signal = *number;
  } else {
    value.fault(fmt::format("must be one of {}, is \"{}\"", signal_names(), name));
  }
}

void read_scope(const Value& value, Entry& entry) {
  std::string name;
  if (!value.read(name)) return;
  for (const SampleScope scope : {SampleScope::process, SampleScope::tree}) {
    if (name != to_text(scope)) continue;
    entry.config.scope = scope;
    return;
  }
  value.fault(fmt::format("must be \"tree\" or \"process\", is \"{}\"", name));
}

void read_user(const Value& value, Entry& entry) {
  std::string name;
  if (!value.read(name) || name.empty()) return;
  try {
    entry.config.account = find_user(name);
    if (!entry.config.account) value.fault(fmt::format("\"{}\" is no user of this system", name));
  } catch (const std::system_error& error) {
    value.fault(fmt::format("\"{}\" cannot be looked up: {}", name, error.code().message()));
  }
}

constexpr auto log_keys = std::to_array<Key<ProcessLog>>({
    {"stdout",
     [](const Value& v, ProcessLog& log) { static_cast<void>(v.read(log.stdout_file)); },
     {"string",
      R"("")",
      {},
      "The file to which the process appends its standard output; empty: it shares that of "
      "provisrd"}},
    {"stderr",
     [](const Value& v, ProcessLog& log) { static_cast<void>(v.read(log.stderr_file)); },
     {"string", R"("")", {}, "The same for standard error"}},
    {"dir",
     [](const Value& v, ProcessLog& log) { static_cast<void>(v.read(log.directory)); },
     {"string",
      R"("")",
      {},
      "The folder of `NAME.stdout.log` and `NAME.stderr.log`, for streams that have no file above; "
      "created if missing, in a folder that exists; empty: none"}},
    // Not served:
    {"max_size_mb"},
    {"max_backups"},
    {"max_age_days"},
    {"compress"},
    {"level"},
    {"format"},
    {"color"},
    {"timestamps"},
    {"source"},
});

void read_limit(const Value& value, const Limits<double>& range, std::optional<double>& limit) {
  double number = 0;
  if (value.read(number, range)) limit = number;
}

void read_limit_action(const Value& value, ProcessLimits& limits) {
  std::string name;
  if (!value.read(name)) return;
  for (const LimitAction action : {LimitAction::log, LimitAction::restart, LimitAction::stop}) {
    if (name != to_text(action)) continue;
    limits.action = action;
    return;
  }
  value.fault(fmt::format("must be \"log\", \"restart\" or \"stop\", is \"{}\"", name));
}

constexpr auto limits_keys = std::to_array<Key<ProcessLimits>>({
    {"max_memory_mb",
     [](const Value& v, ProcessLimits& limits) {
       read_limit(v, max_memory_mb_limits, limits.max_memory_mb);
     },
     {"number", "", max_memory_mb_limits,
      "The highest allowed `memory_mb` of each instance; not set: no limit"}},
    {"max_cpu_percent",
     [](const Value& v, ProcessLimits& limits) {
       read_limit(v, max_cpu_percent_limits, limits.max_cpu_percent);
     },
     {"number", "", max_cpu_percent_limits,
      "The highest allowed `cpu_percent` of each instance, 100 for each busy core; not set: no "
      "limit"}},
    {"for",
     [](const Value& v, ProcessLimits& limits) {
       static_cast<void>(v.read(limits.breach_duration, breach_duration_limits));
     },
     {"duration", R"("30s")", breach_duration_limits,
      "A limit is breached once every valid sample has been over it for that long; if that is less "
      "than the interval, one sample is enough"}},
    {"action",
     read_limit_action,
     {"string", R"("log")", R"(`"log"`, `"restart"`, `"stop"`)",
      "What provisrd does then, besides a warning in the log; for a process that somebody else "
      "runs, only `\"log\"` is allowed"}},
});

void read_limits(const Value& value, Entry& entry) {
  read_table<ProcessLimits>(value, limits_keys, entry.config.limits);
  entry.limit_action = value.where("action");
  if (value.has("max_memory_mb") || value.has("max_cpu_percent")) return;
  value.warn("limit nothing: neither max_memory_mb nor max_cpu_percent is given");
}

using WhyNever = std::string (*)(std::string_view pattern);

void read_pattern(const Value& value, bool is_known, std::string& pattern,
                  WhyNever why_never = nullptr) {
  if (!is_known) return value.fault("is not available on this system");
  std::string text;
  if (!value.read(text)) return;
  if (text.empty() || text.size() > max_pattern_length) {
    return value.fault(
        fmt::format("must have 1 to {} bytes, has {}", max_pattern_length, text.size()));
  }
  if (why_never != nullptr) {
    if (std::string why = why_never(text); !why.empty()) value.warn(std::move(why));
  }
  pattern = std::move(text);
}

constexpr std::string_view pattern_range =
    "a pattern of 1 to 512 bytes: `*` stands for any bytes, `?` for one byte";

constexpr auto match_keys = std::to_array<Key<ProcessMatch>>({
    {"unit",
     [](const Value& v, ProcessMatch& match) {
       read_pattern(v, supported_facts().unit, match.unit, why_unit_never_matches);
     },
     {"string", "", pattern_range,
      "The systemd unit, such as `nginx.service`: the last part of `cgroup` that ends with "
      "`.service` or `.scope`; Linux only"}},
    {"cgroup",
     [](const Value& v, ProcessMatch& match) {
       read_pattern(v, supported_facts().cgroup, match.cgroup, why_cgroup_never_matches);
     },
     {"string", "", pattern_range,
      "The path of the control group, such as `/system.slice/*`; Linux only"}},
    {"exe",
     [](const Value& v, ProcessMatch& match) {
       read_pattern(v, supported_facts().exe, match.exe, why_exe_never_matches);
     },
     {"string", "", pattern_range,
      "The path of the program's file, with links resolved; for a script, the path of its "
      "interpreter"}},
    {"args",
     [](const Value& v, ProcessMatch& match) {
       read_pattern(v, supported_facts().args, match.args);
     },
     {"string", "", pattern_range,
      "The name of the program and its arguments, joined by spaces, without empty ones at the end; "
      "the first 32 KiB of them; not "
      "on Windows"}},
    {"user",
     [](const Value& v, ProcessMatch& match) {
       read_pattern(v, supported_facts().user, match.user, why_user_never_matches);
     },
     {"string", "", pattern_range,
      "The name of the effective user, or the number if the user has no name; not on Windows"}},
});

void read_match(const Value& value, Entry& entry) {
  entry.match = value.where();
  ProcessMatch match;
  if (value.table() == nullptr) return;
  read_table<ProcessMatch>(value, match_keys, match);
  const bool has_any = std::any_of(match_keys.begin(), match_keys.end(),
                                   [&](const auto& key) { return value.has(key.name); });
  if (!has_any) value.fault("must have at least one of unit, cgroup, exe, args or user");
  if (std::string why = contradiction_in(match); !why.empty()) value.warn(std::move(why));
  entry.config.match = std::move(match);
}

void read_max_matches(const Value& value, Entry& entry) {
  std::int64_t most = 0;
  if (value.read(most, max_matches_limits))
    entry.config.max_matches = static_cast<std::size_t>(most);
}

void read_spec(const Value& value, Entry& entry);

/// The keys of an entry. `type` and `spec` belong to the entry itself, the others to it or to its
/// `spec`.
constexpr auto entry_keys = std::to_array<Key<Entry>>({
    {"type",
     read_type,
     {"string", R"("process")", R"(`"process"`)", "For compatibility with the Go provisr"}},
    {"spec",
     read_spec,
     {"table", "", {}, "For compatibility with the Go provisr: holds all the keys below"}},
    {"name",
     read_name,
     {"string", "", "1 to 128 of `A-Z a-z 0-9 . _ -`, no `..`",
      "Required; unique. With `match`, `{2}` stands for the text that the second `*` of `args` "
      "matched"}},
    {"command", read_command, {"string", "", {}, "The command to run, see [Commands](#commands)"}},
    {"args",
     read_args,
     {"array of strings", "", "at least the program",
      "The program and its arguments, instead of `command`; executed without a shell"}},
    {"work_dir",
     [](const Value& v, Entry& d) { static_cast<void>(v.read(d.config.work_dir)); },
     {"string", R"("")", {}, "The working directory; empty: where provisrd was started"}},
    {"env",
     [](const Value& v, Entry& d) { read_env(v, d.config.env); },
     {"array of strings", "[]", env_range,
      "Variables of this process; they override provisrd's environment and the `env` of the file"}},
    {"instances",
     read_instances,
     {"integer", "1", instances_limits,
      "How many to run; more than one are named `NAME-1` to `NAME-N`"}},
    {"auto_restart",
     [](const Value& v, Entry& d) { static_cast<void>(v.read(d.config.auto_restart)); },
     {"boolean", "false", {}, "Whether to start the process again when it ends"}},
    {"restart_interval",
     [](const Value& v, Entry& d) {
       static_cast<void>(v.read(d.config.restart_interval, pause_limits));
     },
     {"duration", R"("1s")", pause_limits,
      "The pause before a restart. Up to a quarter is added at random, so that processes that "
      "ended together do not restart together"}},
    {"retry_interval",
     [](const Value& v, Entry& d) {
       static_cast<void>(v.read(d.config.retry_interval, pause_limits));
     },
     {"duration", "", pause_limits,
      "The pause after a failed start; doubles with each further failed start in a row; by default "
      "`restart_interval`"}},
    {"max_restart_interval",
     [](const Value& v, Entry& d) {
       static_cast<void>(v.read(d.config.max_restart_interval, pause_limits));
     },
     {"duration", R"("1m")", pause_limits,
      "The longest pause that doubling reaches; a longer `retry_interval` stays as it is"}},
    {"start_duration",
     [](const Value& v, Entry& d) {
       static_cast<void>(v.read(d.config.start_duration, start_duration_limits));
     },
     {"duration", R"("1s")", start_duration_limits,
      "How long a process is `starting` before it is `running`; if it ends earlier, the start has "
      "failed"}},
    {"retry_count",
     read_retry_count,
     {"integer", "0", retry_count_limits,
      "How many failed starts in a row make a process `failed`; 0: no limit"}},
    {"stop_signal",
     read_stop_signal,
     {"string", R"("TERM")",
      "`\"ABRT\"`, `\"ALRM\"`, `\"HUP\"`, `\"INT\"`, `\"KILL\"`, `\"QUIT\"`, `\"TERM\"`, "
      "`\"USR1\"`, `\"USR2\"`, `\"WINCH\"`; each also with `SIG` before it",
      "The signal that asks a process and its process group to end"}},
    {"stop_timeout",
     [](const Value& v, Entry& d) {
       static_cast<void>(v.read(d.config.stop_timeout, pause_limits));
     },
     {"duration", R"("5s")", pause_limits,
      "How long a process may take to end before it is killed"}},
    {"user",
     read_user,
     {"string",
      R"("")",
      {},
      "The user, by name or number, that the process runs as, with the user's groups, `HOME`, "
      "`USER`, `LOGNAME` and `SHELL`; empty: the user of provisrd. Requires the right to change "
      "users, as root has it"}},
    {"scope",
     read_scope,
     {"string", R"("tree")", R"(`"tree"`, `"process"`)",
      "What the figures cover: the process and all its descendants, or the process alone"}},
    {"log",
     [](const Value& v, Entry& d) { read_log(v, d.config.log); },
     {"table", "", {}, "Where the output goes, see `[processes.log]`"}},
    {"limits",
     read_limits,
     {"table", "", {}, "Limits of memory and CPU usage, see `[processes.limits]`"}},
    {"pid_file",
     [](const Value& v, Entry& d) { static_cast<void>(v.read(d.config.pid_file)); },
     {"string",
      R"("")",
      {},
      "With `command` or `args`: provisrd writes the PID to this file. Without: provisrd reads "
      "from it the PID of the process to watch"}},
    {"match",
     read_match,
     {"table",
      "",
      {},
      "Instead of `command`: watches all processes that fit patterns, see `[processes.match]`"}},
    {"max_matches",
     read_max_matches,
     {"integer", "100", max_matches_limits,
      "How many matching processes are watched at once; if there are more, the oldest"}},
    // Not served:
    {"priority"},
    {"depends_on"},
    {"detached"},
    {"detectors"},
    {"retries"},
    {"startsecs"},
    {"lifecycle"},
    {"schedule"},
    {"singleton"},
});
constexpr std::span<const Key<Entry>> spec_keys = std::span(entry_keys).subspan(2);

void read_spec(const Value& value, Entry& entry) {
  entry.keys = value;
  read_table<Entry>(value, spec_keys, entry);
}

/// Returns whether `entry` is one of the Go provisr's scheduled jobs.
bool is_scheduled_job(const Value& entry) {
  const std::string_view type = entry.text_of("type");
  return type == "cronjob" || type == "cron" || type == "job";
}

/// Reports keys of an entry that has a `spec`. Only `type` may stand beside `spec`.
void report_keys_beside_spec(const Value& entry) {
  if (!entry.has("spec")) return;
  for (const Key<Entry>& key : spec_keys) {
    if (!entry.has(key.name)) continue;
    entry.report().fault(entry.where(key.name), "belongs inside spec, as this entry has one");
  }
}

/// Returns nullopt if the entry is skipped or is not a table.
std::optional<Entry> read_entry(const Value& value) {
  if (is_scheduled_job(value)) {
    value.warn("scheduled jobs are not served by provisrd; skipped");
    return std::nullopt;
  }
  if (value.table() == nullptr) return std::nullopt;
  Entry entry{ProcessConfig{}, value};
  read_table<Entry>(value, entry_keys, entry);
  report_keys_beside_spec(value);
  if (!entry.keys.has("name")) value.report().fault(entry.keys.where(), "has no name");
  check_process(entry);
  return entry;
}

bool names_no_place(const ProcessLog& log) {
  return log.stdout_file.empty() && log.stderr_file.empty() && log.directory.empty();
}

}  // namespace

void read_env(const Value& value, std::vector<std::string>& env) {
  static_cast<void>(value.read(env, fault_in_env_entry));
}

void read_log(const Value& value, ProcessLog& log) {
  read_table<ProcessLog>(value, log_keys, log);
}

void read_processes(const Value& value, std::vector<ProcessEntry>& entries) {
  const toml::array* const tables = value.array("an array of tables, [[processes]]");
  if (tables == nullptr) return;
  std::size_t index = 0;
  for (const toml::node& node : *tables) {
    read_process(value.child(index++, node), entries);
  }
}

void read_process(const Value& value, std::vector<ProcessEntry>& entries) {
  if (auto entry = read_entry(value)) entries.push_back(std::move(*entry));
}

void apply_defaults(const ProcessDefaults& defaults, std::vector<ProcessEntry>& entries) {
  for (ProcessEntry& entry : entries) {
    ProcessConfig& config = entry.config;
    if (config.is_external()) continue;
    config.env.insert(config.env.begin(), defaults.env.begin(), defaults.env.end());
    config.inherits_env = defaults.inherits_env;
    if (names_no_place(config.log)) config.log = defaults.log;
  }
}

void document_process_keys(std::vector<KnownKey>& documented) {
  document_keys<Entry>("processes", entry_keys, documented);
  document_keys<ProcessMatch>("processes.match", match_keys, documented);
  document_keys<ProcessLog>("processes.log", log_keys, documented);
  document_keys<ProcessLimits>("processes.limits", limits_keys, documented);
}

}  // namespace provisr::daemon
