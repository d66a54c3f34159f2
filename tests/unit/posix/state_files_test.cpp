#include "daemon/state/count_store.hpp"
#include "daemon/state/exit_store.hpp"
#include "daemon/state/history_files.hpp"
#include "daemon/state/process_store.hpp"
#include "daemon/state/slot_file.hpp"
#include "support/indexed_sample.hpp"
#include "support/log_capture.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <provisr/history.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace provisr;
using namespace provisr::daemon;
using namespace provisr::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

[[nodiscard]] std::unique_ptr<SlotFile> open(const fs::path& file, const SlotFormat& format) {
  std::string problem;
  bool is_foreign = false;
  auto slots = SlotFile::open(file, format, problem, is_foreign);
  INFO(problem);
  REQUIRE(slots);
  return slots;
}

[[nodiscard]] ProcessStore open_processes(const fs::path& file) {
  std::size_t torn = 0;
  return ProcessStore(open(file, ProcessStore::format()), torn);
}

[[nodiscard]] std::vector<ExitRecord> records_of(ExitStore& store) {
  std::vector<ExitRecord> records;
  for (ExitStore::Numbered& exit : store.take_records()) records.push_back(std::move(exit.record));
  return records;
}

[[nodiscard]] RememberedProcess running(ProcessId pid, std::uint64_t starts) {
  RememberedProcess process;
  process.starts = starts;
  process.run = RememberedProcess::Run{.identity = {.pid = pid, .start_clock_ticks = 77},
                                       .started = {Timestamp(5s), MonotonicTime(3s)},
                                       .program = 42};
  return process;
}

[[nodiscard]] std::vector<ProcessMetrics> last_samples() {
  std::vector<ProcessMetrics> samples;
  for (std::uint64_t i = 0; i < most_last_samples; ++i) {
    samples.push_back(indexed_sample(i));
    samples.back().pid = 7;
  }
  return samples;
}

/// The files of exits are `file` and `file`-samples.
[[nodiscard]] ExitStore open_exits(const fs::path& file, std::size_t capacity) {
  std::size_t torn = 0;
  fs::path samples = file;
  samples += "-samples";
  return ExitStore(open(file, ExitStore::format()), open(samples, ExitStore::samples_format()),
                   capacity, torn);
}

[[nodiscard]] ExitRecord kept_record(std::string name, std::chrono::seconds ended) {
  return {
      .name = std::move(name),
      .pid = 7,
      .started_at = Timestamp(1s),
      .ended_at = Timestamp(ended),
      .status = ExitStatus{.code = 0, .signal = 9, .has_dumped_core = true, .was_oom_kill = true},
      .reason = ExitReason::limit,
      .memory_peak = 12345,
      .last_samples = last_samples()};
}

}  // namespace

TEST_CASE("remembered processes are recalled from the file") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "processes";
  {
    ProcessStore store = open_processes(file);
    CHECK_FALSE(store.recall("app"));
    REQUIRE_FALSE(store.remember("app", running(11, 1)));
    REQUIRE_FALSE(store.remember("other", {.starts = 3, .is_stopped = true, .run = {}}));
    REQUIRE_FALSE(store.remember("app", running(12, 2)));
  }
  ProcessStore store = open_processes(file);
  CHECK(store.names() == std::vector<std::string>{"app", "other"});
  CHECK(store.recall("app") == running(12, 2));
  CHECK(store.recall("other")->is_stopped);
  REQUIRE_FALSE(store.forget("app"));
  REQUIRE_FALSE(store.remember("third", running(13, 1)));
  const ProcessStore again = open_processes(file);
  CHECK_FALSE(again.recall("app"));
  CHECK(again.recall("third") == running(13, 1));
  CHECK(fs::file_size(file) < 4096);  // the place of one that is forgotten is used again
}

