#include "daemon/base/timestamp.hpp"
#include "daemon/cli/client/terminal_text.hpp"
#include "daemon/cli/top/board.hpp"
#include "daemon/cli/top/columns.hpp"
#include "daemon/cli/top/keys.hpp"
#include "daemon/cli/top/painter.hpp"
#include "daemon/cli/top/view.hpp"
#include "support/screen.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using Catch::Matchers::ContainsSubstring;

namespace {

const Timestamp now = *parse_rfc3339("2026-11-25T10:00:00Z");
const std::chrono::steady_clock::time_point steady_now{std::chrono::hours(5)};

[[nodiscard]] ProcessReport process(const std::string& name, const std::string& state,
                                    std::uint64_t pid = 1) {
  ProcessReport report;
  report.name = name;
  report.state = state;
  if (state == "running") report.pid = pid;
  report.restarts = 0;
  return report;
}

[[nodiscard]] TopSample sample(double cpu, double memory, const std::string& timestamp) {
  TopSample made;
  made.usage.cpu_percent = cpu;
  made.usage.memory_mb = memory;
  made.timestamp = timestamp;
  return made;
}

[[nodiscard]] Look three_of_a_group() {
  Look look;
  look.processes = {process("app-1", "running"), process("app-10", "running"),
                    process("app-2", "running"), process("db", "running")};
  look.samples = {{"app-1", sample(1, 10, "a")},
                  {"app-10", sample(30, 5, "a")},
                  {"app-2", sample(2, 20, "a")},
                  {"db", sample(0.5, 100, "a")}};
  return look;
}

[[nodiscard]] Board board_of(Look look) {
  Board board;
  board.server = "http://localhost:8080/api";
  board.take(std::move(look), now, steady_now);
  return board;
}

[[nodiscard]] ViewSettings screen_of(int columns, int rows) {
  return {.size = {columns, rows}, .is_utf8 = true, .now = steady_now};
}

[[nodiscard]] Frame frame_of(const Board& board, const ViewChoice& choice, int columns, int rows) {
  return render(board, rows_of(board, choice), choice, screen_of(columns, rows));
}

[[nodiscard]] std::string text_of(const Frame& frame) {
  std::string text;
  for (const Line& line : frame) text += line.text() + '\n';
  return text;
}

[[nodiscard]] std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows) names.push_back(row.name);
  return names;
}

using Names = std::vector<std::string>;

[[nodiscard]] Look look_at(const ProcessReport& report, std::vector<ExitReport> exits = {}) {
  Look look;
  look.processes = {report};
  look.exits = std::move(exits);
  return look;
}

[[nodiscard]] ExitReport killed(const std::string& at) {
  ExitReport exit;
  exit.name = "a";
  exit.ended_at = at;
  exit.description = "signal 9 (Killed)";
  exit.reason = "itself";
  exit.memory_peak = 512ULL * 1024 * 1024;
  return exit;
}

}  // namespace

TEST_CASE("problems are told in words, the worst first") {
  ProcessReport waiting = process("a", "backoff");
  waiting.last_error = "cannot start";
  CHECK(board_of(look_at(waiting, {killed("2026-11-25T09:57:00Z"), killed("2026-11-25T09:56:00Z")}))
            .problems.at(0)
            .text ==
        "waits to be restarted: ended 3m0s ago: signal 9 (Killed), peak 512.0 MB, 2 times in 10 "
        "min; cannot start");
  CHECK(board_of(look_at(process("a", "running"), {killed("2026-11-25T09:59:55Z")}))
            .problems.at(0)
            .text == "runs again, ended 5s ago: signal 9 (Killed), peak 512.0 MB");
  CHECK(board_of(look_at(process("a", "running"), {killed("1700-01-01T00:00:00Z")}))
            .problems.at(0)
            .text.starts_with("runs again, ended 119397d10h ago:"));
  ProcessReport over = process("a", "running");
  over.over_limits = "memory 600.0 of 512.0";
  CHECK(board_of(look_at(over)).problems.at(0).text == "over its limits: memory 600.0 of 512.0");
  Look both;
  both.processes = {waiting, process("b", "failed")};
  CHECK(board_of(both).problems.at(0).name == "b");
}

TEST_CASE("what runs, was stopped or has ended well is no problem") {
  ProcessReport ended = process("a", "exited");
  ended.last_exit = ProcessReport::LastExit{"exit code 0", "2026-11-25T09:59:00Z"};
  ExitReport stopped = killed("2026-11-25T09:59:00Z");
  stopped.reason = "stop";
  CHECK(board_of(look_at(ended)).problems.empty());
  CHECK(board_of(look_at(process("a", "stopped"), {stopped})).problems.empty());
  CHECK(board_of(look_at(process("a", "running"), {stopped})).problems.empty());
  CHECK(board_of(look_at(ended)).totals.stopped == 1);
}

