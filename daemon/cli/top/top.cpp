#include "daemon/cli/top/top.hpp"

#include "daemon/cli/client/command_parts.hpp"
#include "daemon/cli/client/terminal_text.hpp"
#include "daemon/cli/top/keys.hpp"
#include "daemon/cli/top/painter.hpp"
#include "daemon/cli/top/view.hpp"
#include "daemon/cli/top/watcher.hpp"

#include <provisr/process_name.hpp>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

using SteadyClock = std::chrono::steady_clock;

[[nodiscard]] bool wants_colours() {
  const char* const refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

/// The full screen of `provisrd top`.
class Screen {
 public:
  Screen(Board board, const ApiClient& api, const ClientOptions& options)
      : board_(std::move(board)), watcher_(api, options.names, options.refresh) {}

  [[nodiscard]] int run() {
    draw();
    while (true) {
      switch (terminal_->wait_until(deadline(), watcher_.wakeup())) {
        case Terminal::Event::ended:
          return EXIT_SUCCESS;
        case Terminal::Event::hung_up:
          return EXIT_FAILURE;
        case Terminal::Event::input:
          if (!take_keys(keys_.read(terminal_->take_input()))) return EXIT_SUCCESS;
          break;
        case Terminal::Event::redraw:
          painter_.forget();
          break;
        case Terminal::Event::woken:
          take_look();
          break;
        case Terminal::Event::deadline:
          if (!take_keys(keys_.give_up())) return EXIT_SUCCESS;
          break;
      }
      draw();
    }
  }

  /// Restores the terminal. Returns false if the last request still waits for its answer.
  [[nodiscard]] bool close() {
    terminal_.reset();
    return watcher_.stop(std::chrono::milliseconds(500));
  }

 private:
  /// Returns when to wake up for the rest of a key, or to update how long the server has not
  /// answered.
  [[nodiscard]] SteadyClock::time_point deadline() const {
    constexpr std::chrono::milliseconds rest_of_a_key{100};
    if (keys_.is_waiting()) return SteadyClock::now() + rest_of_a_key;
    return SteadyClock::now() +
           (board_.failure.empty() ? std::chrono::hours(1) : std::chrono::seconds(1));
  }

  void take_look() {
    auto look = watcher_.take();
    if (look) board_.take(std::move(*look), std::chrono::system_clock::now(), SteadyClock::now());
  }

  /// Returns false if a key quits the program.
  [[nodiscard]] bool take_keys(const std::vector<KeyPress>& keys) {
    for (const KeyPress& key : keys) {
      const std::vector<Row> rows = rows_of(board_, choice_);
      const std::size_t page = table_height(board_, choice_, settings());
      switch (press(key, choice_, board_, rows, page)) {
        case Reaction::quit:
          return false;
        case Reaction::draw_anew:
          painter_.forget();
          break;
        case Reaction::draw:
          break;
      }
    }
    return true;
  }

  [[nodiscard]] ViewSettings settings() const {
    return {.size = terminal_->size(), .is_utf8 = is_utf8_, .now = SteadyClock::now()};
  }

  void draw() {
    const std::vector<Row> rows = rows_of(board_, choice_);
    const ViewSettings now = settings();
    const std::size_t height = table_height(board_, choice_, now);
    settle(choice_, rows, height);
    want_charts(rows, height);
    // A frame that was cut short is drawn again.
    if (!terminal_->write(painter_.paint(render(board_, rows, choice_, now)))) painter_.forget();
  }

  /// Asks for the histories of the processes on the screen.
  void want_charts(const std::vector<Row>& rows, std::size_t height) {
    std::vector<std::string> names;
    const std::size_t end = std::min(rows.size(), choice_.first + height);
    for (std::size_t i = choice_.first; i < end; ++i) {
      if (!rows[i].is_group) names.push_back(rows[i].name);
    }
    watcher_.show(names);
  }

  Board board_;
  ViewChoice choice_;
  KeyReader keys_;
  Painter painter_{wants_colours()};
  bool is_utf8_ = takes_utf8();
  // Before watcher_, whose thread inherits that the terminal's signals are blocked.
  std::optional<Terminal> terminal_{std::in_place};
  Watcher watcher_;
};

/// Returns the terminal's width, or else the value of COLUMNS, or else enough for all columns.
[[nodiscard]] std::size_t text_columns(const Board& board) {
  if (is_output_terminal()) return static_cast<std::size_t>(output_terminal_size().columns);
  std::size_t columns = 0;
  const char* const variable = std::getenv("COLUMNS");
  const std::string_view text = variable == nullptr ? std::string_view() : variable;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  constexpr std::size_t widest = 10'000;
  if (error == std::errc() && columns > 0) return std::min(columns, widest);
  std::size_t longest = 0;
  for (const TopProcess& process : board.processes) {
    longest = std::max(longest, display_width(printable(process.report.name)));
  }
  return 100 + longest;
}

/// The most histories that are asked for if the table is printed once.
constexpr std::size_t max_histories = 128;

[[nodiscard]] std::vector<std::string> first_names(const std::vector<ProcessReport>& processes) {
  std::vector<std::string> names;
  for (const ProcessReport& process : processes) {
    if (names.size() == max_histories) break;
    if (is_valid_process_name(process.name)) names.push_back(process.name);
  }
  return names;
}

[[nodiscard]] int print_once(Board& board, const ApiClient& api, const ClientOptions& options,
                             const ClientOutput& output) {
  std::vector<ProcessReport> processes;
  for (const TopProcess& process : board.processes) processes.push_back(process.report);
  board.take(poll_server(api, options.names, first_names(processes)),
             std::chrono::system_clock::now(), SteadyClock::now());
  if (options.json) {
    return output.print(printable_json(board_json(board)) + "\n") ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  const std::string text = render_text(board, text_columns(board), takes_utf8());
  return output.print(text) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/// Returns whether all names are known.
[[nodiscard]] bool check_names(const ApiClient& api, const std::vector<std::string>& names,
                               const ClientOutput& output) {
  if (names.empty()) return true;
  bool are_known = true;
  const std::vector<ProcessReport> processes = parse_status(ask_status(api));
  for (const std::string& name : names) {
    if (!find_processes(processes, name).empty()) continue;
    output.report_error(unknown_name(name, processes));
    are_known = false;
  }
  return are_known;
}

[[nodiscard]] int run_with(const ApiClient& api, const ServerUrl& server,
                           const ClientOptions& options, const ClientOutput& output) {
  if (!check_names(api, options.names, output)) return exit_unknown_name;
  Board board;
  board.server = server.to_string();
  board.take(poll_server(api, options.names, {}), std::chrono::system_clock::now(),
             SteadyClock::now());
  if (options.once || options.json || !has_full_screen()) {
    return print_once(board, api, options, output);
  }
  try {
    Screen screen(std::move(board), api, options);
    const int status = screen.run();
    if (!screen.close()) std::_Exit(status);
    return status;
  } catch (const std::system_error& failure) {
    throw ClientFailure(failure.what());
  }
}

}  // namespace

int run_top(const ClientOptions& options, const ClientOutput& output) {
  const ServerUrl server = server_of(options);
  return run_guarded(server, output, [&](const ClientOutput& safe) {
    const std::string token = options.token_file.empty() ? "" : read_token(options.token_file);
    return run_with(ApiClient(server, token), server, options, safe);
  });
}

}  // namespace provisr::daemon
