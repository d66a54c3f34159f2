#include "daemon/api/sample_json.hpp"
#include "support/fake_registry.hpp"
#include "support/paths.hpp"
#include "support/text_file.hpp"

#include <provisr/figures.hpp>
#include <provisr/prometheus.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace provisr;
using Catch::Matchers::ContainsSubstring;

namespace {

// A new figure takes one row.
constexpr auto with_faults = with_figures(
    figures,
    FigureRow{FigureInfo{"minor_faults", "minor_faults", "provisr_process_minor_faults_total",
                         Unit::count, FigureKind::counter, FigureCost::asked,
                         "Page faults that found the page in memory.", "more_faults"},
              FurtherFigure{}},
    FigureRow{FigureInfo{"memory_shared", "memory_shared", "", Unit::bytes, FigureKind::level,
                         FigureCost::asked, "Memory that others have, too.", "shared"},
              FurtherFigure{}});

// Further rows of a word need not be adjacent to the others.
constexpr auto with_more_io = with_figures(
    with_faults, FigureRow{FigureInfo{"io_calls", "io_calls", "", Unit::count, FigureKind::counter,
                                      FigureCost::asked, "Calls that read or wrote.", "io"},
                           FurtherFigure{}});

/// The further figures of a sample; the last two are the figures added above.
using More = std::array<Figure<std::uint64_t>, further_count<with_faults>>;

[[nodiscard]] ProcessMetrics documented_sample() {
  ProcessMetrics metrics;
  metrics.pid = 4711;
  metrics.cpu_percent = 15.5;
  metrics.cpu_time_ns = 1U;
  metrics.memory_rss_bytes = 134'742'016U;
  metrics.memory_vms_bytes = 2U;
  metrics.memory_swap_bytes = 0U;
  metrics.num_threads = 4U;
  metrics.num_fds = 15U;
  return metrics;
}

template <const auto& table = figures>
[[nodiscard]] std::string json_of(const SampleView& sample) {
  daemon::JsonText json;
  daemon::write_sample<table>(json, "my-app", sample);
  return json.str();
}

constexpr std::string_view documented_json =
    R"({"pid":4711,"name":"my-app","cpu_percent":15.5,"memory_mb":128.5,"memory_rss":134742016,)"
    R"("memory_vms":2,"memory_swap":0,"timestamp":"1970-01-01T00:00:00.000Z","num_threads":4,"num_fds":15)";

[[nodiscard]] std::string document(std::string_view path) {
  return test::read_text(test::source_path() + "/" + std::string(path));
}

/// Returns the README's row for one figure.
[[nodiscard]] std::string readme_row(const FigureInfo& figure) {
  std::string row = "| `" + std::string(figure.json_key) + "` | ";
  row.append(to_text(figure.unit)).append(" | ").append(to_text(figure.kind)).append(" | ");
  if (!figure.family.empty()) row.append("`").append(figure.family).append("`");
  return row.append(" | ").append(figure.help).append(" |\n");
}

/// Returns the figures in the tables of a document, from the first cell of each row.
[[nodiscard]] std::vector<std::string> figures_in_rows(const std::string& text) {
  constexpr std::string_view row_start = "\n| `";
  std::vector<std::string> keys;
  for (auto at = text.find(row_start); at != std::string::npos; at = text.find(row_start, at + 1)) {
    const auto begin = at + row_start.size();
    keys.push_back(text.substr(begin, text.find('`', begin) - begin));
  }
  return keys;
}

}  // namespace

TEST_CASE("figures have unique ids, keys and families, and a help text", "[figures]") {
  std::set<std::string_view> names;
  for_each_figure<with_faults>([&](auto figure) {
    CAPTURE(figure.info.id);
    CHECK(names.insert(figure.info.id).second);
    if (!figure.info.family.empty()) CHECK(names.insert(figure.info.family).second);
    CHECK(figure.info.help.ends_with("."));
    CHECK((figure.info.json_key.empty() || figure.info.json_key == figure.info.id));
  });
}

TEST_CASE("a sample in JSON is the table's figures in its order", "[figures]") {
  CHECK(json_of({documented_sample()}) == std::string(documented_json) + "}");
  ProcessMetrics of_tree = documented_sample();
  of_tree.num_processes = 3U;
  CHECK(json_of({of_tree}) == std::string(documented_json) + R"(,"num_processes":3})");
}

TEST_CASE("a figure that is added to the table is in JSON", "[figures]") {
  More more{};
  more[further_slot<with_faults>("minor_faults")] = 7U;
  more[further_slot<with_faults>("memory_shared")] = 4096U;
  CHECK(json_of<with_faults>({documented_sample(), more}) ==
        std::string(documented_json) + R"(,"minor_faults":7,"memory_shared":4096})");
}

TEST_CASE("a further figure that was not collected is absent", "[figures]") {
  More more{};
  more[further_slot<with_faults>("memory_shared")] = 4096U;
  CHECK(json_of<with_faults>({documented_sample()}) == std::string(documented_json) + "}");
  CHECK(json_of<with_faults>({documented_sample(), more}) ==
        std::string(documented_json) + R"(,"memory_shared":4096})");
}