TEST_CASE("a chart goes on with each new sample and shows another process behind a gap") {
  using Values = std::deque<std::optional<double>>;
  Board board = board_of(three_of_a_group());
  Look look = three_of_a_group();
  look.samples["db"] = sample(2, 100, "a");  // the same sample
  board.take(look, now, steady_now);
  CHECK(board.processes.at(3).cpu.values == Values{0.5});
  look.samples["db"] = sample(2, 100, "b");
  look.processes.at(3).pid = 2;
  board.take(look, now, steady_now);
  CHECK(board.processes.at(3).cpu.values == Values{0.5, std::nullopt, 2.0});
  look.histories["db"] = parse_cpu_history(
      R"({"history": [{"timestamp": "a", "cpu_percent": 7, "pid": 1},
                      {"timestamp": "b", "cpu_percent": 8, "pid": 2}]})");
  board.take(look, now, steady_now);
  CHECK(board.processes.at(3).cpu.values == Values{7.0, std::nullopt, 8.0});
}

TEST_CASE("a failure leaves the figures and tells since when") {
  Board board = board_of(three_of_a_group());
  Look failed;
  failed.failure = "cannot ask\x1b[2J";
  board.take(failed, now, steady_now - std::chrono::seconds(70));
  board.take(failed, now, steady_now);
  const std::string text = text_of(frame_of(board, {}, 100, 20));
  CHECK_THAT(text, ContainsSubstring("NO ANSWER for 1m10s, trying again: cannot ask\\x1b[2J"));
  CHECK_THAT(text, ContainsSubstring("    app-10"));
  board.take(three_of_a_group(), now, steady_now);
  CHECK(text_of(frame_of(board, {}, 100, 20)).find("NO ANSWER") == std::string::npos);
}

TEST_CASE("answers that are none of a provisrd are as nothing") {
  const auto* const text = GENERATE("", "[]", "{", "1", R"({"history": 1, "exits": {}})",
                                    R"({"history": [1, {}], "exits": [1], "a": 1})");
  CHECK_NOTHROW(parse_samples(text));
  CHECK_NOTHROW(parse_cpu_history(text));
  CHECK_NOTHROW(parse_exits(text));
}

TEST_CASE("figures that no machine has are as nothing") {
  const char* const json =
      R"({"a-1": {"cpu_percent": 1.7e308, "memory_mb": 18446744073709551616}})";
  const TopSample sample = parse_samples(json).at("a-1");
  CHECK_FALSE(sample.usage.cpu_percent);
  CHECK_FALSE(sample.usage.memory_mb);
  CHECK_FALSE(parse_cpu_history(R"({"history": [{"cpu_percent": 1e308}]})").values.at(0));
}

TEST_CASE("rows are groups with their members, numbers by their value") {
  const Board board = board_of(three_of_a_group());
  ViewChoice choice;
  CHECK(names_of(rows_of(board, choice)) == Names{"app", "app-1", "app-2", "app-10", "db"});
  const Row group = rows_of(board, choice).at(0);
  CHECK(group.cpu_percent == 33);
  CHECK(group.memory_mb == 35);
  CHECK(group.members_up == 3);
  choice.folded = {"app"};
  CHECK(names_of(rows_of(board, choice)) == Names{"app", "db"});
  choice.filter = "APP-1";
  choice.folded.clear();
  CHECK(names_of(rows_of(board, choice)) == Names{"app", "app-1", "app-10"});
}

TEST_CASE("rows keep their place until they are sorted anew") {
  Board board = board_of(three_of_a_group());
  ViewChoice choice;
  choice.sort = SortKey::memory;
  sort_now(choice, board);
  const Names by_memory{"db", "app", "app-2", "app-1", "app-10"};
  CHECK(names_of(rows_of(board, choice)) == by_memory);
  Look look = three_of_a_group();
  look.samples["app-10"] = sample(1, 900, "b");
  board.take(look, now, steady_now);
  CHECK(names_of(rows_of(board, choice)) == by_memory);
  sort_now(choice, board);
  CHECK(names_of(rows_of(board, choice)) == Names{"app", "app-10", "app-2", "app-1", "db"});
  choice.is_reverse = true;
  sort_now(choice, board);
  CHECK(names_of(rows_of(board, choice)) == Names{"db", "app", "app-1", "app-2", "app-10"});
}

