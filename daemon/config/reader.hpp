#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/config/keys.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/rules.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// A place in a configuration.
struct Location {
  std::size_t line = 0;
  std::string key = {};  ///< dotted, array elements counted from 0: "processes[0].name"
  /// A file that the configuration refers to; empty: the configuration file. Its name must outlive
  /// the location.
  std::string_view file = {};
};

/// The faults and warnings of a configuration. Keeps the first `max_notices` of each kind and
/// counts the rest.
class Report {
 public:
  explicit Report(std::string_view file) : file_(file) {}

  void fault(const Location& where, std::string text);
  void warn(const Location& where, std::string text);

  /// Returns whether the next fault will only be counted, so that its text is not needed.
  [[nodiscard]] bool only_counts_faults() const { return faults_.kept.size() == max_notices; }

  [[nodiscard]] std::string_view file_of(const Location& where) const;

  /// Return the notices sorted by line, those of the configuration file before those of other
  /// files. A last notice gives the number of notices left out.
  [[nodiscard]] std::vector<ConfigNotice> faults() const;
  [[nodiscard]] std::vector<ConfigNotice> warnings() const;

 private:
  struct Notices {
    std::vector<ConfigNotice> kept;
    std::size_t left_out = 0;
  };

  void add(Notices& notices, const Location& where, std::string text) const;
  [[nodiscard]] std::vector<ConfigNotice> sorted(const Notices& notices,
                                                 std::string_view kind) const;

  std::string file_;
  Notices faults_;
  Notices warnings_;
};

/// One value of a file, its location, and the report for its faults. A `read` that finds a fault
/// reports it, leaves `out` unchanged and returns false. Refers to the document and the report.
class Value {
 public:
  Value(const toml::node& node, Location where, Report& report)
      : node_(&node), where_(std::move(where)), report_(&report) {}

  [[nodiscard]] bool read(bool& out) const;
  [[nodiscard]] bool read(std::string& out) const;
  /// `fault_in_each` returns what is wrong with an element, or an empty string.
  [[nodiscard]] bool read(std::vector<std::string>& out,
                          std::string (*fault_in_each)(std::string_view) = nullptr) const;
  /// Warns if the path looks as if a shell were to expand it.
  [[nodiscard]] bool read(std::filesystem::path& out) const;
  /// Does so, too, for the path of a Unix socket.
  [[nodiscard]] bool read(ListenAddress& out) const;
  [[nodiscard]] bool read(std::int64_t& out, const Limits<std::int64_t>& limits) const;
  /// Reads an integer or a decimal number.
  [[nodiscard]] bool read(double& out, const Limits<double>& limits) const;
  [[nodiscard]] bool read(std::chrono::milliseconds& out,
                          const Limits<std::chrono::milliseconds>& limits) const;

  /// Return this value as a table or array. Otherwise report a fault and return nullptr.
  [[nodiscard]] const toml::table* table() const;
  [[nodiscard]] const toml::array* array(std::string_view expected) const;

  /// Returns the value of `key`; nullptr if this is not a table or has no such key.
  [[nodiscard]] const toml::node* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Returns the string value of `key`; empty if there is none.
  [[nodiscard]] std::string_view text_of(std::string_view key) const;

  [[nodiscard]] const Location& where() const { return where_; }
  /// Returns the location of `key`, or of this value if it has no such key.
  [[nodiscard]] Location where(std::string_view key) const;

  [[nodiscard]] Value child(const toml::key& key, const toml::node& node) const;
  [[nodiscard]] Value child(std::size_t index, const toml::node& node) const;

  void fault(std::string text) const { report_->fault(where_, std::move(text)); }
  void warn(std::string text) const { report_->warn(where_, std::move(text)); }
  /// Reports that `key`, which this is the value of, is not among `known`, with a hint.
  void report_unknown_key(std::string_view key, std::span<const std::string_view> known) const;
  [[nodiscard]] Report& report() const { return *report_; }

 private:
  /// Returns true if `text` is empty; otherwise reports it as a fault and returns false.
  [[nodiscard]] bool sound(std::string text) const;
  [[nodiscard]] bool wrong_type(std::string_view expected) const;
  void warn_if_expandable(std::string_view path) const;

  const toml::node* node_;
  Location where_;
  Report* report_;
};

/// A key that a table may hold, the function that reads it into a Target, and its documentation. A
/// key without `read` is one of the Go provisr that provisrd does not serve: it causes a warning.
template <class Target>
struct Key {
  std::string_view name;
  void (*read)(const Value& value, Target& target) = nullptr;
  KeyHelp help = {};
};

/// Appends the documentation of `keys` to `documented`.
template <class Target>
void document_keys(std::string_view section, std::span<const Key<Target>> keys,
                   std::vector<KnownKey>& documented) {
  for (const Key<Target>& key : keys) {
    documented.push_back({std::string(section), key.name, key.read != nullptr, key.help});
  }
}

/// Returns the names of the keys that are read.
template <class Target>
std::vector<std::string_view> served_names(std::span<const Key<Target>> keys) {
  std::vector<std::string_view> names;
  for (const Key<Target>& key : keys) {
    if (key.read != nullptr) names.push_back(key.name);
  }
  return names;
}

/// Reads a table by its list of keys. Reports every key that is unknown or skipped.
template <class Target>
void read_table(const Value& value, std::span<const Key<Target>> keys, Target& target) {
  const toml::table* const table = value.table();
  if (table == nullptr) return;

  for (const auto& [name, node] : *table) {
    const Value entry = value.child(name, node);
    const std::string_view sought = name.str();
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const Key<Target>& each) { return each.name == sought; });
    if (key == keys.end()) {
      entry.report_unknown_key(sought, served_names(keys));
    } else if (key->read == nullptr) {
      entry.warn("not served by provisrd; skipped");
    } else {
      key->read(entry, target);
    }
  }
}

}  // namespace provisr::daemon
