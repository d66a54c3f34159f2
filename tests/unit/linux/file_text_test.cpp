#include "daemon/platform/linux/file_text.hpp"

#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <cstddef>
#include <string>

using namespace provisr::daemon;
using namespace provisr::test;

TEST_CASE("a file is read whole, however long it is") {
  const std::size_t length = GENERATE(0U, 1U, 4095U, 4096U, 4097U, 100'000U);
  const TempDirectory directory;
  std::string text(length, 'x');
  if (!text.empty()) text.back() = '\n';
  CHECK(text_of(directory.write("file", text)) == text);
}

TEST_CASE("what cannot be read is empty") {
  const TempDirectory directory;
  CHECK(text_of(directory.path() / "missing").empty());
  CHECK(text_of(directory.path()).empty());
}