TEST_CASE("a write that was cut short at any byte leaves what was remembered before") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "processes";
  std::string before;
  {
    ProcessStore store = open_processes(file);
    REQUIRE_FALSE(store.remember("app", running(11, 1)));
    before = read_text(file);
    REQUIRE_FALSE(store.remember("app", running(12, 2)));
  }
  const std::string after = read_text(file);
  REQUIRE(before.size() == after.size());
  const auto begin = static_cast<std::size_t>(
      std::mismatch(before.begin(), before.end(), after.begin()).first - before.begin());
  for (std::size_t size = begin; size < after.size(); ++size) {
    write_text(file, after.substr(0, size) + before.substr(size));
    const auto recalled = open_processes(file).recall("app");
    REQUIRE(recalled);
    const bool is_one_of_both = *recalled == running(11, 1) || *recalled == running(12, 2);
    REQUIRE(is_one_of_both);
  }
}

TEST_CASE("a file that was cut short at any byte is read as far as it goes") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "processes";
  {
    ProcessStore store = open_processes(file);
    REQUIRE_FALSE(store.remember("app", running(11, 1)));
    REQUIRE_FALSE(store.remember("b", running(12, 1)));
  }
  const std::string whole = read_text(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(file, whole.substr(0, size));
    ProcessStore store = open_processes(file);
    for (const char* name : {"app", "b"}) {
      const auto recalled = store.recall(name);
      REQUIRE((!recalled || recalled->starts == 1));
    }
    REQUIRE_FALSE(store.remember("b", running(14, 9)));
    REQUIRE(open_processes(file).recall("b") == running(14, 9));
  }
}

TEST_CASE("any byte of a slot that was changed keeps it from being read") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "slots";
  const SlotFormat format{.magic = "TESTSLOT", .version = 1, .payload = 8};
  const std::vector<std::byte> payload(8, std::byte{5});
  REQUIRE_FALSE(open(file, format)->write(1, 3, payload));
  const std::string good = read_text(file);
  std::size_t torn = 0;
  REQUIRE(open(file, format)->read(torn).size() == 1);
  for (std::size_t i = good.size() - 24; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    write_text(file, bad);
    CHECK(open(file, format)->read(torn).empty());
    CHECK(torn == 1);
  }
}

TEST_CASE("a file of slots of another kind, version or size is foreign") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "slots";
  const SlotFormat format{.magic = "TESTSLOT", .version = 1, .payload = 8};
  REQUIRE_FALSE(open(file, format)->reserve(1));
  for (const SlotFormat& other : {SlotFormat{.magic = "TESTSLOX", .version = 1, .payload = 8},
                                  SlotFormat{.magic = "TESTSLOT", .version = 2, .payload = 8},
                                  SlotFormat{.magic = "TESTSLOT", .version = 1, .payload = 16}}) {
    std::string problem;
    bool is_foreign = false;
    CHECK(SlotFile::open(file, other, problem, is_foreign) == nullptr);
    CHECK(is_foreign);
  }
}

TEST_CASE("exit records come back in order, the latest only, with all that was known") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "exits";
  {
    ExitStore store = open_exits(file, 3);
    std::uint64_t number = 0;
    for (const auto second : {1s, 2s, 3s, 4s}) {
      REQUIRE_FALSE(store.add(++number, kept_record("app", second)));
    }
    REQUIRE_FALSE(store.add(++number, {.name = "bare", .pid = 9, .ended_at = Timestamp(5s)}));
  }
  ExitStore store = open_exits(file, 3);
  const std::vector<ExitRecord> records = records_of(store);
  REQUIRE(records.size() == 3);
  CHECK(records[0].ended_at == Timestamp(3s));
  CHECK(records[1].status ==
        ExitStatus{.code = 0, .signal = 9, .has_dumped_core = true, .was_oom_kill = true});
  CHECK(records[1].reason == ExitReason::limit);
  CHECK(records[1].memory_peak == 12345);
  CHECK(records[1].started_at == Timestamp(1s));
  REQUIRE(records[1].last_samples.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(records[1].last_samples[i].timestamp == indexed_sample(i).timestamp);
  }
  CHECK(records[2].name == "bare");
  CHECK_FALSE(records[2].started_at);
  CHECK_FALSE(records[2].status);
  CHECK_FALSE(records[2].memory_peak);
  CHECK(records[2].last_samples.empty());
}

