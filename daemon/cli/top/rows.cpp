#include "daemon/cli/top/rows.hpp"

#include "daemon/base/text.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace provisr::daemon {
namespace {

using Members = std::vector<const TopProcess*>;
using Known = std::optional<double>;

template <class T>
[[nodiscard]] Known figure_of(const std::optional<T>& value) {
  return value ? Known(static_cast<double>(*value)) : Known();
}

[[nodiscard]] Row row_of(const TopProcess& process) {
  const ProcessReport& report = process.report;
  Row row;
  row.id = "p:" + report.name;
  row.name = report.name;
  row.state = report.state;
  row.kind = kind_of(report);
  if (report.uptime) row.uptime_seconds = static_cast<double>(report.uptime->count());
  row.restarts = figure_of(report.restarts);
  row.cpu_percent = process.usage.cpu_percent;
  row.memory_mb = process.usage.memory_mb;
  row.threads = figure_of(process.usage.threads);
  row.descriptors = figure_of(process.usage.descriptors);
  row.chart.assign(process.cpu.values.begin(), process.cpu.values.end());
  return row;
}

void add(Known& sum, const Known& value) {
  if (value) sum = sum.value_or(0) + *value;
}

/// Adds `values` to `sum`, aligned at the newest values, which are of the same tick.
void add(std::vector<Known>& sum, const std::vector<Known>& values) {
  if (values.size() > sum.size()) sum.insert(sum.begin(), values.size() - sum.size(), Known());
  const std::size_t offset = sum.size() - values.size();
  for (std::size_t i = 0; i < values.size(); ++i) add(sum[offset + i], values[i]);
}

/// Returns the rank of a state; a group has the state of its worst member.
[[nodiscard]] int badness(StateKind kind) {
  switch (kind) {
    case StateKind::down:
      return 3;
    case StateKind::waiting:
      return 2;
    case StateKind::up:
      return 1;
    case StateKind::stopped:
      break;
  }
  return 0;
}

[[nodiscard]] Row group_of(std::string_view base, const std::vector<Row>& members) {
  Row group;
  group.id = "g:" + std::string(base);
  group.name = base;
  group.is_group = true;
  group.members = members.size();
  group.kind = StateKind::stopped;
  for (const Row& member : members) {
    if (member.kind == StateKind::up) ++group.members_up;
    if (badness(member.kind) > badness(group.kind)) group.kind = member.kind;
    add(group.restarts, member.restarts);
    add(group.cpu_percent, member.cpu_percent);
    add(group.memory_mb, member.memory_mb);
    add(group.threads, member.threads);
    add(group.descriptors, member.descriptors);
    add(group.chart, member.chart);
  }
  return group;
}

[[nodiscard]] bool matches(const ProcessReport& report, const std::string& filter) {
  return filter.empty() || ascii_lower(report.name).find(filter) != std::string::npos ||
         ascii_lower(report.state).find(filter) != std::string::npos;
}

/// A group with its members, or a process alone.
struct Block {
  Row head;
  std::vector<Row> members;
};

[[nodiscard]] Block block_of(std::string_view base, const Members& processes) {
  std::vector<Row> members;
  for (const TopProcess* const process : processes) members.push_back(row_of(*process));
  if (members.size() == 1) return {std::move(members.front()), {}};
  for (Row& member : members) member.is_member = true;
  Row head = group_of(base, members);
  return {std::move(head), std::move(members)};
}

[[nodiscard]] std::vector<Block> blocks_of(const Board& board, const std::string& filter) {
  std::map<std::string_view, Members> by_base;
  for (const TopProcess& process : board.processes) {
    if (matches(process.report, filter)) by_base[base_of(process.report.name)].push_back(&process);
  }
  std::vector<Block> blocks;
  for (const auto& [base, members] : by_base) blocks.push_back(block_of(base, members));
  return blocks;
}

[[nodiscard]] Known figure_of(const Row& row, SortKey key) {
  switch (key) {
    case SortKey::uptime:
      return row.uptime_seconds;
    case SortKey::restarts:
      return row.restarts;
    case SortKey::cpu:
      return row.cpu_percent;
    case SortKey::memory:
      return row.memory_mb;
    case SortKey::threads:
      return row.threads;
    case SortKey::descriptors:
      return row.descriptors;
    case SortKey::state:
      return badness(row.kind);
    case SortKey::name:
      break;
  }
  return std::nullopt;
}

/// Compares numbers in names by value: app-2 is before app-10.
[[nodiscard]] bool is_name_before(const Row& left, const Row& right) {
  const std::string_view left_base = base_of(left.name);
  const std::string_view right_base = base_of(right.name);
  if (left_base != right_base) return left_base < right_base;
  if (left.name.size() != right.name.size()) return left.name.size() < right.name.size();
  return left.name < right.name;
}

/// Orders the largest figure first and unknown ones last; names break ties.
[[nodiscard]] bool is_before(const Row& left, const Row& right, SortKey key, bool is_reverse) {
  const Known one = figure_of(left, key);
  const Known other = figure_of(right, key);
  if (one.has_value() != other.has_value()) return one.has_value();
  if (one && *one != *other) return (*one > *other) != is_reverse;
  if (key == SortKey::name && is_reverse) return is_name_before(right, left);
  return is_name_before(left, right);
}

template <class Before>
void sort_blocks(std::vector<Block>& blocks, Before&& before) {
  std::stable_sort(blocks.begin(), blocks.end(), [&](const Block& left, const Block& right) {
    return before(left.head, right.head);
  });
  for (Block& block : blocks) std::stable_sort(block.members.begin(), block.members.end(), before);
}

}  // namespace

