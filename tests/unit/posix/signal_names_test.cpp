#include "daemon/platform/signal_names.hpp"

#include "daemon/config/load.hpp"

#include <catch2/catch_test_macros.hpp>

#include <signal.h>

using namespace provisr::daemon;

TEST_CASE("signals are known by their names, with or without SIG") {
  CHECK(signal_number("INT") == SIGINT);
  CHECK(signal_number("SIGQUIT") == SIGQUIT);
  CHECK_FALSE(signal_number("STOP"));
  CHECK_FALSE(signal_number("SIG"));
  CHECK_FALSE(signal_number("SIGSIGINT"));
  CHECK_FALSE(signal_number("int"));
  CHECK_FALSE(signal_number("2"));
  CHECK_FALSE(signal_number(""));
}

TEST_CASE("a configuration names the stop signal") {
  const LoadedConfig loaded = parse_config(
      "[[processes]]\nname = \"a\"\ncommand = \"true\"\nstop_signal = \"INT\"\n", "p.toml");
  REQUIRE(loaded.faults.empty());
  CHECK(loaded.config.processes.at(0).stop_signal == SIGINT);
}