TEST_CASE(
    "samples of exits that were cut short at any byte cost no record, and lend nobody theirs") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "exits";
  const fs::path samples = folder.path() / "exits-samples";
  REQUIRE_FALSE(open_exits(file, 1).add(1, kept_record("app", 1s)));
  const std::string before = read_text(samples);
  ExitRecord next = kept_record("next", 2s);
  next.pid = 8;
  for (ProcessMetrics& sample : next.last_samples) sample.pid = 8;
  REQUIRE_FALSE(open_exits(file, 1).add(2, next));
  const std::string after = read_text(samples);
  REQUIRE(before.size() == after.size());
  for (std::size_t size = 0; size < after.size(); ++size) {
    for (const std::string& bytes :
         {after.substr(0, size) + before.substr(size), after.substr(0, size)}) {
      write_text(samples, bytes);
      ExitStore store = open_exits(file, 1);
      const std::vector<ExitRecord> records = records_of(store);
      REQUIRE(records.size() == 1);
      const std::vector<ProcessMetrics>& last = records[0].last_samples;
      REQUIRE((last.size() == 1 || last.size() == 5));
      REQUIRE(std::all_of(last.begin(), last.end(),
                          [](const ProcessMetrics& sample) { return sample.pid == 8; }));
    }
  }
}

TEST_CASE("of a longer file of exits the latest are taken, and no name that is none") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "exits";
  {
    ExitStore store = open_exits(file, 10);
    for (int i = 1; i <= 10; ++i) {
      const std::string name = i == 9 ? "../app" : "app";
      REQUIRE_FALSE(store.add(static_cast<std::uint64_t>(i), kept_record(name, 1s * i)));
    }
  }
  ExitStore store = open_exits(file, 4);
  const std::vector<ExitRecord> records = records_of(store);
  REQUIRE(records.size() == 4);
  CHECK(records.front().ended_at == Timestamp(6s));
  CHECK(records.back().ended_at == Timestamp(10s));
  CHECK(std::ranges::all_of(records, [](const ExitRecord& exit) { return exit.name == "app"; }));
}

TEST_CASE(
    "a sequence number that no writer reaches is damage, and does not keep the file from use") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "processes";
  REQUIRE_FALSE(open_processes(file).remember("app", running(11, 1)));
  {
    const auto slots = open(file, ProcessStore::format());
    std::size_t torn = 0;
    const SlotFile::Slot slot = slots->read(torn).front();
    REQUIRE_FALSE(slots->write(slot.index ^ 1U, ~std::uint64_t{0}, slot.payload));
  }
  REQUIRE_FALSE(open_processes(file).remember("app", running(12, 2)));
  CHECK(open_processes(file).recall("app") == running(12, 2));
}

TEST_CASE("counts come back, also if a write of them was cut short at any byte") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "counts";
  const auto open_counts = [&] {
    std::size_t torn = 0;
    return CountStore(open(file, CountStore::format()), torn);
  };
  const NameCounts first{.last_exit = 7, .exits = {.success = 1, .exit_code = 2, .signal = 3}};
  NameCounts second = first;
  second.breaches = {.memory = 4, .cpu = 5};
  REQUIRE_FALSE(open_counts().write("app", first));
  const std::string before = read_text(file);
  REQUIRE_FALSE(open_counts().write("app", second));
  const std::string after = read_text(file);
  CHECK(open_counts().all().at("app") == second);
  REQUIRE(before.size() == after.size());
  for (std::size_t size = 0; size < after.size(); ++size) {
    write_text(file, after.substr(0, size) + before.substr(size));
    const NameCounts counts = open_counts().all().at("app");
    REQUIRE((counts == first || counts == second));
    write_text(file, after.substr(0, size));
    const auto cut = open_counts().all();
    REQUIRE((cut.empty() || cut.at("app") == first || cut.at("app") == second));
  }
  write_text(file, after);
  CountStore counts = open_counts();
  REQUIRE_FALSE(counts.forget("app"));
  CHECK(open_counts().all().empty());
}

