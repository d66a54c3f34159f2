#include "daemon/cli/top/view.hpp"

#include "daemon/cli/client/terminal_text.hpp"
#include "daemon/cli/top/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::size_t max_problems = 10;

[[nodiscard]] std::size_t to_size(int value) {
  return static_cast<std::size_t>(std::max(value, 1));
}

[[nodiscard]] Style style_of(StateKind kind) {
  switch (kind) {
    case StateKind::up:
      return Style::good;
    case StateKind::waiting:
      return Style::waiting;
    case StateKind::down:
      return Style::bad;
    case StateKind::stopped:
      break;
  }
  return Style::dim;
}

[[nodiscard]] std::string size_text(double mb) {
  constexpr double gigabyte = 1024;
  return mb < 10 * gigabyte ? fmt::format("{:.0f} MB", mb)
                            : fmt::format("{:.1f} GB", mb / gigabyte);
}

/// Makes the lines of a frame of the given width.
class Drawing {
 public:
  Drawing(std::size_t columns, bool is_utf8)
      : columns_(columns), is_utf8_(is_utf8), ellipsis_(is_utf8 ? "\u2026" : "~") {}

  [[nodiscard]] Line line(std::string_view text, Style style) const {
    Line made;
    made.add(text, style, columns_, ellipsis_);
    return made;
  }

  void add(Line& line, std::string_view text, Style style) const {
    line.add(text, style, columns_, ellipsis_);
  }

  /// Adds `text` only if all of it fits.
  void add_if_it_fits(Line& line, std::string_view text, Style style) const {
    if (line.width() + display_width(text) <= columns_) add(line, text, style);
  }

  [[nodiscard]] Line totals(const Board& board) const {
    const Totals& totals = board.totals;
    Line made;
    add(made, fmt::format("{} up", totals.up), totals.up > 0 ? Style::good : Style::dim);
    add_count(made, totals.down, "down", Style::bad);
    add_count(made, totals.waiting, "waiting", Style::waiting);
    add_count(made, totals.stopped, "stopped", Style::dim);
    const std::string cpu = totals.cpu_percent ? fmt::format("{:.1f}", *totals.cpu_percent) : "-";
    add_if_it_fits(made, fmt::format("  CPU {} %", cpu), Style::strong);
    if (board.machine.cpus) {
      add_if_it_fits(made, fmt::format(" of {:.0f} %", *board.machine.cpus * 100), Style::dim);
    }
    const std::string memory = totals.memory_mb ? fmt::format("{:.0f}", *totals.memory_mb) : "-";
    add_if_it_fits(made, fmt::format("  {} MB", memory), Style::strong);
    if (board.machine.memory_mb) {
      add_if_it_fits(made, " of " + size_text(*board.machine.memory_mb), Style::dim);
    }
    add_if_it_fits(made, "  " + printable(board.server), Style::dim);
    return made;
  }

  [[nodiscard]] Line failure(const Board& board, std::chrono::steady_clock::time_point now) const {
    std::chrono::seconds since{0};
    if (board.failing_since) {
      since = std::chrono::duration_cast<std::chrono::seconds>(now - *board.failing_since);
    }
    return line(fmt::format("NO ANSWER for {}, trying again: {}", format_age(since),
                            printable(board.failure)),
                Style::bad);
  }

  [[nodiscard]] Line problem(const Problem& problem) const {
    Line made;
    add(made, problem.is_down ? "! " : "~ ", problem.is_down ? Style::bad : Style::waiting);
    add(made, printable(problem.name), Style::strong);
    add(made, " " + printable(problem.text), Style::plain);
    return made;
  }

  [[nodiscard]] Line head(const Layout& layout, const ViewChoice& choice) const {
    Line made;
    const char* const mark = choice.is_reverse ? "^" : "v";
    const bool by_name = choice.sort == SortKey::name;
    add(made,
        padded(by_name ? fmt::format("NAME{}", choice.is_reverse ? "v" : "^") : "NAME", layout.name,
               ellipsis_),
        Style::strong);
    for (const Column* const column : layout.columns) {
      const bool is_sorted = column->key == choice.sort && !by_name;
      const std::string text = is_sorted ? column->head + std::string(mark) : column->head;
      add(made, aligned_cell(*column, text), Style::strong);
    }
    if (layout.chart > 0)
      add(made, padded(" CPU CHART", layout.chart + 1, ellipsis_), Style::strong);
    return made;
  }

