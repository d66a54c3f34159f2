#include "daemon/config/load.hpp"

#include "daemon/base/text.hpp"
#include "daemon/config/document.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/process_checks.hpp"
#include "daemon/config/processes.hpp"
#include "daemon/config/programs.hpp"
#include "daemon/config/reader.hpp"
#include "daemon/config/rules.hpp"
#include "daemon/config/token_file.hpp"
#include "daemon/platform/adopted_child.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

struct NamedFolder {
  std::filesystem::path name;
  Location where;
};

/// A configuration while it is read.
struct Document {
  Config config;
  std::optional<Location> server_listen;   ///< empty: the default
  std::optional<Location> metrics_listen;  ///< empty: the default
  std::optional<Location> server_socket_group;
  std::optional<Location> metrics_socket_group;
  std::optional<Location> protect_reads;
  bool has_token_file = false;  ///< whether one is named, readable or not
  std::optional<NamedFolder> programs_directory;
  std::vector<Program> programs;
  std::vector<ProcessEntry> processes;  ///< refer to the programs
  ProcessDefaults defaults;
};

constexpr std::string_view address_range =
    R"(`"host:port"`, `":port"`: all interfaces, `"[IPv6]:port"`, `"unix:/path"`)";

constexpr std::string_view socket_group_range =
    R"(a group of this machine; with `"unix:/path"` only)";
constexpr std::string_view socket_group_meaning =
    "The group whose members may connect to the Unix socket; empty: the group that new files get";
constexpr std::string_view max_connections_meaning =
    "Connections at once; one more closes the connection that has kept provisrd waiting longest";

void read_count(const Value& value, std::size_t& out, const Limits<std::int64_t>& limits) {
  std::int64_t count = 0;
  if (value.read(count, limits)) out = static_cast<std::size_t>(count);
}

[[nodiscard]] std::vector<std::string_view> collectable_words() {
  std::vector<std::string_view> words;
  for_each_group<figures>([&](std::string_view word) { words.push_back(word); });
  return words;
}

[[nodiscard]] std::string fault_in_collectable(std::string_view word) {
  if (!word.empty() && !further_group<figures>(word).empty()) return {};
  const std::vector<std::string_view> known = collectable_words();
  return fmt::format("must be of {}, not \"{}\"{}", fmt::join(known, ", "), word,
                     did_you_mean(word, known));
}

void read_collect(const Value& value, CollectionConfig& collection) {
  std::vector<std::string> asked;
  if (!value.read(asked, fault_in_collectable)) return;
  FurtherFigures further;
  for (const std::string& word : asked) further |= further_group<figures>(word);
  collection.further_figures = further;
}

constexpr auto collection_keys = std::to_array<Key<CollectionConfig>>({
    {"enabled",
     [](const Value& v, CollectionConfig& c) { static_cast<void>(v.read(c.enabled)); },
     {"boolean", "true", {}, "Whether samples are taken"}},
    {"interval",
     [](const Value& v, CollectionConfig& c) {
       static_cast<void>(v.read(c.interval, interval_limits));
     },
     {"duration", R"("5s")", interval_limits, "The time between two samples of a process"}},
    {"max_history",
     [](const Value& v, CollectionConfig& c) { read_count(v, c.max_history, max_history_limits); },
     {"integer", "100", max_history_limits,
      "Samples kept for each process; 64 bytes each, 128 with `collect`"}},
    {"history_ttl",
     [](const Value& v, CollectionConfig& c) {
       static_cast<void>(v.read(c.history_ttl, history_ttl_limits));
     },
     {"duration", R"("10m")", history_ttl_limits,
      "How long a history is kept after a reload has removed its name"}},
    {"collect",
     read_collect,
     {"array of strings", "[]", "of `io`, `faults`, `switches`, `peak`, `pss`, `limits`",
      "Further figures to collect; [platforms.md](platforms.md) says what each costs"}},
});