TEST_CASE("a history in a file is continued, also by one of another length") {
  const TempDirectory folder;
  const LogCapture log;
  HistoryFiles files(folder.path(), log.log());
  const HistoryShape shape{.name = "app", .capacity = 4};
  {
    History history(shape, files.open(shape));
    for (std::uint64_t i = 0; i < 6; ++i) history.push(indexed_sample(i));
  }
  CHECK(History(shape, files.open(shape)).read().size() == 4);
  const HistoryShape longer{.name = "app", .capacity = 10};
  History history(longer, files.open(longer));
  REQUIRE(history.read().size() == 4);
  CHECK(history.read().front().pid == indexed_sample(2).pid);
  history.push(indexed_sample(6));
  CHECK(history.read().size() == 5);
  const HistoryShape shorter{.name = "app", .capacity = 2};
  CHECK(History(shorter, files.open(shorter)).read().back().pid == indexed_sample(6).pid);
  CHECK(log.lines().empty());
}

TEST_CASE("a history in a file keeps its further figures if its length or its rows change") {
  const TempDirectory folder;
  const LogCapture log;
  HistoryFiles files(folder.path(), log.log());
  constexpr std::size_t narrow = sizeof(ProcessMetrics);
  constexpr std::size_t wide = narrow + 64;
  const auto reopen = [&](std::size_t capacity, std::size_t row_size) {
    const HistoryShape shape{.name = "app", .capacity = capacity, .row_size = row_size};
    return std::make_shared<History>(shape, files.open(shape));
  };
  const auto rows_of = [](const std::shared_ptr<History>& history) {
    SampleRows rows;
    HistoryView(history, history->pushed()).read(100, rows);
    return rows;
  };
  const auto push = [](const std::shared_ptr<History>& history, std::uint64_t index) {
    const std::array<Figure<std::uint64_t>, 8> more{index + 100, {}, {}, {}, {}, {}, {}, index};
    history->push(indexed_sample(index), more);
  };
  for (std::uint64_t i = 0; i < 3; ++i) push(reopen(4, narrow), i);
  for (std::uint64_t i = 3; i < 6; ++i) push(reopen(4, wide), i);
  push(reopen(5, wide), 6);
  push(reopen(5, wide + 64), 7);

  const SampleRows widest = rows_of(reopen(5, wide + 64));
  REQUIRE(widest.size() == 5);
  REQUIRE(widest.width == 16);
  for (std::size_t i = 0; i < widest.size(); ++i) {
    const std::uint64_t index = index_of(widest.metrics[i]);
    CHECK(index == 3 + i);
    CHECK(is_whole(widest.metrics[i]));
    CHECK(widest[i].more[0] == Figure<std::uint64_t>(index + 100));
    CHECK(widest[i].more[7] == Figure<std::uint64_t>(index));
    CHECK_FALSE(widest[i].more[1]);
    CHECK_FALSE(widest[i].more[8]);
  }
  const SampleRows narrowed = rows_of(reopen(5, narrow));
  CHECK(narrowed.metrics == widest.metrics);
  CHECK(narrowed.width == 0);
  CHECK_FALSE(rows_of(reopen(5, wide))[4].more[0]);  // nobody remembers what was dropped
  CHECK(log.lines().empty());
}

