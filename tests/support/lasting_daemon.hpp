#pragma once

#include "support/daemon_runner.hpp"
#include "support/eventually.hpp"
#include "support/paths.hpp"
#include "support/temp_directory.hpp"
#include "support/text_file.hpp"

#include <catch2/catch_test_macros.hpp>
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::test {

/// Returns how many samples were ever written to the history file of a name. Samples reach the file
/// some time after their tick.
[[nodiscard]] inline std::uint64_t samples_in_file(const std::filesystem::path& state_dir,
                                                   const std::string& name) {
  const std::string bytes = read_text(state_dir / "histories" / (name + ".history"));
  std::uint64_t pushed = 0;
  constexpr std::size_t offset = 32;
  if (bytes.size() >= offset + sizeof pushed) {
    std::memcpy(&pushed, bytes.data() + offset, sizeof pushed);
  }
  return pushed;
}

[[nodiscard]] inline std::string lasting_process(std::string_view name,
                                                 std::string_view more = "") {
  return process_toml(name, {"threader", "1"}, more);
}

[[nodiscard]] inline std::vector<std::string> timestamps_of(const rapidjson::Value& samples) {
  std::vector<std::string> timestamps;
  for (const auto& sample : samples.GetArray()) {
    timestamps.emplace_back(sample["timestamp"].GetString());
  }
  return timestamps;
}

/// A provisrd with a state_dir that can be killed and started again.
class Lasting {
 public:
  /// `prefix` is put before the path of provisrd in the command, for example {"env", ...}.
  explicit Lasting(const std::string& processes, std::vector<std::string> prefix = {})
      : prefix_(std::move(prefix)) {
    write(processes);
    start();
  }
  ~Lasting() { end_all(); }
  Lasting(const Lasting&) = delete;
  Lasting& operator=(const Lasting&) = delete;

  void write(const std::string& processes, int max_history = 100) const {
    folder_.write(
        "provisr.toml",
        fmt::format("[server]\nlisten = \"127.0.0.1:{}\"\n[server.auth]\n"
                    "token_file = \"{}\"\n[metrics]\nlisten = \"127.0.0.1:{}\"\n"
                    "[metrics.process_metrics]\ninterval = \"100ms\"\n"
                    "max_history = {}\nhistory_ttl = \"200ms\"\n"
                    "[daemon]\nstate_dir = \"{}\"\n{}",
                    port, token_.path(), metrics_port, max_history, state().string(), processes));
  }

  void start_unseen() { program.emplace(command(), folder_.path()); }

  void start() {
    start_unseen();
    const bool is_up = eventually([&] { return is_healthy() || program->has_ended(); });
    INFO(program->err());
    REQUIRE(is_up);
    REQUIRE_FALSE(program->has_ended());
  }

  [[nodiscard]] std::vector<std::string> command() const {
    std::vector<std::string> words = prefix_;
    words.push_back(provisrd_path());
    words.push_back((folder_.path() / "provisr.toml").string());
    return words;
  }

  /// Kills the daemon with SIGKILL and reaps it.
  void kill() {
    program->signal(SIGKILL);
    REQUIRE(program->wait());
  }
  void kill_and_start() {
    kill();
    start();
  }

  [[nodiscard]] bool is_healthy() const { return http_get(port, "/healthz").status == 200; }

  [[nodiscard]] rapidjson::Document json(const std::string& path) const {
    rapidjson::Document document;
    document.Parse(http_get(port, path).body.c_str());
    return document;
  }

  [[nodiscard]] rapidjson::Document status_of(const std::string& name) const {
    rapidjson::Document document = json("/api/status?name=" + name);
    rapidjson::Document status;
    status.SetObject();
    if (document.IsObject() && document.HasMember("processes")) {
      status.CopyFrom(document["processes"][0], status.GetAllocator());
    }
    return status;
  }
  [[nodiscard]] std::string state_of(const std::string& name) const {
    const rapidjson::Document status = status_of(name);
    return status.HasMember("state") ? status["state"].GetString() : "";
  }
  /// Returns the PID of a process once its program is executed.
  [[nodiscard]] int pid_of(const std::string& name) const {
    int pid = 0;
    REQUIRE(eventually([&] {
      const rapidjson::Document status = status_of(name);
      if (status.HasMember("pid")) pid = status["pid"].GetInt();
      return pid != 0 && has_executed(pid, *program);
    }));
    return pid;
  }
  [[nodiscard]] std::vector<std::string> history_of(const std::string& name) const {
    const rapidjson::Document history = json("/api/metrics/history?name=" + name);
    if (!history.HasMember("history")) return {};
    return timestamps_of(history["history"]);
  }

  [[nodiscard]] std::uint64_t in_file(const std::string& name) const {
    return samples_in_file(state(), name);
  }
  /// Returns the history of a name after waiting until all of it is in the file. Requires that the
  /// name has fewer samples than max_history.
  [[nodiscard]] std::vector<std::string> written_history_of(const std::string& name) const {
    const std::vector<std::string> history = history_of(name);
    REQUIRE(eventually([&] { return in_file(name) >= history.size(); }));
    return history;
  }

  /// Waits until a text is in the log, which is written some time after the event. Returns false if
  /// the deadline passes first.
  [[nodiscard]] bool is_logged(std::string_view text) const {
    return eventually([&] { return program->err().find(text) != std::string::npos; });
  }

  /// Whether /metrics has this line.
  [[nodiscard]] bool has_metric(const std::string& line) const {
    return http_get(metrics_port, "/metrics").body.find("\n" + line + "\n") != std::string::npos;
  }

  [[nodiscard]] std::filesystem::path state() const { return folder_.path() / "state"; }
  [[nodiscard]] const TempDirectory& folder() const { return folder_; }

  int port = free_port();
  int metrics_port = free_port();
  std::optional<Program> program;

 private:
  /// Ends the daemon and its children. If the daemon was killed, its children still run: a new
  /// daemon is started to end them.
  void end_all() {
    if (!program || program->has_ended()) {
      program.reset();
      program.emplace(command(), folder_.path());
      static_cast<void>(eventually([&] { return is_healthy() || program->has_ended(); }));
    }
    program->signal(SIGTERM);
    static_cast<void>(program->wait());
  }

  std::vector<std::string> prefix_;
  TempDirectory folder_;
  TokenFile token_;
};

}  // namespace provisr::test