TEST_CASE("a frame fits its screen, whatever it shows") {
  Look look = three_of_a_group();
  ProcessReport hostile = process("x\x1b]0;owned\x07\xff\xe6\x97\xa5\xe6\x9c\xac", "ba\rd");
  hostile.last_error = "\xe4\xbd\xa0\xe5\xa5\xbd \u202e\x9b" + std::string(300, 'e');
  look.processes.push_back(hostile);
  for (int i = 0; i < 60; ++i) look.processes.push_back(process(fmt::format("p{}", i), "failed"));
  Board board = board_of(look);
  board.failure = GENERATE("", "lost");
  const int columns = GENERATE(1, 2, 9, 39, 40, 79, 80, 81, 120, 200, 400);
  const int rows = GENERATE(1, 2, 3, 5, 24, 100);
  ViewChoice choice;
  choice.shows_help = GENERATE(false, true);
  choice.selected = "p:p7";
  const std::vector<Row> all = rows_of(board, choice);
  settle(choice, all, table_height(board, choice, screen_of(columns, rows)));
  const Frame frame = render(board, all, choice, screen_of(columns, rows));
  CHECK(frame.size() <= static_cast<std::size_t>(rows));
  for (const Line& line : frame) {
    CHECK(line.width() <= static_cast<std::size_t>(columns));
    const std::string text = line.text();
    CHECK(std::none_of(text.begin(), text.end(),
                       [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }));
    CHECK(printable(text) == text);
  }
}

TEST_CASE("columns are given up one after the other") {
  const auto heads = [](std::size_t width) {
    std::string text;
    for (const Column* const column : layout_for(width, 14).columns) {
      text += std::string(column->head) + ' ';
    }
    return text;
  };
  CHECK(heads(200) == "STATE UPTIME RESTARTS CPU % MEM MB THREADS FDS ");
  CHECK(heads(80) == "STATE UPTIME RESTARTS CPU % MEM MB THREADS ");
  CHECK(heads(40) == "STATE CPU % MEM MB ");
  CHECK(heads(20) == "CPU % ");
  CHECK(heads(5).empty());
  CHECK(layout_for(200, 14).chart == 60);
  CHECK(layout_for(200, 128).name + layout_for(200, 128).chart <= 200);
}

TEST_CASE("a chart is from 0 to the largest of its newest values") {
  CHECK(chart({0, 50, std::nullopt, 100}, 6, true) == "  \u2581\u2585 \u2588");
  CHECK(chart({900, 0, 100}, 2, false) == "_#");
  CHECK(chart({0.01, 0.02}, 2, false) == "__");
  CHECK(chart({}, 3, true) == "   ");
  CHECK(chart({1}, 0, true).empty());
}

TEST_CASE("the selected row stays on the screen, also when it has gone") {
  const Board board = board_of(three_of_a_group());
  ViewChoice choice;
  const std::vector<Row> rows = rows_of(board, choice);
  choice.selected = "p:db";
  settle(choice, rows, 2);
  CHECK(choice.first == 3);
  choice.selected = "p:gone";
  settle(choice, rows, 2);
  CHECK(choice.selected == "p:db");
  choice.first = 99;
  choice.selected.clear();
  settle(choice, rows, 2);
  CHECK(choice.first == 3);
  settle(choice, {}, 2);
  CHECK(choice.first == 0);
}

