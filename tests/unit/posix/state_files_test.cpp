#include "daemon/state/count_store.hpp"
#include "daemon/state/exit_store.hpp"
#include "daemon/state/history_file.hpp"
#include "daemon/state/history_files.hpp"
#include "daemon/state/process_store.hpp"
#include "daemon/state/set_aside.hpp"
#include "daemon/state/slot_file.hpp"
#include "support/indexed_sample.hpp"
#include "support/log_capture.hpp"
#include "support/manual_clock.hpp"
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
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <system_error>
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
  for (std::uint64_t i = 0; i < max_last_samples; ++i) {
    samples.push_back(indexed_sample(i));
    samples.back().pid = 7;
  }
  return samples;
}

/// Opens the exit files `file` and `file`-samples.
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

/// History files and the histories stored in them.
class HistoryWorld {
 public:
  HistoryWorld(const fs::path& folder, const Log& log, const Clock& clock = Clock::system(),
               HistoryFile::Open open = StateFile::open)
      : files(folder, log, clock, std::move(open)) {}
  ~HistoryWorld() { write_all(); }
  HistoryWorld(const HistoryWorld&) = delete;
  HistoryWorld& operator=(const HistoryWorld&) = delete;

  /// Opens a history as the next daemon does.
  [[nodiscard]] std::shared_ptr<History> open(const HistoryShape& shape) {
    write_all();
    const auto kept = files.add(shape);
    files.recall(*kept);
    return std::make_shared<History>(shape, files.use(*kept));
  }
  /// Opens a history as if the disk did not answer.
  [[nodiscard]] std::shared_ptr<History> open_unread(const HistoryShape& shape) {
    write_all();
    return std::make_shared<History>(shape, files.use(*files.add(shape)));
  }
  void write_all() {
    while (files.write_some()) {
    }
  }

  HistoryFiles files;
};

[[nodiscard]] std::vector<std::uint64_t> indices_of(const std::vector<ProcessMetrics>& samples) {
  std::vector<std::uint64_t> indices;
  for (const ProcessMetrics& sample : samples) indices.push_back(index_of(sample));
  return indices;
}
[[nodiscard]] std::vector<std::uint64_t> indices_of(const History& history) {
  return indices_of(history.read());
}

[[nodiscard]] SampleRows indexed_rows(std::uint64_t begin, std::uint64_t end) {
  SampleRows rows;
  for (std::uint64_t i = begin; i < end; ++i) rows.metrics.push_back(indexed_sample(i));
  return rows;
}

/// A file whose writer is killed after it has written `left` bytes.
class CutFile final : public StateFile {
 public:
  [[nodiscard]] static std::unique_ptr<StateFile> open(const fs::path& path, std::size_t& left,
                                                       std::error_code& error) {
    auto file = StateFile::open(path, error);
    return file ? std::make_unique<CutFile>(std::move(file), left) : nullptr;
  }
  CutFile(std::unique_ptr<StateFile> file, std::size_t& left)
      : file_(std::move(file)), left_(left) {}

  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
  [[nodiscard]] std::error_code reserve(std::uint64_t size) override {
    return file_->reserve(size);
  }
  [[nodiscard]] std::error_code read(std::uint64_t offset,
                                     std::span<std::byte> bytes) const override {
    return file_->read(offset, bytes);
  }
  [[nodiscard]] std::error_code write(std::uint64_t offset,
                                      std::span<const std::byte> bytes) override {
    const std::size_t part = std::min(left_, bytes.size());
    left_ -= part;
    const std::error_code error = file_->write(offset, bytes.first(part));
    return part < bytes.size() ? std::make_error_code(std::errc::interrupted) : error;
  }
  [[nodiscard]] std::error_code lock(const fs::path& folder) override {
    return file_->lock(folder);
  }

 private:
  std::unique_ptr<StateFile> file_;
  std::size_t& left_;
};

/// Counts what is done with a file, and can make a reading fail.
struct Watch {
  std::size_t writes = 0;
  /// Called before each reading.
  std::function<std::error_code()> before_read = [] { return std::error_code(); };
};

