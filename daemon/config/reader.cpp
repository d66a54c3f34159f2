#include "daemon/config/reader.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/key_hint.hpp"
#include "daemon/config/listen_address.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <tuple>
#include <utility>

namespace provisr::daemon {
namespace {

std::string_view type_name(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::none:
      return "nothing";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a float";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::date:
      return "a date";
    case toml::node_type::time:
      return "a time";
    case toml::node_type::date_time:
      return "a date-time";
  }
  return "something else";
}

/// Returns the section, as in KnownKey, of `key` at `where`: "processes.log" for
/// "processes[0].spec.log.dir".
std::string section_of(const Location& where, std::string_view key) {
  std::string_view path = where.key;
  path.remove_suffix(std::min(path.size(), key.size() + 1));
  std::string section = where.file.empty() ? "" : "processes";  // as in a file of its own
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    const std::string_view part = path.substr(0, std::min(path.find('['), end));
    path.remove_prefix(std::min(path.size(), end + 1));
    if (part == "spec") continue;
    if (!section.empty()) section += '.';
    section += part;
  }
  return section;
}

}  // namespace

void Report::add(Notices& notices, const Location& where, std::string text) const {
  if (notices.kept.size() == max_notices) {
    ++notices.left_out;
  } else {
    notices.kept.push_back({std::string(file_of(where)), where.line, where.key, std::move(text)});
  }
}

std::vector<ConfigNotice> Report::sorted(const Notices& notices, std::string_view kind) const {
  std::vector<ConfigNotice> all = notices.kept;
  const auto place = [this](const ConfigNotice& notice) {
    return std::tuple(notice.file != file_, std::string_view(notice.file), notice.line);
  };
  std::stable_sort(all.begin(), all.end(), [&](const ConfigNotice& a, const ConfigNotice& b) {
    return place(a) < place(b);
  });
  if (notices.left_out > 0) {
    all.push_back({file_, 0, "", fmt::format("{} more {}", notices.left_out, kind)});
  }
  return all;
}

std::string_view Report::file_of(const Location& where) const {
  return where.file.empty() ? std::string_view(file_) : where.file;
}

void Report::fault(const Location& where, std::string text) {
  add(faults_, where, std::move(text));
}

void Report::warn(const Location& where, std::string text) {
  add(warnings_, where, std::move(text));
}

std::vector<ConfigNotice> Report::faults() const {
  return sorted(faults_, "faults");
}

std::vector<ConfigNotice> Report::warnings() const {
  return sorted(warnings_, "warnings");
}

bool Value::sound(std::string text) const {
  if (text.empty()) return true;
  fault(std::move(text));
  return false;
}

bool Value::wrong_type(std::string_view expected) const {
  fault(fmt::format("must be {}, is {}", expected, type_name(*node_)));
  return false;
}

bool Value::read(bool& out) const {
  const auto* const boolean = node_->as_boolean();
  if (boolean == nullptr) return wrong_type("a boolean");
  out = boolean->get();
  return true;
}

bool Value::read(std::string& out) const {
  const auto* const string = node_->as_string();
  if (string == nullptr) return wrong_type("a string");
  // The system takes arguments, variables, paths and addresses as NUL-terminated strings.
  if (string->get().find('\0') != std::string::npos) return sound("must not hold a NUL character");
  out = string->get();
  return true;
}

bool Value::read(std::vector<std::string>& out,
                 std::string (*fault_in_each)(std::string_view)) const {
  const toml::array* const strings = array("an array of strings");
  if (strings == nullptr) return false;
  std::vector<std::string> read_ones;
  std::size_t index = 0;
  for (const toml::node& node : *strings) {
    const Value element = child(index++, node);
    std::string text;
    if (!element.read(text)) continue;
    if (fault_in_each != nullptr && !element.sound(fault_in_each(text))) continue;
    read_ones.push_back(std::move(text));
  }
  if (read_ones.size() != strings->size()) return false;
  out = std::move(read_ones);
  return true;
}

void Value::warn_if_expandable(std::string_view path) const {
  const bool has_home = path == "~" || path.starts_with("~/");
  const bool has_variable = path.starts_with('$') || path.find("${") != std::string_view::npos;
  if (!has_home && !has_variable) return;
  warn(fmt::format("\"{}\" is taken literally: ~ and variables are not expanded in a path", path));
}

bool Value::read(std::filesystem::path& out) const {
  std::string text;
  if (!read(text)) return false;
  warn_if_expandable(text);
  out = path_of(text);
  return true;
}

bool Value::read(ListenAddress& out) const {
  std::string text;
  if (!read(text)) return false;
  try {
    out = parse_listen_address(text);
    warn_if_expandable(out.path);
    return true;
  } catch (const std::invalid_argument& error) {
    return sound(error.what());
  }
}

bool Value::read(std::int64_t& out, const Limits<std::int64_t>& limits) const {
  const auto* const integer = node_->as_integer();
  if (integer == nullptr) return wrong_type("an integer");
  if (!sound(fault_in(integer->get(), limits))) return false;
  out = integer->get();
  return true;
}

bool Value::read(double& out, const Limits<double>& limits) const {
  if (!node_->is_number()) return wrong_type("a number");
  const double number = *node_->value<double>();
  if (!sound(fault_in(number, limits))) return false;
  out = number;
  return true;
}

bool Value::read(std::chrono::milliseconds& out,
                 const Limits<std::chrono::milliseconds>& limits) const {
  if (!node_->is_string()) return wrong_type("a string such as \"5s\"");
  std::string text;
  if (!read(text)) return false;
  try {
    const auto duration = parse_duration(text);
    if (!sound(fault_in(duration, limits))) return false;
    out = duration;
    return true;
  } catch (const std::invalid_argument& error) {
    return sound(error.what());
  }
}

const toml::table* Value::table() const {
  if (!node_->is_table()) static_cast<void>(wrong_type("a table"));
  return node_->as_table();
}

const toml::array* Value::array(std::string_view expected) const {
  if (!node_->is_array()) static_cast<void>(wrong_type(expected));
  return node_->as_array();
}

const toml::node* Value::find(std::string_view key) const {
  const toml::table* const table = node_->as_table();
  return table == nullptr ? nullptr : table->get(key);
}

std::string_view Value::text_of(std::string_view key) const {
  const toml::node* const node = find(key);
  if (node == nullptr || !node->is_string()) return {};
  return node->as_string()->get();
}

Location Value::where(std::string_view key) const {
  const toml::table* const table = node_->as_table();
  if (table == nullptr) return where_;
  const auto entry = table->find(key);
  return entry == table->end() ? where_ : child(entry->first, entry->second).where_;
}

Value Value::child(const toml::key& key, const toml::node& node) const {
  Location where{key.source().begin.line, std::string(key.str()), where_.file};
  if (!where_.key.empty()) where.key = fmt::format("{}.{}", where_.key, key.str());
  return {node, std::move(where), *report_};
}

Value Value::child(std::size_t index, const toml::node& node) const {
  Location where{node.source().begin.line, fmt::format("{}[{}]", where_.key, index), where_.file};
  return {node, std::move(where), *report_};
}

void Value::report_unknown_key(std::string_view key,
                               std::span<const std::string_view> known) const {
  if (report_->only_counts_faults()) return fault("");
  fault("unknown key" + key_hint(key, section_of(where_, key), known));
}

}  // namespace provisr::daemon
