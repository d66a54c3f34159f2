#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::test {

/// A terminal emulator: cursor positions, erasing, the normal and the alternate screen, and lines
/// that are wrapped or cut off at the edge. Every character is one column wide.
class EmulatedScreen {
 public:
  EmulatedScreen(std::size_t columns, std::size_t rows) { resize(columns, rows); }

  void resize(std::size_t columns, std::size_t rows) {
    columns_ = columns;
    rows_ = rows;
    cells_.resize(rows);
    for (auto& row : cells_) row.resize(columns, " ");
    row_ = std::min(row_, rows - 1);
    column_ = std::min(column_, columns - 1);
  }

  void feed(std::string_view bytes) {
    pending_ += bytes;
    std::string_view left = pending_;
    while (!left.empty()) {
      const std::size_t size = left.front() == '\x1b' ? control(left) : character(left);
      if (size == 0) break;
      left.remove_prefix(size);
    }
    pending_.erase(0, pending_.size() - left.size());
  }

  /// Returns the lines, without trailing spaces.
  [[nodiscard]] std::string text() const {
    std::string text;
    for (const auto& row : cells_) {
      std::string line;
      for (const std::string& cell : row) line += cell;
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + '\n';
    }
    return text;
  }

  [[nodiscard]] bool is_alternate() const { return is_alternate_; }
  /// Returns how often the alternate screen was selected.
  [[nodiscard]] int times_alternate() const { return times_alternate_; }
  [[nodiscard]] bool has_cursor() const { return has_cursor_; }
  [[nodiscard]] bool wraps() const { return wraps_; }
  [[nodiscard]] bool has_seen_mouse() const { return has_seen_mouse_; }

 private:
  std::size_t character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t size = lead < 0x80 ? 1U : lead < 0xe0 ? 2U : lead < 0xf0 ? 3U : 4U;
    if (text.size() < size) return 0;
    if (lead == '\r') column_ = 0;
    if (lead == '\n') begin_next_line();
    if (lead < 0x20) return 1;
    cells_[row_][column_] = text.substr(0, size);
    if (column_ + 1 < columns_) {
      ++column_;
    } else if (wraps_) {
      column_ = 0;
      begin_next_line();
    }
    return size;
  }

  void begin_next_line() {
    if (row_ + 1 < cells_.size()) {
      ++row_;
      return;
    }
    std::rotate(cells_.begin(), cells_.begin() + 1, cells_.end());
    cells_.back().assign(columns_, " ");
  }

  std::size_t control(std::string_view text) {
    const std::size_t end = text.find_first_of("ABCDHJKfhlm", 2);
    if (end == std::string_view::npos) return 0;
    run(std::string(text.substr(2, end - 2)), text[end]);
    return end + 1;
  }

  void run(const std::string& parameters, char final) {
    if (final == 'H') {
      const std::size_t semicolon = parameters.find(';');
      row_ = std::min(number(parameters.substr(0, semicolon)), cells_.size()) - 1;
      column_ = semicolon == std::string::npos ? 0 : number(parameters.substr(semicolon + 1)) - 1;
    } else if (final == 'K') {
      for (std::size_t i = column_; i < columns_; ++i) cells_[row_][i] = " ";
    } else if (final == 'J') {
      for (auto& row : cells_) row.assign(columns_, " ");
    } else if (final == 'h' || final == 'l') {
      set_mode(parameters, final == 'h');
    }
  }

  void set_mode(const std::string& mode, bool is_on) {
    if (mode == "?1049") choose_alternate(is_on);
    if (mode == "?25") has_cursor_ = is_on;
    if (mode == "?7") wraps_ = is_on;
    if (mode.starts_with("?100") && mode != "?1049") has_seen_mouse_ = true;
  }

  void choose_alternate(bool is_on) {
    if (is_on) ++times_alternate_;
    if (std::exchange(is_alternate_, is_on) == is_on) return;
    std::swap(cells_, other_cells_);
    std::swap(row_, other_row_);
    std::swap(column_, other_column_);
    resize(columns_, rows_);
  }

  [[nodiscard]] static std::size_t number(const std::string& text) {
    const long value = std::strtol(text.c_str(), nullptr, 10);
    return value > 0 ? static_cast<std::size_t>(value) : 1;
  }

  std::size_t columns_ = 0;
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  std::size_t rows_ = 0;
  std::vector<std::vector<std::string>> cells_;
  std::size_t other_row_ = 0;  ///< this and the next two belong to the screen that is not shown
  std::size_t other_column_ = 0;
  std::vector<std::vector<std::string>> other_cells_;
  std::string pending_;
  bool is_alternate_ = false;
  int times_alternate_ = 0;
  bool has_cursor_ = true;
  bool wraps_ = true;
  bool has_seen_mouse_ = false;
};

}  // namespace provisr::test
