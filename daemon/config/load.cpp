#include "daemon/config/load.hpp"

#include "daemon/base/text.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/processes.hpp"
#include "daemon/config/reader.hpp"
#include "daemon/config/rules.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

/// The configuration while it is read.
struct Document {
  Config config;
  std::optional<Location> server_listen;   ///< where the file gives it
  std::optional<Location> metrics_listen;  ///< where the file gives it
};

constexpr std::array<Key<CollectionConfig>, 3> collection_keys{{
    {"enabled", [](const Value& v, CollectionConfig& c) { static_cast<void>(v.read(c.enabled)); }},
    {"interval",
     [](const Value& v, CollectionConfig& c) {
       static_cast<void>(v.read(c.interval, interval_limits));
     }},
    {"max_history",
     [](const Value& v, CollectionConfig& c) {
       std::int64_t count = 0;
       if (v.read(count, max_history_limits)) c.max_history = static_cast<std::size_t>(count);
     }},
}};

constexpr std::array<Key<Document>, 3> metrics_keys{{
    {"enabled",
     [](const Value& v, Document& d) { static_cast<void>(v.read(d.config.metrics.enabled)); }},
    {"listen",
     [](const Value& v, Document& d) {
       if (v.read(d.config.metrics.listen)) d.metrics_listen = v.where();
     }},
    {"process_metrics",
     [](const Value& v, Document& d) {
       read_table<CollectionConfig>(v, collection_keys, d.config.metrics.collection);
     }},
}};

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

constexpr std::array<Key<Document>, 8> server_keys{{
    {"listen",
     [](const Value& v, Document& d) {
       if (v.read(d.config.server.listen)) d.server_listen = v.where();
     }},
    {"base_path", read_base_path},
    // The Go provisr's, not served:
    {"enabled"},
    {"tls"},
    {"auth"},
    {"pidfile"},
    {"logfile"},
    {"daemonize"},
}};

constexpr std::array<Key<Document>, 16> file_keys{{
    {"server", [](const Value& v, Document& d) { read_table<Document>(v, server_keys, d); }},
    {"metrics", [](const Value& v, Document& d) { read_table<Document>(v, metrics_keys, d); }},
    {"processes", [](const Value& v, Document& d) { d.config.processes = read_processes(v); }},
    // The Go provisr's, not served:
    {"use_os_env"},
    {"env"},
    {"env_files"},
    {"pid_dir"},
    {"programs_directory"},
    {"groups"},
    {"cronjobs"},
    {"history"},
    {"store"},
    {"log"},
    {"daemon"},
    {"auth"},
    {"http_api"},
}};

void check_addresses(const Document& document, Report& report) {
  const Config& config = document.config;
  if (!config.metrics.enabled || !clash(config.server.listen, config.metrics.listen)) return;
  const std::string text =
      fmt::format("server.listen \"{}\" and metrics.listen \"{}\" are one address",
                  config.server.listen.to_string(), config.metrics.listen.to_string());
  const auto& where = document.metrics_listen ? document.metrics_listen : document.server_listen;
  report.fault(where.value_or(Location{}), text);
}

Config read_document(const toml::table& root, Report& report) {
  Document document;
  const Value value(root, Location{}, report);
  read_table<Document>(value, file_keys, document);
  check_addresses(document, report);
  if (!value.has("processes"))
    report.warn(Location{}, "no [[processes]]: there is nothing to watch");
  return std::move(document.config);
}

struct FileText {
  std::string text;
  std::error_code error;
};

FileText read_file(const std::filesystem::path& file) {
  std::error_code error;
  // A directory can be opened like a file on some systems, and then reads as an empty one.
  if (std::filesystem::is_directory(file, error)) {
    return {"", std::make_error_code(std::errc::is_a_directory)};
  }
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  std::array<char, 4096> buffer{};
  while (stream.read(buffer.data(), buffer.size()) || stream.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (stream.eof() && !stream.bad()) return {std::move(text), {}};
  return {"", std::error_code(errno != 0 ? errno : EIO, std::generic_category())};
}

}  // namespace

std::string ConfigNotice::to_string() const {
  std::string notice = file;
  if (line != 0) notice += fmt::format(":{}", line);
  if (!key.empty()) notice += fmt::format(": {}", key);
  return escape_controls(fmt::format("{}: {}", notice, text));
}

LoadedConfig parse_config(std::string_view toml, std::string_view file_name) {
  Report report(file_name);
  LoadedConfig loaded;
  try {
    loaded.config = read_document(toml::parse(toml, file_name), report);
  } catch (const toml::parse_error& error) {
    report.fault({error.source().begin.line, ""},
                 fmt::format("syntax error: {}", error.description()));
  }
  loaded.faults = report.faults();
  loaded.warnings = report.warnings();
  return loaded;
}

LoadedConfig load_config(const std::filesystem::path& file) {
  const FileText content = read_file(file);
  if (!content.error) return parse_config(content.text, name_of(file));
  Report report(name_of(file));
  report.fault(Location{}, fmt::format("cannot be read: {}", content.error.message()));
  return {.config = {}, .faults = report.faults(), .warnings = {}};
}

}  // namespace provisr::daemon
