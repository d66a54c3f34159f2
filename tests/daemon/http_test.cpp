// The HTTP servers of the real daemon against hostile clients.
#include "support/daemon_runner.hpp"
#include "support/paths.hpp"
#include "support/raw_client.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <fmt/format.h>
#include <grp.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <vector>

using namespace provisr::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

const std::string get_status = "GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n";

[[nodiscard]] std::string one_process() {
  return fmt::format("[[processes]]\nname = \"app\"\n{}", child_args({"threader", "1"}));
}

/// Sends bytes on a new connection and returns the status of the answer.
[[nodiscard]] int status_for(int port, const std::string& bytes) {
  RawClient client(port);
  client.send(bytes);
  return status_of_answer(client.read_answer());
}

[[nodiscard]] std::string get(std::string_view path, std::string_view fields) {
  return fmt::format("GET {} HTTP/1.1\r\n{}\r\n", path, fields);
}

/// Returns a group that this user may give files to, if possible not the group of new files.
[[nodiscard]] gid_t other_group() {
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  static_cast<void>(::getgroups(static_cast<int>(groups.size()), groups.data()));
  if (::geteuid() == 0) groups.push_back(1);
  for (const gid_t number : groups) {
    if (number != ::getegid() && ::getgrgid(number) != nullptr) return number;
  }
  return ::getegid();
}

