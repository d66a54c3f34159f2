#include "daemon/platform/unforked_storage.hpp"

#include <provisr/history.hpp>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

using namespace provisr;

namespace {

[[nodiscard]] bool is_zero(const HistoryStorage& storage) {
  return std::ranges::all_of(storage.bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

TEST_CASE("bytes for histories that no fork copies are aligned zeros of the right size") {
  const StorageProvider provide = daemon::unforked_storage();
  const std::size_t capacity = GENERATE(1U, 100U, 4'000U, 5'000U, 100'000U);
  const HistoryShape shape{.name = "app", .capacity = capacity};
  std::vector<HistoryStorage> kept;
  std::set<const std::byte*> places;
  for (int i = 0; i < 3; ++i) {
    kept.push_back(provide(shape));
    CHECK(kept.back().bytes.size() == history_size(shape));
    CHECK(reinterpret_cast<std::uintptr_t>(kept.back().bytes.data()) % 64 == 0);
    CHECK(is_zero(kept.back()));
    std::ranges::fill(kept.back().bytes, std::byte{1});
    places.insert(kept.back().bytes.data());
  }
  CHECK(places.size() == 3);
  CHECK(std::ranges::all_of(kept, [](const HistoryStorage& storage) {
    return std::ranges::count(storage.bytes, std::byte{1}) == std::ssize(storage.bytes);
  }));
  kept.clear();
  CHECK(is_zero(provide(shape)));
}

TEST_CASE("what a history gives back is for the next one, and outlives its provider if need be") {
  StorageProvider provide = daemon::unforked_storage();
  const HistoryShape shape{.name = "app", .capacity = 100};
  const std::byte* const place = provide(shape).bytes.data();
  const HistoryStorage storage = provide(shape);
  CHECK(storage.bytes.data() == place);
  provide = nullptr;
  History history(shape, storage);
  history.push({});
  CHECK(history.read().size() == 1);
}
