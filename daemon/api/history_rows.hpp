#pragma once

#include "daemon/api/history_query.hpp"
#include "daemon/api/json.hpp"
#include "daemon/api/sliced_answer.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The JSON text of a history, made of rows that are forgotten once they are written.
template <class Row>
class HistoryRows {
 public:
  using ToJson = std::string (*)(std::span<const Row> rows, const Fields& fields);

  /// The text begins with `{key: name, "history": [`.
  HistoryRows(std::string_view key, std::string_view name, Fields fields, ToJson to_json)
      : begin_(history_json_begin(key, name)), fields_(std::move(fields)), to_json_(to_json) {}

  void add(const Row& row) { rows_.push_back(row); }

  /// Moves rows to `text` until that has bytes_in_a_piece. Returns whether no row is left.
  bool move_to(std::string& text) {
    text += std::exchange(begin_, {});
    while (!rows_.empty() && text.size() < bytes_in_a_piece) move_some(text);
    return rows_.empty();
  }

 private:
  void move_some(std::string& text) {
    constexpr std::size_t most = 32;
    const auto end =
        rows_.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(most, rows_.size()));
    const std::vector<Row> some(rows_.begin(), end);
    rows_.erase(rows_.begin(), end);
    if (std::exchange(has_rows_, true)) text += ',';
    text += to_json_(some, fields_);
  }

  std::string begin_;
  Fields fields_;
  ToJson to_json_;
  std::deque<Row> rows_;
  bool has_rows_ = false;
};

}  // namespace provisr::daemon
