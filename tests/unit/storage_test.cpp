#include "support/fake_registry.hpp"
#include "support/indexed_sample.hpp"

#include <provisr/history.hpp>
#include <provisr/storage.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace provisr;
using provisr::test::FakeMachine;
using provisr::test::index_of;
using provisr::test::indexed_sample;
using provisr::test::known_reading;

namespace {

constexpr HistoryShape shape{.name = "my-app", .capacity = 3};

[[nodiscard]] std::vector<std::uint64_t> indices(const History& history) {
  std::vector<std::uint64_t> result;
  for (const ProcessMetrics& sample : history.read()) result.push_back(index_of(sample));
  return result;
}

using Indices = std::vector<std::uint64_t>;

/// Bytes that outlive the histories stored in them, like a file.
struct File {
  explicit File(const HistoryShape& of = shape) : storage(heap_storage(of)) {}

  /// Returns the file of a history into which samples 0 to `pushes` - 1 were pushed.
  static File with(std::uint64_t pushes) {
    File file;
    History history(shape, file.storage);
    for (std::uint64_t i = 0; i < pushes; ++i) history.push(indexed_sample(i));
    return file;
  }

  template <class Number>
  void write(std::size_t offset, Number value) const {
    std::memcpy(&storage.bytes[offset], &value, sizeof value);
  }

  [[nodiscard]] StorageState state() const { return inspect_history(storage.bytes, shape); }

  HistoryStorage storage;
};

}  // namespace

TEST_CASE("a history is continued from its bytes", "[storage]") {
  const File file = File::with(4);
  REQUIRE(file.state() == StorageState::whole);
  History again(shape, file.storage);
  CHECK(again.pushed() == 4);
  CHECK(indices(again) == Indices{1, 2, 3});
  again.push(indexed_sample(4));
  CHECK(indices(again) == Indices{2, 3, 4});
  CHECK(indices(History(shape, file.storage)) == Indices{2, 3, 4});
}

TEST_CASE("the header lies as it is documented", "[storage]") {
  const File file = File::with(4);
  constexpr std::string_view magic = "PROVISR1";
  const auto number_at = [&](std::size_t offset) {
    std::uint64_t value = 0;
    std::memcpy(&value, &file.storage.bytes[offset], sizeof value);
    return value;
  };
  CHECK(std::memcmp(file.storage.bytes.data(), magic.data(), magic.size()) == 0);
  CHECK(number_at(8) == (std::uint64_t{64} << 32U | 1U));
  CHECK(number_at(16) == 3);
  CHECK(number_at(24) == 4);
  CHECK(number_at(32) == 4);
  CHECK(std::memcmp(&file.storage.bytes[64], "my-app", 7) == 0);
  ProcessMetrics row;
  std::memcpy(&row, &file.storage.bytes[256], sizeof row);
  CHECK(row == indexed_sample(3));
}

TEST_CASE("a torn push loses its slot and nothing else", "[storage]") {
  const File file = File::with(5);  // the slots hold samples 3, 4, 2
  file.write(24, std::uint64_t{6});
  file.write(256 + 2 * 64, std::uint64_t{77});
  REQUIRE(file.state() == StorageState::torn);
  History again(shape, file.storage);
  CHECK(indices(again) == Indices{3, 4});
  again.push(indexed_sample(5));
  CHECK(indices(again) == Indices{3, 4, 5});
  CHECK(file.state() == StorageState::whole);
}

TEST_CASE("a push torn before the ring was full loses nothing", "[storage]") {
  const File file = File::with(1);
  file.write(24, std::uint64_t{2});
  REQUIRE(file.state() == StorageState::torn);
  CHECK(indices(History(shape, file.storage)) == Indices{0});
}

TEST_CASE("what is not a history of this shape is told apart", "[storage]") {
  const File file = File::with(4);
  SECTION("foreign") {
    file.write(0, std::uint64_t{0x50524F5649535231});  // the magic in the other byte order
    CHECK(file.state() == StorageState::foreign);
  }
  SECTION("newer") {
    file.write(8, HistoryHeader::current_version + 1);
    CHECK(file.state() == StorageState::newer);
  }
  SECTION("damaged counters") {
    file.write(24, std::uint64_t{6});
    CHECK(file.state() == StorageState::damaged);
    file.write(24, std::uint64_t{3});
    CHECK(file.state() == StorageState::damaged);
  }
  SECTION("another name, capacity or row size") {
    for (const HistoryShape& other :
         {HistoryShape{"my-ap", 3, 64}, HistoryShape{"my-app-1", 3, 64},
          HistoryShape{"my-app", 2, 64}, HistoryShape{"my-app", 3, 128}}) {
      CHECK(inspect_history(file.storage.bytes, other) == StorageState::mismatched);
      CHECK_THROWS_AS(History(other, file.storage), std::invalid_argument);
    }
    return;
  }
  CHECK_THROWS_AS(History(shape, file.storage), std::invalid_argument);
}

TEST_CASE("bytes that are cut short anywhere are shorter", "[storage]") {
  const File file = File::with(4);
  for (std::size_t size = 0; size < history_size(shape); ++size) {
    CAPTURE(size);
    REQUIRE(inspect_history(file.storage.bytes.first(size), shape) == StorageState::shorter);
  }
  CHECK(file.state() == StorageState::whole);
}

TEST_CASE("misaligned bytes are refused", "[storage]") {
  const File file(HistoryShape{"my-app", 4, 64});
  CHECK(inspect_history(file.storage.bytes.subspan(8), shape) == StorageState::misaligned);
}

