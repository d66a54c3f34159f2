#include <provisr/detail/name_hash.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

using provisr::detail::name_hash;

TEST_CASE("names as supervisors give them are spread by the high bits of their hashes") {
  constexpr int bits = 14;
  std::vector<int> holders(std::size_t{1} << bits);
  for (int base = 0; base < 600; ++base) {
    for (int instance = 0; instance < 10; ++instance) {
      const std::string name = "service" + std::to_string(base) + "-" + std::to_string(instance);
      ++holders[static_cast<std::size_t>(name_hash(name) >> (64 - bits))];
    }
  }
  CHECK(*std::max_element(holders.begin(), holders.end()) <= 8);  // 6,000 random hashes: about 5
}

TEST_CASE("names of any length that differ in one letter have different hashes") {
  for (std::size_t length = 1; length <= 40; ++length) {
    std::set<std::uint64_t> hashes{name_hash(std::string(length, 'a'))};
    for (std::size_t place = 0; place < length; ++place) {
      std::string name(length, 'a');
      name[place] = 'b';
      hashes.insert(name_hash(name));
    }
    CAPTURE(length);
    CHECK(hashes.size() == length + 1);
  }
}
