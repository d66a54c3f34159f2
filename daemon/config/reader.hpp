#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/rules.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Where something stands in a configuration file.
struct Location {
  std::size_t line = 0;
  std::string key;  ///< dotted, entries of arrays counted from 0: "processes[0].name"
};

/// Collects what is to be said about one file.
class Report {
 public:
  explicit Report(std::string_view file) : file_(file) {}

  void fault(const Location& where, std::string text);
  void warn(const Location& where, std::string text);

  /// By line, once everything is collected.
  [[nodiscard]] std::vector<ConfigNotice> faults() const;
  [[nodiscard]] std::vector<ConfigNotice> warnings() const;

 private:
  std::string file_;
  std::vector<ConfigNotice> faults_;
  std::vector<ConfigNotice> warnings_;
};

/// One value of a file, and where faults in it are reported. A `read` that finds a fault
/// reports it, leaves `out` alone and returns false. Refers to the document and the report.
class Value {
 public:
  Value(const toml::node& node, Location where, Report& report)
      : node_(&node), where_(std::move(where)), report_(&report) {}

  [[nodiscard]] bool read(bool& out) const;
  [[nodiscard]] bool read(std::string& out) const;
  [[nodiscard]] bool read(std::vector<std::string>& out) const;
  [[nodiscard]] bool read(ListenAddress& out) const;
  [[nodiscard]] bool read(std::int64_t& out, const Limits<std::int64_t>& limits) const;
  [[nodiscard]] bool read(std::chrono::milliseconds& out,
                          const Limits<std::chrono::milliseconds>& limits) const;

  /// The table or array that this is; nullptr, and a fault, where it is neither.
  [[nodiscard]] const toml::table* table() const;
  [[nodiscard]] const toml::array* array(std::string_view expected) const;

  /// What the table holds under `key`; nullptr where this is no table or has no such key.
  [[nodiscard]] const toml::node* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  /// The text under `key`; empty where there is none.
  [[nodiscard]] std::string_view text_of(std::string_view key) const;

  [[nodiscard]] const Location& where() const { return where_; }
  /// Where `key` stands, or this value where it has no such key.
  [[nodiscard]] Location where(std::string_view key) const;

  [[nodiscard]] Value child(const toml::key& key, const toml::node& node) const;
  [[nodiscard]] Value child(std::size_t index, const toml::node& node) const;

  void fault(std::string text) const { report_->fault(where_, std::move(text)); }
  void warn(std::string text) const { report_->warn(where_, std::move(text)); }
  [[nodiscard]] Report& report() const { return *report_; }

 private:
  /// Reports `text`, unless it is empty; then true.
  [[nodiscard]] bool sound(std::string text) const;
  [[nodiscard]] bool wrong_type(std::string_view expected) const;

  const toml::node* node_;
  Location where_;
  Report* report_;
};

/// A key that a table may hold, and what reads it into a Target. Without `read`, it is one of
/// the Go provisr's that provisrd does not serve: that gives a warning.
template <class Target>
struct Key {
  std::string_view name;
  void (*read)(const Value& value, Target& target) = nullptr;
};

/// What to say of a key that is not among `known`.
[[nodiscard]] std::string unknown_key(std::string_view key,
                                      std::span<const std::string_view> known);

/// Reads a table by its list of keys; reports every key that is unknown or skipped.
template <class Target>
void read_table(const Value& value, std::span<const Key<Target>> keys, Target& target) {
  const toml::table* const table = value.table();
  if (table == nullptr) return;
  std::vector<std::string_view> names;
  for (const Key<Target>& key : keys) names.push_back(key.name);

  for (const auto& [name, node] : *table) {
    const Value entry = value.child(name, node);
    const auto index =
        static_cast<std::size_t>(std::find(names.begin(), names.end(), name.str()) - names.begin());
    if (index == names.size()) {
      entry.fault(unknown_key(name.str(), names));
    } else if (keys[index].read == nullptr) {
      entry.warn("not served by provisrd; skipped");
    } else {
      keys[index].read(entry, target);
    }
  }
}

}  // namespace provisr::daemon