constexpr auto metrics_keys = std::to_array<Key<Document>>({
    {"enabled",
     [](const Value& v, Document& d) { static_cast<void>(v.read(d.config.metrics.enabled)); },
     {"boolean", "true", {}, "Whether `GET /metrics` is served"}},
    {"listen",
     [](const Value& v, Document& d) {
       if (v.read(d.config.metrics.listen)) d.metrics_listen = v.where();
     },
     {"string", R"(":9090")", address_range, "The address of `/metrics`, for Prometheus"}},
    {"socket_group",
     [](const Value& v, Document& d) {
       if (v.read(d.config.metrics.socket_group)) d.metrics_socket_group = v.where();
     },
     {"string", R"("")", socket_group_range, socket_group_meaning}},
    {"max_connections",
     [](const Value& v, Document& d) {
       read_count(v, d.config.metrics.max_connections, max_connections_limits);
     },
     {"integer", "1024", max_connections_limits, max_connections_meaning}},
    {"process_metrics",
     [](const Value& v, Document& d) {
       read_table<CollectionConfig>(v, collection_keys, d.config.metrics.collection);
     },
     {"table", "", {}, "Collection"}},
});

void read_base_path(const Value& value, Document& document) {
  std::string path;
  if (!value.read(path)) return;
  if (std::string fault = fault_in_base_path(path); !fault.empty()) {
    value.fault(std::move(fault));
    return;
  }
  if (path.ends_with('/')) path.pop_back();
  document.config.server.base_path = std::move(path);
}

void read_token(const Value& value, Document& document) {
  AuthConfig& auth = document.config.server.auth;
  if (!value.read(auth.token_file) || auth.token_file.empty()) return;
  document.has_token_file = true;
  TokenFile read = read_token_file(auth.token_file);
  if (!read.fault.empty()) return value.fault(std::move(read.fault));
  auth.token = std::move(read.token);
  if (auth.token.size() < least_safe_token_length) {
    value.warn(fmt::format("holds a token of less than {} characters, which can be guessed",
                           least_safe_token_length));
  }
}

constexpr auto auth_keys = std::to_array<Key<Document>>({
    {"token_file",
     read_token,
     {"string", R"("")", "a regular file that only its owner can read, with one word",
      "The file of the token that control over TCP requires, sent as `Authorization: Bearer "
      "TOKEN`; empty: provisrd is read-only over TCP"}},
    {"protect_reads",
     [](const Value& v, Document& d) {
       if (v.read(d.config.server.auth.protect_reads)) d.protect_reads = v.where();
     },
     {"boolean", "false", "`true` with a `token_file` only",
      "Whether reads over TCP require the token, too, including `/metrics`; `/healthz` stays "
      "open"}},
    // Not served:
    {"enabled"},
    {"store"},
    {"jwt_secret"},
    {"token_ttl"},
    {"bcrypt_cost"},
});

constexpr auto server_keys = std::to_array<Key<Document>>({
    {"listen",
     [](const Value& v, Document& d) {
       if (v.read(d.config.server.listen)) d.server_listen = v.where();
     },
     {"string", R"(":8080")", address_range, "The address of the JSON API"}},
    {"socket_group",
     [](const Value& v, Document& d) {
       if (v.read(d.config.server.socket_group)) d.server_socket_group = v.where();
     },
     {"string", R"("")", socket_group_range, socket_group_meaning}},
    {"base_path",
     read_base_path,
     {"string", R"("/api")",
      R"(starts with `/`; only `A-Z a-z 0-9 . _ ~ - /`, no `//`, no `..`, no `/./`; not `"/"`)",
      "The prefix of the paths of the JSON API"}},
    {"allowed_hosts",
     [](const Value& v, Document& d) {
       static_cast<void>(v.read(d.config.server.allowed_hosts, fault_in_host_name));
     },
     {"array of strings", "[]", "names without a port; `\"*\"`: any",
      "Further names that `Host` of a request may have, besides `localhost`, IP addresses, the "
      "names of this machine and the host of `listen`; others get 403"}},
    {"max_connections",
     [](const Value& v, Document& d) {
       read_count(v, d.config.server.max_connections, max_connections_limits);
     },
     {"integer", "1024", max_connections_limits, max_connections_meaning}},
    {"auth",
     [](const Value& v, Document& d) { read_table<Document>(v, auth_keys, d); },
     {"table", "", {}, "Who may control and who may read"}},
    // Not served:
    {"enabled"},
    {"tls"},
    {"pidfile"},
    {"logfile"},
    {"daemonize"},
});

void read_state_dir(const Value& value, Document& document) {
  std::filesystem::path name;
  if (!value.read(name) || name.empty()) return;
  if (std::string obstacle = obstacle_to_adoption(); !obstacle.empty()) {
    return value.fault(std::move(obstacle));
  }
  document.config.daemon.state_dir = std::move(name);
}