  [[nodiscard]] Line row(const Row& row, const Layout& layout) const {
    Line made;
    add(made, padded(label_of(row), layout.name, ellipsis_),
        row.is_group ? Style::strong : Style::plain);
    for (const Column* const column : layout.columns) {
      const std::string value = column->value(row);
      Style style = Style::plain;
      if (value.empty() || value == "0" || value == "0.0") style = Style::dim;
      if (column->key == SortKey::state) style = style_of(row.kind);
      add(made, aligned_cell(*column, value.empty() ? "-" : value), style);
    }
    if (layout.chart == 0) return made;
    add(made, " ", Style::plain);
    add(made, padded(chart(row.chart, layout.chart, is_utf8_), layout.chart, ellipsis_),
        Style::data);
    return made;
  }

  [[nodiscard]] Layout layout_of(const std::vector<Row>& rows) const {
    std::size_t longest = 5;
    for (const Row& row : rows) longest = std::max(longest, display_width(label_of(row)));
    return layout_for(columns_, longest);
  }

  void add_table(Frame& frame, const std::vector<Row>& rows, const ViewChoice& choice,
                 std::size_t height) const {
    const Layout layout = layout_of(rows);
    frame.push_back(head(layout, choice));
    const std::size_t end = std::min(rows.size(), choice.first + height);
    for (std::size_t i = std::min(choice.first, end); i < end; ++i) {
      frame.push_back(row(rows[i], layout));
      frame.back().is_inverse = rows[i].id == choice.selected;
    }
  }

 private:
  void add_count(Line& line, std::size_t count, std::string_view what, Style style) const {
    if (count > 0) add_if_it_fits(line, fmt::format("  {} {}", count, what), style);
  }

  /// Aligns states to the left and figures to the right.
  [[nodiscard]] std::string aligned_cell(const Column& column, std::string_view text) const {
    if (column.key == SortKey::state) return " " + padded(text, column.width - 1, ellipsis_);
    return " " + padded_left(text, column.width - 1, ellipsis_);
  }

  [[nodiscard]] static std::string label_of(const Row& row) {
    if (!row.is_group) return (row.is_member ? "    " : "  ") + printable(row.name);
    return fmt::format("{} {} ({})", row.is_folded ? "+" : "-", printable(row.name), row.members);
  }

  std::size_t columns_;
  bool is_utf8_;
  std::string_view ellipsis_;
};

/// Returns how many lines the problems take; most of the screen is left for the table.
[[nodiscard]] std::size_t problem_lines(const Board& board, std::size_t rows) {
  return std::min({board.problems.size(), max_problems, rows / 4});
}

void add_problems(Frame& frame, const Board& board, const Drawing& drawing, std::size_t lines) {
  const bool are_all = lines == board.problems.size();
  const std::size_t told = are_all || lines == 0 ? lines : lines - 1;
  for (std::size_t i = 0; i < told; ++i) frame.push_back(drawing.problem(board.problems[i]));
  if (told == lines) return;
  frame.push_back(
      drawing.line(fmt::format("! and {} more", board.problems.size() - told), Style::bad));
}

constexpr auto help_lines = std::to_array<std::string_view>({
    "Keys of provisrd top",
    "",
    "  q, Ctrl-C       quit",
    "  up down k j     select; also PgUp PgDn Home End",
    "  space, Enter    fold or unfold the group",
    "  - +             fold or unfold all groups",
    "  /               filter by name or state; Esc ends it",
    "  n s u r         sort by name, state, uptime, restarts",
    "  c m t f         sort by CPU, memory, threads, descriptors",
    "                  press again to sort again; R reverses",
    "  Ctrl-L          draw anew",
    "  ?               this help; any key leaves it",
    "",
    "Rows keep their place until they are sorted. A chart is CPU from",
    "0 to its own highest value; a gap is a time without the process.",
});

