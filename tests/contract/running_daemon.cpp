#include "contract/running_daemon.hpp"

#include "daemon/base/text.hpp"
#include "daemon/http/client.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/start_child.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string_view>

namespace provisr::test {
namespace {

constexpr auto loopback = "127.0.0.1";

[[nodiscard]] std::string get(int port, const std::string& path) {
  const daemon::HttpClient client({.host = loopback, .port = port, .path = {}});
  try {
    const daemon::HttpResponse answer = client.send("GET", path, deadline);
    return answer.status == 200 ? answer.body : "";
  } catch (const daemon::HttpFailure&) {
    return {};  // not up yet
  }
}

/// Finds "ANNOUNCED on HOST:PORT" in a log.
[[nodiscard]] std::optional<int> port_in(std::string_view log, std::string_view announced) {
  const std::string before = fmt::format("{} on {}:", announced, loopback);
  const auto at = log.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = log.substr(at + before.size());
  const std::string_view digits = rest.substr(0, rest.find_first_of("\r\n"));
  if (digits.size() == rest.size()) return std::nullopt;  // not written to its end yet
  int port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

[[nodiscard]] daemon::ChildCommand provisrd(const std::vector<std::string>& options) {
  daemon::ChildCommand command;
  command.argv = {provisr::test::provisrd_path()};
  command.argv.insert(command.argv.end(), options.begin(), options.end());
  return command;
}

[[nodiscard]] daemon::Socket listen_on_free_port() {
  const auto addresses = daemon::addresses_of(loopback);
  return daemon::listen_on(addresses.front(), 0, daemon::Coverage::own_family);
}

}  // namespace

std::unique_ptr<daemon::ChildProcess> start_daemon(const std::vector<std::string>& options) {
  return start_child(provisrd(options));
}

TakenPort::TakenPort() : listener_(listen_on_free_port()) {}

int TakenPort::number() const {
  return daemon::port_of(listener_);
}

RunningDaemon::RunningDaemon(const std::string& configuration) {
  // The system chooses the ports: what was free a moment ago may be somebody else's by now.
  daemon::ChildCommand command =
      provisrd({daemon::name_of(directory_.write("my provisr.toml", configuration)),
                fmt::format("--listen={}:0", loopback),
                fmt::format("--metrics-listen={}:0", loopback), "--interval=100ms"});
  command.stderr_file = directory_.write("log", "");
  daemon_ = start_child(command);
  const bool listens = eventually([&] { return port_in(log(), "Prometheus metrics").has_value(); });
  INFO(log());
  REQUIRE(listens);
  api_port_ = port_in(log(), "JSON API").value();
  metrics_port_ = port_in(log(), "Prometheus metrics").value();
}

std::string RunningDaemon::log() const {
  return read_text(directory_.path() / "log");
}

std::string RunningDaemon::api(const std::string& path) const {
  return get(api_port_, path);
}

std::string RunningDaemon::metrics() const {
  return get(metrics_port_, "/metrics");
}

}  // namespace provisr::test