constexpr auto daemon_keys = std::to_array<Key<Document>>({
    {"state_dir",
     read_state_dir,
     {"string", R"("")",
      "a folder that nobody else can write to; created if missing, in a folder that exists; Linux "
      "only",
      "The folder of the state that outlives a kill -9 of provisrd: children, histories, restart "
      "counts, exit records; empty: children end with provisrd"}},
    // Not served:
    {"enabled"},
    {"pid_file"},
    {"log_file"},
});

void read_programs_name(const Value& value, Document& document) {
  std::filesystem::path name;
  if (!value.read(name)) return;
  document.programs_directory = {.name = std::move(name), .where = value.where()};
}

constexpr auto file_keys = std::to_array<Key<Document>>({
    {"server",
     [](const Value& v, Document& d) { read_table<Document>(v, server_keys, d); },
     {"table", "", {}, "The JSON API"}},
    {"metrics",
     [](const Value& v, Document& d) { read_table<Document>(v, metrics_keys, d); },
     {"table", "", {}, "The Prometheus endpoint and collection"}},
    {"daemon",
     [](const Value& v, Document& d) { read_table<Document>(v, daemon_keys, d); },
     {"table", "", {}, "State that outlives provisrd"}},
    {"processes",
     [](const Value& v, Document& d) { read_processes(v, d.processes); },
     {"array of tables", "", {}, "The processes to run or to watch"}},
    {"programs_directory",
     read_programs_name,
     {"string",
      R"("")",
      {},
      "A folder whose `.toml` files hold one process each, relative to the folder of this file; "
      "empty: none"}},
    {"env",
     [](const Value& v, Document& d) { read_env(v, d.defaults.env); },
     {"array of strings", "[]", env_range, "Variables for every process that provisrd runs"}},
    {"use_os_env",
     [](const Value& v, Document& d) { static_cast<void>(v.read(d.defaults.inherits_env)); },
     {"boolean",
      "true",
      {},
      "Whether processes inherit provisrd's own environment; `false`: they have only the two "
      "`env`, the variables of `user`, and on Windows `PATH` and `SystemRoot`"}},
    {"log",
     [](const Value& v, Document& d) { read_log(v, d.defaults.log); },
     {"table",
      "",
      {},
      "Where processes without `[processes.log]` write their output; the same keys as there"}},
    // Not served:
    {"env_files"},
    {"pid_dir"},
    {"groups"},
    {"cronjobs"},
    {"history"},
    {"store"},
    {"auth"},
    {"http_api"},
});

void check_addresses(const Document& document, Report& report) {
  const Config& config = document.config;
  if (!config.metrics.enabled || !clash(config.server.listen, config.metrics.listen)) return;
  const std::string text =
      fmt::format("server.listen \"{}\" and metrics.listen \"{}\" are one address",
                  config.server.listen.to_string(), config.metrics.listen.to_string());
  const auto& where = document.metrics_listen ? document.metrics_listen : document.server_listen;
  report.fault(where.value_or(Location{}), text);
}

void check_socket_group(const ListenAddress& listen, const std::string& group,
                        const std::optional<Location>& where, Report& report) {
  if (!where) return;
  std::string fault = fault_in_socket_group(group, listen);
  if (!fault.empty()) report.fault(*where, std::move(fault));
}

void check_auth(const Document& document, Report& report) {
  if (!document.config.server.auth.protect_reads || document.has_token_file) return;
  report.fault(*document.protect_reads, "requires a token_file");
}

/// Warns if a folder `programs` is not read: the Go provisr reads it if no other folder is named.
void warn_of_unread_programs(const std::filesystem::path& folder, Report& report) {
  const std::filesystem::path unread = folder / "programs";
  if (!has_programs(unread)) return;
  report.warn(Location{},
              fmt::format("\"{}\" is not read: no programs_directory names it", name_of(unread)));
}

void read_program(const Program& program, std::vector<ProcessEntry>& processes, Report& report) {
  const Location whole{.file = program.file};
  if (program.table.empty()) return report.fault(whole, "holds no process");
  read_process(Value(program.table, whole, report), processes);
}