[[nodiscard]] Frame help_frame(const Drawing& drawing, std::size_t rows) {
  Frame frame;
  for (const std::string_view text : help_lines) {
    if (frame.size() < rows) {
      frame.push_back(drawing.line(text, frame.empty() ? Style::strong : Style::plain));
    }
  }
  return frame;
}

[[nodiscard]] Line foot(const Drawing& drawing, const std::vector<Row>& rows,
                        const ViewChoice& choice, std::size_t height) {
  if (choice.is_typing_filter || !choice.filter.empty()) {
    Line made = drawing.line(
        fmt::format("/{}{}", choice.filter, choice.is_typing_filter ? "_" : ""), Style::strong);
    drawing.add_if_it_fits(made, fmt::format("  {} rows  Esc: all", rows.size()), Style::dim);
    return made;
  }
  const std::size_t last = std::min(rows.size(), choice.first + height);
  Line made;
  if (rows.size() > height) {
    drawing.add(made, fmt::format("{}-{} of {}  ", choice.first + 1, last, rows.size()),
                Style::plain);
  }
  for (const std::string_view hint :
       {"q quit  ", "? help  ", "/ filter  ", "space fold  ", "c m n sort  "}) {
    drawing.add_if_it_fits(made, hint, Style::dim);
  }
  return made;
}

[[nodiscard]] std::size_t lines_around(const Board& board, std::size_t rows) {
  const std::size_t failure = board.failure.empty() ? 0 : 1;
  return 3 + failure + problem_lines(board, rows);  // totals, head, foot
}

}  // namespace

std::size_t table_height(const Board& board, const ViewChoice&, const ViewSettings& settings) {
  const std::size_t rows = to_size(settings.size.rows);
  const std::size_t others = lines_around(board, rows);
  return rows > others ? rows - others : 1;
}

Frame render(const Board& board, const std::vector<Row>& rows, const ViewChoice& choice,
             const ViewSettings& settings) {
  const Drawing drawing(to_size(settings.size.columns), settings.is_utf8);
  const std::size_t lines = to_size(settings.size.rows);
  if (choice.shows_help) return help_frame(drawing, lines);
  const std::size_t height = table_height(board, choice, settings);
  Frame frame{drawing.totals(board)};
  if (!board.failure.empty()) frame.push_back(drawing.failure(board, settings.now));
  add_problems(frame, board, drawing, problem_lines(board, lines));
  drawing.add_table(frame, rows, choice, height);
  if (rows.empty()) frame.push_back(drawing.line("  no processes", Style::dim));
  if (frame.size() >= lines) {
    frame.resize(lines);
    return frame;
  }
  frame.resize(lines - 1);
  frame.push_back(foot(drawing, rows, choice, height));
  return frame;
}

std::string render_text(const Board& board, std::size_t columns, bool is_utf8) {
  const Drawing drawing(columns, is_utf8);
  const std::vector<Row> rows = rows_of(board, {});
  Frame frame{drawing.totals(board)};
  add_problems(frame, board, drawing, board.problems.size());
  drawing.add_table(frame, rows, {}, rows.size());
  std::string text;
  for (const Line& line : frame) {
    std::string one = line.text();
    one.erase(one.find_last_not_of(' ') + 1);
    text += one + '\n';
  }
  return text;
}

std::string chart(const std::vector<std::optional<double>>& values, std::size_t columns,
                  bool is_utf8) {
  constexpr auto blocks = std::to_array<std::string_view>(
      {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"});
  constexpr auto letters =
      std::to_array<std::string_view>({"_", ".", ":", "-", "=", "+", "*", "#"});
  constexpr double least_scale = 1;  // percent; keeps the chart of an idle process low
  const std::size_t begin = values.size() > columns ? values.size() - columns : 0;
  double largest = least_scale;
  for (std::size_t i = begin; i < values.size(); ++i)
    largest = std::max(largest, values[i].value_or(0));
  std::string text(columns - (values.size() - begin), ' ');
  for (std::size_t i = begin; i < values.size(); ++i) {
    if (!values[i]) {
      text += ' ';
      continue;
    }
    const auto level = std::min<std::size_t>(static_cast<std::size_t>(*values[i] / largest * 8), 7);
    text += is_utf8 ? blocks[level] : letters[level];
  }
  return text;
}

}  // namespace provisr::daemon
