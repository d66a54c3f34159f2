#include "daemon/config/load.hpp"
#include "daemon/config/token_file.hpp"
#include "support/temp_directory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

using namespace provisr::daemon;
using provisr::test::TempDirectory;

namespace {

const std::string token = "0123456789abcdef";

[[nodiscard]] std::filesystem::path write(const TempDirectory& folder, std::string_view text,
                                          mode_t mode = 0600) {
  const auto file = folder.write("token", text);
  REQUIRE(::chmod(file.c_str(), mode) == 0);
  return file;
}

[[nodiscard]] LoadedConfig load_with(const std::filesystem::path& file) {
  return parse_config(fmt::format("[server.auth]\ntoken_file = '{}'\n", file.string()), "p.toml");
}

/// Returns the fault of a file, without the name of the file.
[[nodiscard]] std::string fault_of(const std::filesystem::path& file) {
  const std::string fault = read_token_file(file).fault;
  const std::string name = fmt::format("\"{}\" ", file.string());
  return fault.starts_with(name) ? fault.substr(name.size()) : fault;
}

}  // namespace

TEST_CASE("a token is read from a file of its owner's alone") {
  const TempDirectory folder;
  const auto mode = static_cast<mode_t>(GENERATE(0600U, 0400U));
  const LoadedConfig loaded = load_with(write(folder, token + "\n", mode));
  CHECK(loaded.faults.empty());
  CHECK(loaded.warnings.size() == 1);  // that there are no processes
  CHECK(loaded.config.server.auth.token == token);
}

TEST_CASE("a token may lie behind a link") {
  const TempDirectory folder;
  const auto link = folder.path() / "link";
  std::filesystem::create_symlink(write(folder, token), link);
  CHECK(read_token_file(link).token == token);
  std::filesystem::remove(folder.path() / "token");
  CHECK(fault_of(link).starts_with("cannot be used: "));
}

TEST_CASE("a token file that others can read or write is a fault with line and key") {
  const TempDirectory folder;
  const auto mode = static_cast<mode_t>(GENERATE(0640U, 0604U, 0620U, 0602U, 0644U, 0666U));
  const auto file = write(folder, token, mode);
  const LoadedConfig loaded = load_with(file);
  REQUIRE(loaded.faults.size() == 1);
  CHECK(
      loaded.faults[0].to_string() ==
      fmt::format("p.toml:2: server.auth.token_file: \"{}\" cannot be used: others than the "
                  "account of provisrd may read or write it; make it that account's alone (chown, "
                  "chmod 600)",
                  file.string()));
  CHECK(loaded.config.server.auth.token.empty());
}

TEST_CASE("a token file of another account is a fault, also for root, who could read it") {
  if (::geteuid() != 0) SKIP("takes root");
  const TempDirectory folder;
  const auto file = write(folder, token);
  constexpr uid_t somebody_else = 12345;
  REQUIRE(::chown(file.c_str(), somebody_else, static_cast<gid_t>(-1)) == 0);
  CHECK(fault_of(file).starts_with("cannot be used: others than the account of provisrd may read"));
}

TEST_CASE("a token file of nothing, of much or of several words is a fault that hides it") {
  const TempDirectory folder;
  CHECK(fault_of(write(folder, "")) == "holds no token");
  CHECK(fault_of(write(folder, std::string(max_token_file_size + 1, 'a'))) ==
        "is larger than 4096 bytes");
  CHECK(fault_of(write(folder, std::string(std::size_t{1} << 20U, ' '))) ==
        "is larger than 4096 bytes");
  CHECK(fault_of(write(folder, "two words")) == "must hold one word of visible ASCII characters");
  CHECK(fault_of(write(folder, std::string(max_token_file_size, 'a'))).empty());
}

TEST_CASE("what is no regular file holds no token, and does not block") {
  const TempDirectory folder;
  const auto fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  for (const std::filesystem::path& file :
       {fifo, folder.path(), std::filesystem::path("/dev/null")}) {
    CHECK(fault_of(file) == "cannot be used: it is not a regular file");
  }
}

TEST_CASE("a token that can be guessed gives a warning that does not show it") {
  const TempDirectory folder;
  const LoadedConfig loaded = load_with(write(folder, "short"));
  CHECK(loaded.faults.empty());
  REQUIRE(loaded.warnings.size() == 2);
  CHECK(loaded.warnings[1].to_string() ==
        "p.toml:2: server.auth.token_file: holds a token of less than 16 characters, which can be "
        "guessed");
}