TEST_CASE("a header of which only the first bytes were written is not trusted", "[storage]") {
  constexpr std::size_t written = 64 + shape.name.size();  // the rest of the header is zero
  for (std::size_t cut = 1; cut < written; ++cut) {
    const File file = File::with(300);
    std::fill(&file.storage.bytes[cut], &file.storage.bytes[sizeof(HistoryHeader)], std::byte{0});
    CAPTURE(cut, to_text(file.state()));
    REQUIRE_FALSE(can_continue(file.state()));
    REQUIRE(file.state() != StorageState::empty);
    REQUIRE_THROWS_AS(History(shape, file.storage), std::invalid_argument);
  }
}

TEST_CASE("a header with any byte changed is not taken for whole", "[storage]") {
  const File file = File::with(300);
  for (std::size_t offset = 0; offset < sizeof(HistoryHeader); ++offset) {
    file.storage.bytes[offset] ^= std::byte{0x80};
    CAPTURE(offset, to_text(file.state()));
    CHECK_FALSE(can_continue(file.state()));
    CHECK(file.state() != StorageState::empty);
    file.storage.bytes[offset] ^= std::byte{0x80};
  }
  CHECK(file.state() == StorageState::whole);
}

TEST_CASE("a wider row holds further figures", "[storage]") {
  const HistoryShape wide{.name = "my-app", .capacity = 2, .row_size = 128};
  History history(wide);
  REQUIRE(history.further_figures() == 8);
  const std::array<Figure<std::uint64_t>, 2> more{7U, Figure<std::uint64_t>()};
  for (std::uint64_t i = 0; i < 3; ++i) {
    history.push(indexed_sample(i), i == 2 ? std::span<const Figure<std::uint64_t>>(more)
                                           : std::span<const Figure<std::uint64_t>>());
  }
  std::vector<ProcessMetrics> samples;
  std::vector<Figure<std::uint64_t>> figures_of_rows;
  history.read_until(3, samples, figures_of_rows);
  CHECK(samples == std::vector{indexed_sample(1), indexed_sample(2)});
  std::vector<Figure<std::uint64_t>> expected(16);
  expected[8] = 7U;
  CHECK(figures_of_rows == expected);
  CHECK(indices(history) == Indices{1, 2});
}

TEST_CASE("a row without further figures is 64 bytes", "[storage]") {
  CHECK(history_size({.name = {}, .capacity = 101}) - history_size({.name = {}, .capacity = 100}) ==
        64);
  CHECK(History(2).further_figures() == 0);
}

namespace {

/// The bytes of each name, which outlive the registry.
struct Files {
  [[nodiscard]] RegistryOptions options() {
    return {.max_history = shape.capacity, .storage = [this](const HistoryShape& wanted) {
              const auto [file, is_new] = by_name.try_emplace(std::string(wanted.name), wanted);
              return file->second.storage;
            }};
  }

  std::map<std::string, File> by_name;
};

void tick_one_process(const RegistryOptions& options, int ticks, std::size_t expected) {
  FakeMachine machine(options);
  machine.system.start(7, known_reading());
  REQUIRE_FALSE(machine.registry.track("my-app", 7));
  for (int i = 0; i < ticks; ++i) machine.tick_after();
  CHECK(machine.registry.history("my-app")->size() == expected);
}

}  // namespace

TEST_CASE("the history of a name outlives its registry in the storage handed in", "[storage]") {
  Files files;
  tick_one_process(files.options(), 1, 1);
  tick_one_process(files.options(), 1, 2);
  CHECK(files.by_name.at("my-app").state() == StorageState::whole);
}

TEST_CASE("storage that cannot be continued is left alone, and said so", "[storage]") {
  Files files;
  tick_one_process(files.options(), 1, 1);
  const File& file = files.by_name.at("my-app");
  file.write(8, HistoryHeader::current_version + 1);
  const std::vector<std::byte> before(file.storage.bytes.begin(), file.storage.bytes.end());
  std::string told;
  RegistryOptions options = files.options();
  options.diagnostics = [&](const Diagnostic& diagnostic) { told = diagnostic.message; };
  tick_one_process(options, 2, 2);
  CHECK(told == "the stored history is newer");
  CHECK(std::equal(before.begin(), before.end(), file.storage.bytes.begin()));
}

TEST_CASE("counters that no writer leaves are damaged", "[storage]") {
  constexpr std::uint64_t most = ~std::uint64_t{0};
  constexpr std::uint64_t beyond = std::uint64_t{1} << 63U;
  const auto state_with = [](std::uint64_t begun, std::uint64_t pushed) {
    const File file = File::with(2);
    file.write(offsetof(HistoryHeader, begun), begun);
    file.write(offsetof(HistoryHeader, pushed), pushed);
    return file.state();
  };
  CHECK(state_with(0, most) == StorageState::damaged);
  CHECK(state_with(1, 2) == StorageState::damaged);
  CHECK(state_with(most, most) == StorageState::damaged);
  CHECK(state_with(most, most - 1) == StorageState::damaged);
  CHECK(state_with(beyond, beyond) == StorageState::damaged);
  CHECK(state_with(2, 2) == StorageState::whole);
  CHECK(state_with(2, 1) == StorageState::torn);
  CHECK(state_with(std::uint64_t{1} << 60U, std::uint64_t{1} << 60U) == StorageState::whole);
}