std::vector<Row> rows_of(const Board& board, const ViewChoice& choice) {
  std::vector<Block> blocks = blocks_of(board, ascii_lower(choice.filter));
  const auto place_of = [&](const Row& row) {
    const auto found = choice.places.find(row.id);
    return found == choice.places.end() ? SIZE_MAX : found->second;
  };
  sort_blocks(blocks, [&](const Row& left, const Row& right) {
    const std::size_t one = place_of(left);
    const std::size_t other = place_of(right);
    if (one != other) return one < other;
    return is_before(left, right, choice.sort, choice.is_reverse);
  });
  std::vector<Row> rows;
  for (Block& block : blocks) {
    block.head.is_folded = block.head.is_group && choice.folded.contains(block.head.name);
    const bool shows_members = !block.head.is_folded;
    rows.push_back(std::move(block.head));
    if (!shows_members) continue;
    for (Row& member : block.members) rows.push_back(std::move(member));
  }
  return rows;
}

void sort_now(ViewChoice& choice, const Board& board) {
  std::vector<Block> blocks = blocks_of(board, {});
  sort_blocks(blocks, [&](const Row& left, const Row& right) {
    return is_before(left, right, choice.sort, choice.is_reverse);
  });
  choice.places.clear();
  if (choice.sort == SortKey::name) return;
  for (const Block& block : blocks) {
    choice.places.emplace(block.head.id, choice.places.size());
    for (const Row& member : block.members) choice.places.emplace(member.id, choice.places.size());
  }
}

void settle(ViewChoice& choice, const std::vector<Row>& rows, std::size_t height) {
  if (rows.empty()) {
    choice.first = 0;
    return;
  }
  if (!choice.selected.empty()) {
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const Row& row) { return row.id == choice.selected; });
    choice.selected_at = found != rows.end() ? static_cast<std::size_t>(found - rows.begin())
                                             : std::min(choice.selected_at, rows.size() - 1);
    choice.selected = rows[choice.selected_at].id;
    choice.first = std::min(choice.first, choice.selected_at);
    if (choice.selected_at + 1 > choice.first + height) {
      choice.first = choice.selected_at + 1 - height;
    }
  }
  const std::size_t last_first = rows.size() > height ? rows.size() - height : 0;
  choice.first = std::min(choice.first, last_first);
}

}  // namespace provisr::daemon