class WatchedFile final : public StateFile {
 public:
  [[nodiscard]] static HistoryFile::Open opener(Watch& watch) {
    return [&watch](const fs::path& path, std::error_code& error) -> std::unique_ptr<StateFile> {
      auto file = StateFile::open(path, error);
      return file ? std::make_unique<WatchedFile>(std::move(file), watch) : nullptr;
    };
  }
  WatchedFile(std::unique_ptr<StateFile> file, Watch& watch)
      : file_(std::move(file)), watch_(watch) {}

  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
  [[nodiscard]] std::error_code reserve(std::uint64_t size) override {
    return file_->reserve(size);
  }
  [[nodiscard]] std::error_code read(std::uint64_t offset,
                                     std::span<std::byte> bytes) const override {
    const std::error_code error = watch_.before_read();
    return error ? error : file_->read(offset, bytes);
  }
  [[nodiscard]] std::error_code write(std::uint64_t offset,
                                      std::span<const std::byte> bytes) override {
    ++watch_.writes;
    return file_->write(offset, bytes);
  }
  [[nodiscard]] std::error_code lock(const fs::path& folder) override {
    return file_->lock(folder);
  }

 private:
  std::unique_ptr<StateFile> file_;
  Watch& watch_;
};

[[nodiscard]] SampleRows recalled(HistoryFile& file) {
  SampleRows rows;
  std::string warning;
  const auto take = [&](const SampleRows& part) {
    for (std::size_t i = 0; i < part.size(); ++i) rows.push_back(part[i]);
  };
  REQUIRE_FALSE(file.recall(take, warning));
  CHECK(warning.empty());
  return rows;
}

/// Fills a history of `count` samples and writes its file.
void write_history(HistoryWorld& world, const HistoryShape& shape, std::uint64_t count) {
  const auto history = world.open(shape);
  for (std::uint64_t i = 0; i < count; ++i) history->push(indexed_sample(i));
  world.write_all();
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
  CHECK(fs::file_size(file) < 4096);  // the slot of a forgotten process is reused
}

TEST_CASE("what is written to a file that was removed is not taken for saved") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "processes";
  ProcessStore store = open_processes(file);
  CHECK_FALSE(store.remember("app", running(1, 1)));
  fs::remove(file);
  CHECK(store.remember("app", running(2, 2)) == std::errc::no_such_file_or_directory);
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
  HistoryWorld world(folder.path(), log.log());
  const HistoryShape shape{.name = "app", .capacity = 4};
  {
    const auto history = world.open(shape);
    for (std::uint64_t i = 0; i < 6; ++i) {
      history->push(indexed_sample(i));
      world.write_all();
    }
  }
  CHECK(indices_of(*world.open(shape)) == std::vector<std::uint64_t>{2, 3, 4, 5});
  const HistoryShape longer{.name = "app", .capacity = 10};
  {
    const auto history = world.open(longer);
    CHECK(indices_of(*history) == std::vector<std::uint64_t>{2, 3, 4, 5});
    history->push(indexed_sample(6));
  }
  CHECK(indices_of(*world.open(longer)) == std::vector<std::uint64_t>{2, 3, 4, 5, 6});
  const HistoryShape shorter{.name = "app", .capacity = 2};
  CHECK(indices_of(*world.open(shorter)) == std::vector<std::uint64_t>{5, 6});
  CHECK(indices_of(*world.open(longer)) == std::vector<std::uint64_t>{5, 6});
  CHECK(log.lines().empty());
}