/// Returns whether a daemon answers on this Unix socket.
[[nodiscard]] bool is_answered_at(const std::string& path) {
  try {
    RawClient client = RawClient::to_unix_socket(path);
    client.send("GET /api/status HTTP/1.0\r\n\r\n");
    return status_of_answer(client.read_all()) == 200;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace

TEST_CASE("clients that dawdle keep nobody else waiting") {
  const Daemon daemon(one_process());
  std::vector<RawClient> slow;
  for (int i = 0; i < 60; ++i) {
    for (const int port : {daemon.api_port(), daemon.metrics_port()}) {
      slow.emplace_back(port);                                      // sends nothing
      slow.emplace_back(port).send("GET /metrics HTTP/1.1\r\nHo");  // sends half
      slow.emplace_back(port).send(get_status + get_status);        // reads nothing
    }
  }
  CHECK(daemon.get("/api/status").status == 200);
  CHECK_THAT(daemon.prometheus(), ContainsSubstring("provisr_process_up"));
}

TEST_CASE("clients that poll on kept connections keep nobody else waiting") {
  const Daemon daemon(one_process());
  std::vector<RawClient> polling;
  for (int i = 0; i < 20; ++i) polling.emplace_back(daemon.api_port());
  for (int round = 0; round < 3; ++round) {
    for (RawClient& client : polling) {
      REQUIRE(client.send(get_status));
      CHECK(status_of_answer(client.read_answer()) == 200);
    }
    CHECK(daemon.get("/api/status").status == 200);
  }
}

TEST_CASE("at the cap, the client that has kept the daemon waiting longest makes room") {
  const std::string section = GENERATE("server", "metrics");
  const std::string label = section == "server" ? "api" : "metrics";
  const Daemon daemon(fmt::format("[{}]\nmax_connections = 4\n", section));
  const int port = section == "server" ? daemon.api_port() : daemon.metrics_port();
  const auto exposes = [&](const std::string& line) {
    return eventually([&] { return daemon.prometheus().find(line) != std::string::npos; });
  };
  if (label == "api") REQUIRE(exposes("provisr_http_connections{server=\"api\"} 0\n"));
  std::vector<RawClient> clients;
  const auto is_served = [](RawClient& client) {
    client.send("GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return status_of_answer(client.read_answer()) == 404;
  };
  for (int i = 0; i < 4; ++i) REQUIRE(is_served(clients.emplace_back(port)));
  REQUIRE(is_served(clients[0]));
  clients[1].send("GET");
  REQUIRE(is_served(clients[3]));  // now clients[2] has been silent for longest
  CHECK(is_served(clients.emplace_back(port)));
  CHECK(clients[2].read_all().empty());
  for (const std::size_t number : {0U, 3U, 4U}) CHECK(is_served(clients[number]));
  while (clients.size() > 2) clients.pop_back();  // makes room for the scrape
  CHECK(exposes(fmt::format("{}{{server=\"{}\",reason=\"max_connections\"}} 1\n",
                            "provisr_http_connections_dropped_total", label)));
}

TEST_CASE("with few descriptors a crowd on one listener leaves the other its share") {
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", "");
  const int api_port = free_port();
  const int metrics_port = free_port();
  Program program({"sh", "-c", "ulimit -n 256; exec \"$@\"", "sh", provisrd_path(), file.string(),
                   "--listen", fmt::format("127.0.0.1:{}", api_port), "--metrics-listen",
                   fmt::format("127.0.0.1:{}", metrics_port)},
                  folder.path());
  REQUIRE(eventually([&] { return http_get(metrics_port, "/").status == 200; }));
  std::vector<RawClient> crowd;
  for (int i = 0; i < 300; ++i) crowd.emplace_back(api_port);
  for (int i = 0; i < 10; ++i) CHECK(http_get(metrics_port, "/metrics").status == 200);
  CHECK(http_get(api_port, "/healthz").status == 200);
  CHECK(program.comes_to_log("server.max_connections is 32 and not 1024"));
  CHECK(http_get(metrics_port, "/metrics")
            .body.find("server=\"metrics\",reason=\"max_connections\"} 0\n") != std::string::npos);
}

TEST_CASE("no client keeps the daemon from ending") {
  Daemon daemon(one_process());
  std::vector<RawClient> clients;
  for (const std::string_view bytes : {"", "GET /", "GET / HTTP/1.1\r\nHost: x\r\n"}) {
    clients.emplace_back(daemon.api_port()).send(bytes);
    clients.emplace_back(daemon.metrics_port()).send(bytes);
  }
  daemon.program().signal(SIGTERM);
  CHECK(daemon.program().wait() == 0);
}

TEST_CASE("requests are bounded, and those out of bounds end their connection") {
  const Daemon daemon(one_process());
  const int port = daemon.api_port();
  const std::string host = "Host: localhost\r\n";
  const std::string long_text(40'000, 'x');
  CHECK(status_for(port, get("/" + long_text, host)) == 414);
  CHECK(status_for(port, get("/", host + "X: " + long_text + "\r\n")) == 431);
  CHECK(status_for(port, get("/", host + "Content-Length: 5\r\n")) == 413);
  CHECK(status_for(port, get("/", host + "Transfer-Encoding: chunked\r\n")) == 413);
  CHECK(status_for(port, get("/", "")) == 400);
  CHECK(status_for(port, get("/", host + host)) == 400);
  CHECK(status_for(port, "GET / HTTP/2.0\r\n" + host + "\r\n") == 505);
  CHECK(status_for(port, std::string("\0\xff\r\n\r\n", 6)) == 400);
  RawClient client(port);
  client.send(get("/", host + "Content-Length: 1000000000\r\n"));
  CHECK_THAT(client.read_all(), ContainsSubstring("Connection: close"));
}

TEST_CASE("pipelined requests are answered in order") {
  const Daemon daemon(one_process());
  RawClient client(daemon.api_port());
  client.send(get("/nothing", "Host: localhost\r\n") + get_status +
              "HEAD / HTTP/1.0\r\nConnection: close\r\n\r\n");
  CHECK(status_of_answer(client.read_answer()) == 404);
  CHECK(status_of_answer(client.read_answer()) == 200);
  const std::string last = client.read_all();
  CHECK(status_of_answer(last) == 200);
  CHECK(last.ends_with("\r\n\r\n"));
}

TEST_CASE("who wants gzip gets the same text, also of a long history") {
  const Daemon daemon("[metrics.process_metrics]\ninterval = \"10ms\"\nmax_history = 10000\n" +
                      one_process());
  const std::string history = "/api/metrics/history?name=app";
  REQUIRE(eventually([&] { return daemon.json(history)["history"].Size() > 300; }));
  const std::string until =
      daemon.json(history)["history"].GetArray()[299]["timestamp"].GetString();
  for (const std::string& path : {std::string("/web/app.js"), history + "&until=" + until}) {
    INFO(path);
    const HttpResult plain = daemon.get(path);
    const HttpResult packed =
        http_send(daemon.api_port(), "GET", path, {{"Accept-Encoding", "gzip"}});
    if (!packed.headers.contains("Content-Encoding")) SKIP("built without zlib");
    const auto file = daemon.folder().write("packed.gz", packed.body);
    CHECK(run_to_end({"gzip", "-dc", file.string()}).out == plain.body);
    CHECK(packed.body.size() < plain.body.size() / 2);
  }
}

TEST_CASE("a request that calls the API by a stranger's name gets 403, unless it is allowed") {
  const Daemon daemon(one_process() + "[server]\nallowed_hosts = [\"provisr.example\"]\n");
  const auto status_by_name = [](int port, std::string_view name) {
    return status_for(port, get("/", fmt::format("Host: {}\r\n", name)));
  };
  for (const std::string_view name :
       {"localhost:8080", "127.0.0.1", "[::1]:80", "LOCALHOST", "provisr.example"}) {
    INFO(name);
    CHECK(status_by_name(daemon.api_port(), name) == 200);
  }
  CHECK(status_by_name(daemon.api_port(), "evil.example") == 403);
  CHECK(status_by_name(daemon.api_port(), "localhost.evil.example") == 403);
  CHECK(status_by_name(daemon.metrics_port(), "evil.example") == 200);
}

namespace {

/// A name of the loopback interface that is neither "localhost" nor the machine's own.
[[nodiscard]] std::string other_name_of_loopback() {
  std::array<char, 256> machine{};
  REQUIRE(::gethostname(machine.data(), machine.size() - 1) == 0);
  std::istringstream lines(read_text("/etc/hosts"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    if (address != "127.0.0.1") continue;
    for (std::string name; words >> name;) {
      if (name != "localhost" && name != machine.data()) return name;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("a request may call the API by the name that it listens on") {
  const std::string name = other_name_of_loopback();
  if (name.empty()) SKIP("the loopback interface has no other name here");
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", one_process());
  const int port = free_port();
  const Program program({provisrd_path(), file.string(), "--listen",
                         fmt::format("{}:{}", name, port), "--metrics-listen", "127.0.0.1:0"},
                        folder.path());
  REQUIRE(program.comes_to_log("JSON API on"));
  CHECK(status_for(port, get("/", fmt::format("Host: {}:{}\r\n", name, port))) == 200);
  CHECK(status_for(port, get("/", "Host: evil.example\r\n")) == 403);
}

TEST_CASE("an answer is valid UTF-8 whatever was asked for") {
  const Daemon daemon(one_process());
  RawClient client(daemon.api_port());
  client.send(get("/%ff%fe\xc3", "Host: localhost\r\n"));
  const std::string answer = client.read_answer();
  CHECK(status_of_answer(answer) == 404);
  CHECK(answer.find('\xff') == std::string::npos);
  CHECK(answer.find('\xc3') == std::string::npos);
}

TEST_CASE("a Unix socket belongs to the daemon that listens on it") {
  const TempDirectory folder;
  const std::string path = (folder.path() / "api.sock").string();
  const auto file = folder.write("provisr.toml", one_process());
  const auto start = [&](const TempDirectory& output) {
    return Program({provisrd_path(), file.string(), "--listen", "unix:" + path, "--metrics-listen",
                    "127.0.0.1:0"},
                   output.path());
  };
  const TempDirectory output;
  Program first = start(output);
  const auto answers = [&] { return is_answered_at(path); };
  REQUIRE(eventually(answers));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0660);

  SECTION("a second daemon refuses and leaves it alone") {
    const TempDirectory other;
    Program second = start(other);
    CHECK(second.wait() == 1);
    CHECK_THAT(second.err(), ContainsSubstring("cannot listen on unix:"));
    CHECK(answers());
  }
  SECTION("one that was killed leaves a stale file, which the next replaces") {
    first.signal(SIGKILL);
    REQUIRE(first.wait());
    REQUIRE(std::filesystem::exists(path));
    const TempDirectory other;
    Program next = start(other);
    CHECK(eventually(answers));
    next.signal(SIGTERM);
    CHECK(next.wait() == 0);
    CHECK_FALSE(std::filesystem::exists(path));
  }
}

TEST_CASE("a Unix socket is given to the group that is configured") {
  const group* const wanted = ::getgrgid(other_group());
  REQUIRE(wanted != nullptr);
  const gid_t number = wanted->gr_gid;
  const TempDirectory folder;
  const std::string path = (folder.path() / "p.sock").string();
  const std::string section = GENERATE("server", "metrics");
  const auto file = folder.write(
      "provisr.toml", fmt::format("[{}]\nlisten = \"unix:{}\"\nsocket_group = \"{}\"\n", section,
                                  path, wanted->gr_name));
  const std::string other = section == "server" ? "--metrics-listen" : "--listen";
  Program program({provisrd_path(), file.string(), other, "127.0.0.1:0"}, folder.path());
  struct stat status {};
  REQUIRE(eventually([&] { return ::stat(path.c_str(), &status) == 0; }));
  CHECK(status.st_gid == number);
  CHECK((status.st_mode & 0777U) == 0660);
}

TEST_CASE("a reload gives a Unix socket to another group, if nothing else is wrong") {
  const group* const wanted = ::getgrgid(other_group());
  REQUIRE(wanted != nullptr);
  const std::string other = wanted->gr_name;
  const gid_t number = wanted->gr_gid;
  const TempDirectory folder;
  const std::string path = (folder.path() / "p.sock").string();
  const auto write = [&](const std::string& socket_group, const std::string& metrics) {
    return folder.write("provisr.toml",
                        fmt::format("[server]\nlisten = \"unix:{}\"\nsocket_group = \"{}\"\n"
                                    "[metrics]\nlisten = \"{}\"\n{}",
                                    path, socket_group, metrics, one_process()));
  };
  const std::string metrics = "unix:" + (folder.path() / "m.sock").string();
  Program program({provisrd_path(), write("", metrics).string()}, folder.path());
  const auto file = [&] {
    struct stat status {};
    static_cast<void>(::stat(path.c_str(), &status));
    return status;
  };
  REQUIRE(eventually([&] { return S_ISSOCK(file().st_mode); }));
  const gid_t first = file().st_gid;
  const ino_t inode = file().st_ino;
  const auto reload = [&] {
    RawClient client = RawClient::to_unix_socket(path);
    client.send("POST /api/reload HTTP/1.0\r\n\r\n");
    return status_of_answer(client.read_all());
  };

  write(other, "unix:/no/such/folder/m.sock");
  CHECK(reload() == 422);
  CHECK(file().st_gid == first);

  write(other, metrics);
  CHECK(reload() == 200);
  CHECK(file().st_gid == number);
  CHECK((file().st_mode & 0777U) == 0660);
  CHECK(file().st_ino == inode);

  write("", metrics);
  CHECK(reload() == 200);
  CHECK(file().st_gid == first);
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a reload makes the removed file of a Unix socket again") {
  const bool has_lock = GENERATE(true, false);
  const TempDirectory folder;
  const std::filesystem::path sockets = folder.path() / "run";
  std::filesystem::create_directory(sockets);
  const std::string path = (sockets / "api.sock").string();
  const auto file = folder.write("provisr.toml", one_process());
  Program program({provisrd_path(), file.string(), "--listen", "unix:" + path, "--metrics-listen",
                   "127.0.0.1:0"},
                  folder.path());
  const auto answers = [&] { return is_answered_at(path); };
  const auto reload = [&] {
    const std::string before = program.err();
    program.signal(SIGHUP);
    return eventually(
        [&] { return program.err().find("reloaded:", before.size()) != before.npos; });
  };
  REQUIRE(eventually(answers));

  std::filesystem::remove(path);
  if (!has_lock) std::filesystem::remove(path + ".lock");
  REQUIRE(reload());
  CHECK(answers());

  // Nobody else may take the path, which is still locked.
  const TempDirectory other;
  Program second({provisrd_path(), file.string(), "--listen", "unix:" + path, "--metrics-listen",
                  "127.0.0.1:0"},
                 other.path());
  CHECK(second.wait() == 1);

  // A folder that is gone keeps nothing else from being reloaded.
  std::filesystem::remove_all(sockets);
  REQUIRE(reload());
  CHECK_THAT(program.err(), ContainsSubstring("cannot listen on unix:" + path));
  std::filesystem::create_directory(sockets);
  REQUIRE(reload());
  CHECK(answers());
  program.signal(SIGTERM);
  CHECK(program.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket that cannot be given to its group is not left behind") {
  const TempDirectory folder;
  std::vector<std::string> command;
  // Root may give it to any group unless it lacks CAP_CHOWN.
  if (::geteuid() == 0) command = {"setpriv", "--bounding-set", "-chown"};
  const std::string path = (folder.path() / "p.sock").string();
  const auto file = folder.write(
      "provisr.toml",
      fmt::format("[server]\nlisten = \"unix:{}\"\nsocket_group = \"daemon\"\n", path));
  command.insert(command.end(),
                 {provisrd_path(), file.string(), "--metrics-listen", "127.0.0.1:0"});
  Program program(command, folder.path());
  CHECK(program.wait() == 1);
  CHECK_THAT(program.err(), ContainsSubstring("cannot be given to the group \"daemon\""));
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    CHECK_FALSE(entry.is_socket());
  }
}

TEST_CASE("the status tells where the daemon listens") {
  const Daemon daemon("");
  const rapidjson::Document status = daemon.json("/api/status");
  CHECK(status["listen"]["api"].GetString() == fmt::format("127.0.0.1:{}", daemon.api_port()));
  CHECK(status["listen"]["metrics"].GetString() ==
        fmt::format("127.0.0.1:{}", daemon.metrics_port()));

  const Daemon without_metrics("[metrics]\nenabled = false\n");
  CHECK_FALSE(without_metrics.json("/api/status")["listen"].HasMember("metrics"));
}

TEST_CASE("the status tells what port 0 became") {
  const TempDirectory folder;
  const std::string path = (folder.path() / "api.sock").string();
  const auto file = folder.write("provisr.toml", "");
  Program program({provisrd_path(), file.string(), "--listen", "unix:" + path, "--metrics-listen",
                   "127.0.0.1:0"},
                  folder.path());
  REQUIRE(program.comes_to_log("metrics on "));
  RawClient client = RawClient::to_unix_socket(path);
  client.send("GET /api/status HTTP/1.0\r\n\r\n");
  const std::string answer = client.read_all();
  CHECK_THAT(answer, ContainsSubstring("\"api\":\"unix:" + path + "\""));
  constexpr std::string_view words = "\"metrics\":\"127.0.0.1:";
  REQUIRE_THAT(answer, ContainsSubstring(std::string(words)));
  const int port = std::stoi(answer.substr(answer.find(words) + words.size()));
  CHECK(http_get(port, "/metrics").status == 200);
}

TEST_CASE("localhost and [::] are both families, and port 0 is told as what it became") {
  const std::string host = GENERATE("localhost", "[::]");
  const TempDirectory folder;
  const auto file = folder.write("provisr.toml", one_process());
  Program program(
      {provisrd_path(), file.string(), "--listen", host + ":0", "--metrics-listen", "127.0.0.1:0"},
      folder.path());
  const std::string words = "JSON API on " + host + ":";
  REQUIRE(program.comes_to_log(words));
  const std::string log = program.err();
  const int port = std::stoi(log.substr(log.find(words) + words.size()));
  REQUIRE(port > 0);
  RawClient v4(port);
  v4.send(get_status);
  CHECK(status_of_answer(v4.read_answer()) == 200);
  if (!std::filesystem::exists("/proc/net/if_inet6")) SKIP("no IPv6 here");
  RawClient v6(port, "::1");
  v6.send(get_status);
  CHECK(status_of_answer(v6.read_answer()) == 200);
}

TEST_CASE("OPTIONS is refused with what there is, for a path and for the whole server") {
  const Daemon daemon("");
  const auto answer = [](int port, const std::string& target) {
    RawClient client(port);
    client.send("OPTIONS " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.read_answer();
  };
  for (const auto& [port, target, allow] :
       {std::tuple(daemon.api_port(), "*", "GET, HEAD, POST"),
        std::tuple(daemon.api_port(), "/api/status", "GET, HEAD"),
        std::tuple(daemon.api_port(), "/api/stop", "POST"),
        std::tuple(daemon.metrics_port(), "*", "GET, HEAD"),
        std::tuple(daemon.metrics_port(), "/metrics", "GET, HEAD")}) {
    INFO(target);
    const std::string text = answer(port, target);
    CHECK_THAT(text, StartsWith("HTTP/1.1 405 "));
    CHECK_THAT(text, ContainsSubstring(fmt::format("\r\nAllow: {}\r\n", allow)));
  }
  CHECK_THAT(answer(daemon.api_port(), "/nothing"), StartsWith("HTTP/1.1 404 "));
}