TEST_CASE("a history file whose rows are of a size that does not fit is set aside") {
  const TempDirectory folder;
  const HistoryShape shape{.name = "app", .capacity = 4};
  const fs::path file = folder.path() / "app.history";
  const std::uint32_t size = GENERATE(0U, 32U, 96U, 1U << 20U, 0xFFFF'FFC0U);
  {
    const LogCapture log;
    HistoryFiles files(folder.path(), log.log());
    History history(shape, files.open(shape));
    history.push(indexed_sample(1));
  }
  {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(offsetof(HistoryHeader, row_size));
    stream.write(reinterpret_cast<const char*>(&size), sizeof size);
  }
  const LogCapture log;
  HistoryFiles files(folder.path(), log.log());
  CHECK(History(shape, files.open(shape)).read().empty());
  CHECK(log.count("app.history") == 1);
  CHECK(fs::exists(folder.path() / "app.history.set-aside"));
}

TEST_CASE("a history file that was cut short at any byte is continued, made anew or set aside") {
  const TempDirectory folder;
  const LogCapture log;
  HistoryFiles files(folder.path(), log.log());
  const HistoryShape shape{.name = "app", .capacity = 2};
  {
    History history(shape, files.open(shape));
    history.push(indexed_sample(1));
  }
  const fs::path file = folder.path() / "app.history";
  const std::string whole = read_text(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(file, whole.substr(0, size));
    History history(shape, files.open(shape));
    REQUIRE(history.read().empty());
    history.push(indexed_sample(2));
    REQUIRE(fs::file_size(file) == whole.size());
  }
}

TEST_CASE("without a file to be had a history lives on the heap, with a warning") {
  const TempDirectory folder;
  const LogCapture log;
  fs::create_directory(folder.path() / "app.history");
  HistoryFiles files(folder.path(), log.log());
  const HistoryShape shape{.name = "app", .capacity = 2};
  History history(shape, files.open(shape));
  history.push(indexed_sample(1));
  CHECK(history.read().size() == 1);
  CHECK(log.count("app: its history is not kept") == 1);
}

TEST_CASE("a history whose file is cut short under way begins anew in memory, with one warning") {
  const TempDirectory folder;
  const LogCapture log;
  HistoryFiles files(folder.path(), log.log());
  const HistoryShape shape{.name = "app", .capacity = 1'000};
  History history(shape, files.open(shape));
  for (std::uint64_t i = 0; i < 700; ++i) history.push(indexed_sample(i));
  const auto reset = [&](std::string_view name) {
    CHECK(name == "app");
    history.begin_anew();
  };
  files.give_up_lost(reset);
  CHECK(log.lines().empty());

  const std::uintmax_t left = GENERATE(0U, 4096U, 16384U);
  fs::resize_file(folder.path() / "app.history", left);
  for (std::uint64_t i = 700; i < 1'600; ++i) {
    history.push(indexed_sample(i));
    const std::vector<ProcessMetrics> now = history.read();  // before anybody has noticed
    REQUIRE(std::ranges::all_of(now, is_whole));
    files.give_up_lost(reset);
  }
  const std::vector<ProcessMetrics> samples = history.read();
  REQUIRE_FALSE(samples.empty());
  CHECK(samples.size() < 1'000);
  CHECK(std::ranges::all_of(samples, is_whole));
  CHECK(index_of(samples.back()) == 1'599);
  CHECK(index_of(samples.front()) == 1'600 - samples.size());
  files.give_up_lost(reset);
  CHECK(log.count("app: its history begins anew") == 1);
}

TEST_CASE("what reads a history while its file is cut short gets whole samples or none") {
  const TempDirectory folder;
  const LogCapture log;
  HistoryFiles files(folder.path(), log.log());
  const HistoryShape shape{.name = "app", .capacity = 1'000};
  const History history(shape, files.open(shape));
  {
    History writer(shape, files.open(shape));
    for (std::uint64_t i = 0; i < 700; ++i) writer.push(indexed_sample(i));
  }
  REQUIRE(history.read().size() == 700);
  fs::resize_file(folder.path() / "app.history", 0);
  CHECK(history.read().empty());
  CHECK(history.is_lost());
}