void read_programs_directory(Document& document, const std::filesystem::path& folder,
                             Report& report) {
  if (!document.programs_directory) return warn_of_unread_programs(folder, report);
  const auto& [name, where] = *document.programs_directory;
  if (name.empty()) return;
  document.programs = read_programs(folder / name, where, report);
  for (const Program& program : document.programs) {
    read_program(program, document.processes, report);
  }
}

void take_processes(Document& document, const Value& root, Report& report) {
  std::vector<ProcessEntry>& entries = document.processes;
  const bool has_list = root.has("processes");
  check_processes(entries, root.where(has_list ? "processes" : "programs_directory"), report);
  apply_defaults(document.defaults, entries);
  for (ProcessEntry& entry : entries) {
    document.config.processes.push_back(std::move(entry.config));
  }
  if (entries.empty() && !has_list && !document.programs_directory) {
    report.warn(Location{}, "no [[processes]]: there is nothing to watch");
  }
}

void check_limits(const Config& config, Report& report) {
  if (config.metrics.collection.enabled) return;
  const bool has_limits =
      std::any_of(config.processes.begin(), config.processes.end(),
                  [](const ProcessConfig& process) { return process.limits.limits_something(); });
  if (!has_limits) return;
  report.warn(Location{}, "[processes.limits] require collection, which is disabled");
}

/// Reads a configuration. `folder` is the file's folder, which relative folder names start from.
Config read_document(const toml::table& root, const std::filesystem::path& folder, Report& report) {
  Document document;
  const Value value(root, Location{}, report);
  read_table<Document>(value, file_keys, document);
  check_addresses(document, report);
  const Config& config = document.config;
  check_socket_group(config.server.listen, config.server.socket_group, document.server_socket_group,
                     report);
  check_socket_group(config.metrics.listen, config.metrics.socket_group,
                     document.metrics_socket_group, report);
  check_auth(document, report);
  read_programs_directory(document, folder, report);
  take_processes(document, value, report);
  check_limits(config, report);
  return std::move(document.config);
}

struct FileText {
  std::string text;
  std::string fault;  ///< empty: `text` is the whole file
};

FileText cannot_be_read(const std::string& why) {
  return {"", fmt::format("cannot be read: {}", why)};
}

FileText read_open_file(std::ifstream& stream) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (stream.read(buffer.data(), buffer.size()) || stream.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
    if (text.size() > max_config_size)
      return {"", fmt::format("is larger than {} bytes", max_config_size)};
  }
  if (stream.eof() && !stream.bad()) return {std::move(text), ""};
  return cannot_be_read(std::generic_category().message(errno != 0 ? errno : EIO));
}

FileText read_file(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    const bool is_folder = std::filesystem::is_directory(status);
    return cannot_be_read(is_folder ? std::generic_category().message(EISDIR)
                                    : "it is not a regular file");
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  return read_open_file(stream);
}

}  // namespace

std::string ConfigNotice::to_string() const {
  std::string notice = file;
  if (line != 0) notice += fmt::format(":{}", line);
  if (!key.empty()) notice += fmt::format(": {}", key);
  return escape_controls(fmt::format("{}: {}", notice, text));
}

std::vector<KnownKey> known_keys() {
  std::vector<KnownKey> keys;
  document_keys<Document>("", file_keys, keys);
  document_keys<Document>("server", server_keys, keys);
  document_keys<Document>("server.auth", auth_keys, keys);
  document_keys<Document>("metrics", metrics_keys, keys);
  document_keys<CollectionConfig>("metrics.process_metrics", collection_keys, keys);
  document_keys<Document>("daemon", daemon_keys, keys);
  document_process_keys(keys);
  return keys;
}

LoadedConfig parse_config(std::string_view toml, std::string_view file_name) {
  Report report(file_name);
  LoadedConfig loaded;
  if (const auto root = parse_document(toml, {}, report)) {
    loaded.config = read_document(*root, path_of(file_name).parent_path(), report);
  }
  loaded.faults = report.faults();
  loaded.warnings = report.warnings();
  return loaded;
}

LoadedConfig load_config(const std::filesystem::path& file) {
  const FileText content = read_file(file);
  if (content.fault.empty()) return parse_config(content.text, name_of(file));
  Report report(name_of(file));
  report.fault(Location{}, content.fault);
  return {.config = {}, .faults = report.faults(), .warnings = {}};
}

}  // namespace provisr::daemon