TEST_CASE("a figure that a registry asks for goes from the sampler to JSON and Prometheus",
          "[figures]") {
  constexpr std::size_t io = further_slot<figures>("io_read_bytes");
  test::FakeMachine machine(
      RegistryOptions{.max_history = 3, .further_figures = FurtherFigures{io}});
  machine.system.start(7, test::known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  REQUIRE_FALSE(machine.registry.declare("other"));  // a new set of names keeps the samples
  const Snapshot snapshot = machine.registry.snapshot();
  CHECK_THAT(json_of<with_faults>(snapshot.find("my-app")->sample()),
             ContainsSubstring(R"("num_fds":15,"io_read_bytes":42})"));
  std::string text;
  write_prometheus<with_faults>(snapshot, text);
  CHECK_THAT(text, ContainsSubstring("# TYPE provisr_process_io_read_bytes_total counter\n"
                                     "provisr_process_io_read_bytes_total{name=\"my-app\"} 42\n"));
  CHECK_THAT(text, !ContainsSubstring("io_write_bytes"));  // no family without a sample
}

TEST_CASE("a figure that a sampler leaves out is unknown, also after a change of names",
          "[figures]") {
  constexpr std::size_t io = further_slot<figures>("io_read_bytes");
  test::FakeMachine machine(RegistryOptions{.further_figures = FurtherFigures{io}});
  const std::vector<std::string> names{"a", "b", "c"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    machine.system.start(static_cast<ProcessId>(i + 1), test::known_reading());
    REQUIRE_FALSE(machine.registry.track(names[i], static_cast<ProcessId>(i + 1)));
  }
  for (int tick = 0; tick < 3; ++tick) machine.tick_after();
  CHECK(machine.registry.snapshot().find("c")->sample().more[io] == Figure<std::uint64_t>(42U));
  machine.system.further_slot = further_slot<figures>("memory_pss");  // nobody asks for it
  REQUIRE(machine.registry.untrack("a"));
  for (int tick = 0; tick < 3; ++tick) {
    machine.tick_after();
    const Snapshot snapshot = machine.registry.snapshot();
    CHECK_FALSE(snapshot.find("b")->sample().more[io].has_value());
    CHECK_FALSE(snapshot.find("c")->sample().more[io].has_value());
  }
}

TEST_CASE("a registry that asks for no further figure gets none", "[figures]") {
  test::FakeMachine machine;
  machine.system.start(7, test::known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  machine.tick_after();
  CHECK(machine.registry.snapshot().find("my-app")->sample().more.empty());
}

TEST_CASE("rows grow by steps of 64 bytes", "[figures]") {
  CHECK(FurtherFigures{}.row_slots() == 0);
  CHECK(further_count<figures> == 8);  // 64 bytes
  CHECK(FurtherFigures{0}.row_slots() == 8);
  CHECK(FurtherFigures{7}.row_slots() == 8);
  CHECK(FurtherFigures{2, 8}.row_slots() == 16);
  CHECK_FALSE(FurtherFigures{2, 8}.contains(3));
}

namespace {

template <std::size_t... index>
[[nodiscard]] constexpr bool can_be_table(std::index_sequence<index...>) {
  return requires {
    figure_table(FigureRow{FigureInfo{}, FurtherFigure{index}}...);
  };
}

}  // namespace

TEST_CASE("a table has no more further figures than a set of them can hold", "[figures]") {
  STATIC_REQUIRE(can_be_table(std::make_index_sequence<FurtherFigures::max_slots>()));
  STATIC_REQUIRE_FALSE(can_be_table(std::make_index_sequence<FurtherFigures::max_slots + 1>()));
  CHECK(FurtherFigures{FurtherFigures::max_slots - 1}.row_slots() == FurtherFigures::max_slots);
}

TEST_CASE("each further figure is asked for by a word, some by the same", "[figures][collect]") {
  std::vector<std::string_view> words;
  FurtherFigures all;
  for_each_group<figures>([&](std::string_view word) {
    words.push_back(word);
    CHECK_FALSE(further_group<figures>(word).empty());
    CHECK((all & further_group<figures>(word)).empty());
    all |= further_group<figures>(word);
  });
  CHECK(words ==
        std::vector<std::string_view>{"io", "faults", "switches", "peak", "pss", "limits"});
  CHECK(all == further_figures<figures>([](const FigureInfo&) { return true; }));
  CHECK(further_group<figures>("io") == FurtherFigures{further_slot<figures>("io_read_bytes"),
                                                       further_slot<figures>("io_write_bytes")});
  CHECK(further_group<figures>("iO").empty());
}

TEST_CASE("a word of figures that are not adjacent is visited once", "[figures]") {
  std::vector<std::string_view> words;
  for_each_group<with_more_io>([&](std::string_view word) { words.push_back(word); });
  CHECK(words == std::vector<std::string_view>{"io", "faults", "switches", "peak", "pss", "limits",
                                               "more_faults", "shared"});
}

TEST_CASE("each figure has its place in the table", "[figures]") {
  STATIC_REQUIRE(figure_place<figures>("cpu_percent") == 0);
  STATIC_REQUIRE(figure_place<with_faults>("memory_shared") == figure_count<with_faults> - 1);
}

TEST_CASE("the README's table of figures is the table", "[figures]") {
  std::string rows;
  for_each_figure<figures>([&](auto figure) {
    if (!figure.info.json_key.empty()) rows += readme_row(figure.info);
  });
  CHECK_THAT(document("README.md"), ContainsSubstring(rows));
}

TEST_CASE("every figure that a platform reads has a row in docs/platforms.md", "[figures]") {
  std::vector<std::string> expected;
  for_each_figure<figures>([&](auto figure) {
    if (figure.info.cost != FigureCost::derived) expected.emplace_back(figure.info.id);
  });
  CHECK(figures_in_rows(document("docs/platforms.md")).size() >= expected.size());
  std::vector<std::string> documented = figures_in_rows(document("docs/platforms.md"));
  documented.resize(expected.size());
  CHECK(documented == expected);
}