TEST_CASE("a history in a file keeps its further figures if its length or its rows change") {
  const TempDirectory folder;
  const LogCapture log;
  HistoryWorld world(folder.path(), log.log());
  constexpr std::size_t narrow = sizeof(ProcessMetrics);
  constexpr std::size_t wide = narrow + 64;
  const auto reopen = [&](std::size_t capacity, std::size_t row_size) {
    return world.open({.name = "app", .capacity = capacity, .row_size = row_size});
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
  CHECK_FALSE(rows_of(reopen(5, wide))[4].more[0]);  // dropped figures are lost
  CHECK(log.lines().empty());
}

TEST_CASE("a long history is read in parts, and copied with few writes") {
  const TempDirectory folder;
  const LogCapture log;
  constexpr std::size_t count = 20'000;
  HistoryWorld world(folder.path(), log.log());
  write_history(world, {.name = "app", .capacity = count}, count + 5'000);
  Watch watch;
  std::size_t longest_part = 0;
  std::vector<std::uint64_t> indices;
  std::string warning;
  HistoryFile shorter(folder.path() / "app.history", {.name = "app", .capacity = count - 1},
                      WatchedFile::opener(watch));
  REQUIRE_FALSE(shorter.recall(
      [&](const SampleRows& part) {
        longest_part = std::max(longest_part, part.size());
        for (const std::uint64_t index : indices_of(part.metrics)) indices.push_back(index);
      },
      warning));
  REQUIRE(indices.size() == count - 1);
  CHECK(indices.front() == 5'001);
  CHECK(std::ranges::adjacent_find(indices, [](auto a, auto b) { return b != a + 1; }) ==
        indices.end());
  CHECK(longest_part <= 4'096);
  CHECK(watch.writes < count / 100);
  CHECK(indices_of(recalled(shorter).metrics) == indices);
  CHECK(warning.empty());
}

TEST_CASE(
    "a history that cannot be copied, as the disk is full, leaves its file and nothing else") {
  const TempDirectory folder;
  const LogCapture log;
  {
    HistoryWorld world(folder.path(), log.log());
    write_history(world, {.name = "app", .capacity = 4}, 6);
  }
  const fs::path file = folder.path() / "app.history";
  const std::string before = read_text(file);
  std::size_t left = GENERATE(0U, 100U, 300U, 500U);
  HistoryFile longer(file, {.name = "app", .capacity = 9},
                     [&left](const fs::path& path, std::error_code& error) {
                       return CutFile::open(path, left, error);
                     });
  std::string warning;
  CHECK(longer.recall([](const SampleRows&) {}, warning));
  CHECK(read_text(file) == before);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a history whose file cannot be read to its end begins without any of its samples") {
  const TempDirectory folder;
  const LogCapture log;
  ManualClock clock;
  const std::size_t new_capacity = GENERATE(10'000U, 9'000U);  // read or copied
  CAPTURE(new_capacity);
  Watch watch;
  HistoryWorld world(folder.path(), log.log(), clock, WatchedFile::opener(watch));
  write_history(world, {.name = "app", .capacity = 10'000}, 10'000);
  int readings = 0;
  watch.before_read = [&] {
    return ++readings == 4 ? std::make_error_code(std::errc::io_error) : std::error_code();
  };
  const HistoryShape shape{.name = "app", .capacity = new_capacity};
  const auto history = world.open(shape);
  CHECK(log.count("ERROR app: its history is not written") == 1);
  CHECK(history->read().empty());
  history->push(indexed_sample(10'000));
  clock.advance(1min);
  world.write_all();
  const std::vector<std::uint64_t> kept = indices_of(*world.open(shape));
  REQUIRE(kept.size() == new_capacity);
  CHECK(kept.back() == 10'000);
  CHECK(kept.front() == 10'001 - new_capacity);
}

TEST_CASE("a history that is used while its file is read begins without any of its samples") {
  const TempDirectory folder;
  const LogCapture log;
  const HistoryShape shape{.name = "app", .capacity = 10'000};
  Watch watch;
  HistoryWorld world(folder.path(), log.log(), Clock::system(), WatchedFile::opener(watch));
  write_history(world, shape, 10'000);
  const auto kept = world.files.add(shape);
  std::shared_ptr<History> history;
  int readings = 0;
  watch.before_read = [&] {
    if (++readings == 4) {
      history = std::make_shared<History>(shape, world.files.use(*kept));
      history->push(indexed_sample(10'000));
    }
    return std::error_code();
  };
  world.files.recall(*kept);
  REQUIRE(history);
  CHECK(indices_of(*history) == std::vector<std::uint64_t>{10'000});
  world.write_all();
  const std::vector<std::uint64_t> indices = indices_of(*world.open(shape));
  REQUIRE(indices.size() == 10'000);
  CHECK(indices.front() == 1);
  CHECK(indices.back() == 10'000);
  CHECK(log.lines().empty());
}

TEST_CASE("a history file whose rows are of a size that does not fit is set aside") {
  const TempDirectory folder;
  const HistoryShape shape{.name = "app", .capacity = 4};
  const fs::path file = folder.path() / "app.history";
  const std::uint32_t size = GENERATE(0U, 32U, 96U, 1U << 20U, 0xFFFF'FFC0U);
  {
    const LogCapture log;
    HistoryWorld(folder.path(), log.log()).open(shape)->push(indexed_sample(1));
  }
  {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(offsetof(HistoryHeader, row_size));
    stream.write(reinterpret_cast<const char*>(&size), sizeof size);
  }
  const LogCapture log;
  CHECK(HistoryWorld(folder.path(), log.log()).open(shape)->read().empty());
  CHECK(log.count("app.history") == 1);
  CHECK(fs::exists(folder.path() / "app.history.set-aside"));
}

TEST_CASE("a file that cannot be set aside under its usual name gets another, and none is lost") {
  const TempDirectory folder;
  const fs::path file = folder.path() / "file";
  fs::create_directory(folder.path() / "file.set-aside");
  write_text(folder.path() / "file.set-aside.1", "earlier");
  write_text(file, "x");
  std::error_code error;
  CHECK(set_aside(file, "is wrong", error).ends_with("file.set-aside.2"));
  CHECK_FALSE(error);
  CHECK(read_text(folder.path() / "file.set-aside.1") == "earlier");
  CHECK(read_text(folder.path() / "file.set-aside.2") == "x");

  for (int i = 3; i <= 9; ++i) {
    write_text(folder.path() / ("file.set-aside." + std::to_string(i)), "earlier");
  }
  write_text(file, "y");
  const std::string message = set_aside(file, "is wrong", error);
  CHECK(error);
  CHECK(message == file.string() + " is wrong; it cannot be set aside: " + error.message());
  CHECK(read_text(file) == "y");
}

TEST_CASE("a history file that cannot be set aside stays as it is, and its log says so once") {
  const TempDirectory folder;
  const HistoryShape shape{.name = "app", .capacity = 4};
  const fs::path file = folder.path() / "app.history";
  const std::string foreign(10'000, 'x');
  write_text(file, foreign);
  fs::create_directory(file.string() + ".set-aside");
  for (int i = 1; i <= 9; ++i)
    fs::create_directory(file.string() + ".set-aside." + std::to_string(i));
  const LogCapture log;
  ManualClock clock;
  HistoryWorld world(folder.path(), log.log(), clock);
  world.open(shape)->push(indexed_sample(1));
  world.write_all();
  clock.advance(1min);
  world.write_all();
  CHECK(read_text(file) == foreign);
  CHECK(log.count("it cannot be set aside: ") == 1);
  CHECK(log.count("ERROR app: its history is not written: ") == 1);

  fs::remove(file.string() + ".set-aside");
  clock.advance(2min);
  world.write_all();
  CHECK(read_text(file.string() + ".set-aside") == foreign);
  CHECK(indices_of(*world.open(shape)) == std::vector<std::uint64_t>{1});
}

TEST_CASE("a history file that was cut short at any byte is continued, made anew or set aside") {
  const TempDirectory folder;
  const LogCapture log;
  const HistoryShape shape{.name = "app", .capacity = 2};
  HistoryWorld(folder.path(), log.log()).open(shape)->push(indexed_sample(1));
  const fs::path file = folder.path() / "app.history";
  const std::string whole = read_text(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(file, whole.substr(0, size));
    HistoryWorld world(folder.path(), log.log());
    const auto history = world.open(shape);
    REQUIRE(history->read().empty());
    history->push(indexed_sample(2));
    world.write_all();
    REQUIRE(fs::file_size(file) == whole.size());
    REQUIRE(indices_of(*HistoryWorld(folder.path(), log.log()).open(shape)) ==
            std::vector<std::uint64_t>{2});
  }
}

TEST_CASE("a write of samples that was cut short at any byte leaves those of before, in order") {
  const TempDirectory folder;
  const LogCapture log;
  const fs::path file = folder.path() / "app.history";
  const HistoryShape shape{.name = "app", .capacity = 4};
  const std::uint64_t count = GENERATE(0U, 2U, 4U, 7U);
  {
    HistoryFile kept(file, shape);
    static_cast<void>(recalled(kept));
    REQUIRE_FALSE(kept.append(indexed_rows(0, count)).error);
  }
  const std::string before = read_text(file);
  std::size_t budget = 0;
  for (bool is_done = false; !is_done; ++budget) {
    write_text(file, before);
    std::size_t left = budget;
    HistoryFile cut(file, shape, [&left](const fs::path& path, std::error_code& error) {
      return CutFile::open(path, left, error);
    });
    static_cast<void>(recalled(cut));
    const HistoryFile::Appended appended = cut.append(indexed_rows(count, count + 2));
    is_done = !appended.error;
    HistoryFile whole(file, shape);
    const SampleRows rows = recalled(whole);
    const std::vector<std::uint64_t> now = indices_of(rows.metrics);
    const std::uint64_t end = now.empty() ? 0 : now.back() + 1;
    REQUIRE(std::ranges::all_of(rows.metrics, is_whole));
    REQUIRE((end == count + appended.rows || end == count + appended.rows + 1));
    const std::uint64_t kept = std::min<std::uint64_t>(end, shape.capacity);
    REQUIRE((now.size() == kept || (end > 3 && now.size() == kept - 1)));
    REQUIRE(std::ranges::adjacent_find(now, [](auto a, auto b) { return b != a + 1; }) ==
            now.end());
  }
  CHECK(budget > 2 * (sizeof(ProcessMetrics) + 16));
}

TEST_CASE("what a disk was too slow for is left out of the file, and the rest is in order") {
  const TempDirectory folder;
  const LogCapture log;
  const HistoryShape shape{.name = "app", .capacity = 4};
  HistoryWorld world(folder.path(), log.log());
  const auto history = world.open(shape);
  for (std::uint64_t i = 0; i < 3; ++i) history->push(indexed_sample(i));
  world.write_all();
  for (std::uint64_t i = 3; i < 30; ++i) history->push(indexed_sample(i));
  CHECK(indices_of(*world.open(shape)) == std::vector<std::uint64_t>{26, 27, 28, 29});
  CHECK(log.count("WARN app: the disk was too slow") == 1);
}

TEST_CASE("a history that is used before its file was read has the samples of both kept") {
  const TempDirectory folder;
  const LogCapture log;
  const HistoryShape shape{.name = "app", .capacity = 4};
  HistoryWorld world(folder.path(), log.log());
  const auto first = world.open(shape);
  for (std::uint64_t i = 2; i < 6; ++i) first->push(indexed_sample(i));
  const auto hung = world.open_unread(shape);
  for (std::uint64_t i = 6; i < 8; ++i) hung->push(indexed_sample(i));
  CHECK(indices_of(*hung) == std::vector<std::uint64_t>{6, 7});
  CHECK(indices_of(*world.open(shape)) == std::vector<std::uint64_t>{4, 5, 6, 7});
  CHECK(log.lines().empty());
}

TEST_CASE("a name that is dropped is not written any more, and its file can be removed") {
  const TempDirectory folder;
  const LogCapture log;
  const HistoryShape shape{.name = "app", .capacity = 4};
  HistoryWorld world(folder.path(), log.log());
  const auto history = world.open(shape);
  history->push(indexed_sample(1));
  world.write_all();
  world.files.drop("app");
  world.files.remove("app");
  history->push(indexed_sample(2));
  world.write_all();
  CHECK_FALSE(fs::exists(folder.path() / "app.history"));
}

TEST_CASE("a history file that is cut short or removed under way is written anew, and whole") {
  const TempDirectory folder;
  const LogCapture log;
  const HistoryShape shape{.name = "app", .capacity = 1'000};
  const fs::path file = folder.path() / "app.history";
  HistoryWorld world(folder.path(), log.log());
  const auto history = world.open(shape);
  for (std::uint64_t i = 0; i < 700; ++i) history->push(indexed_sample(i));
  world.write_all();
  SECTION("emptied") {
    fs::resize_file(file, 0);
  }
  SECTION("cut short") {
    fs::resize_file(file, 4096);
  }
  SECTION("removed") {
    fs::remove(file);
  }
  for (std::uint64_t i = 700; i < 1'600; ++i) history->push(indexed_sample(i));
  world.write_all();
  CHECK(history->read().size() == 1'000);
  CHECK(log.count("is gone or was cut short; it is being rewritten") == 1);
  const std::vector<std::uint64_t> kept = indices_of(*world.open(shape));
  REQUIRE(kept.size() == 1'000);
  CHECK(kept.front() == 600);
  CHECK(kept.back() == 1'599);
}

TEST_CASE("without a file to be had a history lives in memory, and is written once there is one") {
  const TempDirectory folder;
  const LogCapture log;
  ManualClock clock;
  const fs::path file = folder.path() / "app.history";
  fs::create_directory(file);
  HistoryWorld world(folder.path(), log.log(), clock);
  const HistoryShape shape{.name = "app", .capacity = 2};
  const auto history = world.open(shape);
  for (std::uint64_t i = 0; i < 3; ++i) {
    history->push(indexed_sample(i));
    world.write_all();
  }
  CHECK(indices_of(*history) == std::vector<std::uint64_t>{1, 2});
  CHECK(log.count("ERROR app: its history is not written") == 1);
  CHECK(log.lines().size() == 1);

  fs::remove(file);
  world.write_all();
  CHECK_FALSE(fs::exists(file));  // not retried at each tick
  clock.advance(1min);
  world.write_all();
  CHECK(fs::is_regular_file(file));
  CHECK(log.count("INFO histories are written again") == 1);
  CHECK(indices_of(*world.open(shape)) == std::vector<std::uint64_t>{1, 2});
}