TEST_CASE("keys are found in whatever pieces they arrive") {
  using Keys = std::vector<KeyPress>;
  KeyReader reader;
  CHECK(reader.read("a\x1b[A\x1bOB\x1b[6~\r\x7f") == Keys{{TerminalKey::character, 'a'},
                                                          {TerminalKey::up},
                                                          {TerminalKey::down},
                                                          {TerminalKey::page_down},
                                                          {TerminalKey::enter},
                                                          {TerminalKey::backspace}});
  CHECK(reader.read("\x1b").empty());
  CHECK(reader.is_waiting());
  CHECK(reader.read("[").empty());
  CHECK(reader.read("D") == Keys{{TerminalKey::left}});
  CHECK(reader.read("\x1b").empty());
  CHECK(reader.give_up() == Keys{{TerminalKey::escape}});
  CHECK_FALSE(reader.is_waiting());
  CHECK(reader.read("\x1b[<0;1;1M\x1b[1;5Aq\xc3\xa4") == Keys{{TerminalKey::character, 'q'}});
  CHECK(reader.read("\x1b[" + std::string(100'000, '1')).size() > 1000);
  CHECK(reader.read("\x03") == Keys{{TerminalKey::interrupt}});
}

TEST_CASE("letters of a filter are no commands") {
  const Board board = board_of(three_of_a_group());
  ViewChoice choice;
  const auto type = [&](KeyPress key) {
    return press(key, choice, board, rows_of(board, choice), 5);
  };
  static_cast<void>(type({TerminalKey::character, '/'}));
  for (const char letter : std::string("dbq"))
    CHECK(type({TerminalKey::character, letter}) == Reaction::draw);
  static_cast<void>(type({TerminalKey::backspace}));
  CHECK(choice.filter == "db");
  static_cast<void>(type({TerminalKey::enter}));
  CHECK(names_of(rows_of(board, choice)) == Names{"db"});
  static_cast<void>(type({TerminalKey::escape}));
  CHECK(choice.filter.empty());
  CHECK(type({TerminalKey::character, 'q'}) == Reaction::quit);
}

TEST_CASE("a painter sends only the lines that changed, and the screen shows the frame") {
  const Board board = board_of(three_of_a_group());
  const Frame frame = frame_of(board, {}, 40, 10);
  Painter painter(true);
  test::EmulatedScreen screen(40, 10);
  screen.feed(painter.paint(frame));
  std::string expected;
  for (const Line& line : frame) {
    std::string text = line.text();
    text.erase(text.find_last_not_of(' ') + 1);
    expected += text + '\n';
  }
  CHECK(screen.text() == expected);
  CHECK(painter.paint(frame).empty());
  Frame other = frame;
  other.at(2) = Line();
  const std::string change = painter.paint(other);
  CHECK(change.find("\x1b[3;1H") == 0);
  CHECK(change.find("\x1b[4;1H") == std::string::npos);
  painter.forget();
  CHECK_THAT(painter.paint(other), ContainsSubstring("\x1b[2J"));
}

TEST_CASE("without colours there are none") {
  Look look = three_of_a_group();
  look.processes.push_back(process("x", "failed"));
  const Frame frame = frame_of(board_of(look), {}, 120, 20);
  const auto has_colour = [&](bool wanted) {
    const std::string text = Painter(wanted).paint(frame);
    return text.find("32m") != std::string::npos || text.find("31m") != std::string::npos;
  };
  CHECK(has_colour(true));
  CHECK_FALSE(has_colour(false));
}

TEST_CASE("wide characters take two columns, marks that combine none") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("\u65e5\u672c") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\U0001F600") == 2);
  CHECK(first_columns("a\u65e5\u672c", 2) == "a");
  CHECK(padded("a\u65e5\u672c", 4, "~") == "a\u65e5~");
  CHECK(padded("\u65e5\u672c", 3, "~") == "\u65e5~");
  CHECK(padded("\u65e5\u672c", 2, "~") == "~ ");
  CHECK(padded("abc", 0, "~").empty());
}

TEST_CASE("what nobody measures is no total of 0, and is told") {
  Look look = three_of_a_group();
  look.samples.clear();
  look.unmeasured = "collection is disabled";
  const Board board = board_of(look);
  const std::string text = text_of(frame_of(board, {}, 100, 20));
  CHECK_THAT(text, ContainsSubstring("4 up  CPU - %  - MB"));
  CHECK_THAT(text, ContainsSubstring("~ provisrd reports no figures: collection is disabled"));
  CHECK(board_json(board).find(R"("stopped":0})") != std::string::npos);

  look = {};
  look.processes = {process("app", "stopped")};
  CHECK_THAT(text_of(frame_of(board_of(look), {}, 100, 20)), ContainsSubstring("CPU 0.0 %  0 MB"));
}

TEST_CASE("totals stand beside what the machine has") {
  Look look = three_of_a_group();
  look.machine = {.name = "web-3", .cpus = 1.5, .memory_mb = 16384};
  const Board board = board_of(look);
  CHECK_THAT(text_of(frame_of(board, {}, 120, 20)),
             ContainsSubstring("CPU 33.5 % of 150 %  135 MB of 16.0 GB"));
  CHECK_THAT(board_json(board), ContainsSubstring(R"("machine":{"name":"web-3","cpus":1.5,)"));
  CHECK_THAT(text_of(frame_of(board_of(three_of_a_group()), {}, 120, 20)),
             ContainsSubstring("CPU 33.5 %  135 MB  http"));
}

TEST_CASE("memory that grows is told after what is worse") {
  Look look;
  look.processes = {process("leaky", "running"), process("dead", "failed")};
  for (int i = 0; i < 20; ++i) {
    look.memories["leaky"].add({.at = i * std::chrono::seconds(5), .mb = 20.0 + i});
  }
  const Board board = board_of(look);
  REQUIRE(board.problems.size() == 2);
  CHECK(board.problems.at(0).name == "dead");
  CHECK(board.problems.at(1).name == "leaky");
  CHECK_THAT(board.problems.at(1).text, ContainsSubstring("memory grows 12.0 MB a minute"));
  look.processes.at(0).pid = 99;
  look.memories.clear();
  Board later = board;
  later.take(look, now, steady_now);
  CHECK(later.problems.size() == 1);
}
