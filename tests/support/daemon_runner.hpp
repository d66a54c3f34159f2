#pragma once

#include "support/eventually.hpp"
#include "support/temp_directory.hpp"

#include <rapidjson/document.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

/// Helpers for tests of the real daemon: to start it, talk to it and wait for it.
namespace provisr::test {

/// Returns a TCP port of the loopback interface on which nothing listens. No other call returns the
/// same port, neither in this test nor in one that runs at the same time.
[[nodiscard]] int free_port();

using Headers = std::map<std::string, std::string, std::less<>>;

struct HttpResult {
  int status = 0;  ///< 0: no answer
  std::string body;
  Headers headers;
};

/// Sends a GET request to a port of the loopback interface.
[[nodiscard]] HttpResult http_get(int port, const std::string& path);
[[nodiscard]] HttpResult http_send(int port, const std::string& method, const std::string& path,
                                   const Headers& headers = {});

/// A program that runs beside the test. Its output goes to files in `folder`. The destructor kills
/// it if it still runs.
class Program {
 public:
  Program(std::vector<std::string> command, const std::filesystem::path& folder);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;
  /// Waits until err() contains this text; false if the deadline passes first. provisrd writes its
  /// log behind its answers.
  [[nodiscard]] bool comes_to_log(std::string_view text) const;
  void signal(int number) const;
  /// Signals so long after an earlier signal that it is another request to provisrd.
  void signal_again(int number) const;

  /// Waits for the end of the program. Returns its status like a shell (128 + signal if it was
  /// killed); empty if the deadline passes first.
  [[nodiscard]] std::optional<int> wait();
  [[nodiscard]] bool has_ended();

 private:
  std::filesystem::path out_file_;
  std::filesystem::path err_file_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// Returns whether a child of the daemon executes its program. Until then, it is a copy of the
/// daemon with the same arguments, and its death is a failed start.
[[nodiscard]] bool has_executed(pid_t child, const Program& daemon);

/// How a program ended, and what it wrote.
struct Outcome {
  int status = 0;  ///< as returned by Program::wait()
  std::string out;
  std::string err;
};

/// Runs a program to its end, with its output in a temporary folder. Fails the test if it does not
/// end in time.
[[nodiscard]] Outcome run_to_end(std::vector<std::string> command);

/// Runs provisrd to its end.
[[nodiscard]] Outcome provisrd(const std::vector<std::string>& arguments);

/// A running provisrd that listens on two free ports.
class Daemon {
 public:
  /// `configuration` is TOML without the listen addresses of [server] and [metrics].
  explicit Daemon(std::string_view configuration, std::vector<std::string> options = {});

  [[nodiscard]] int api_port() const { return api_port_; }
  [[nodiscard]] int metrics_port() const { return metrics_port_; }
  [[nodiscard]] std::string url() const { return "http://localhost:" + std::to_string(api_port_); }
  [[nodiscard]] Program& program() { return *program_; }
  [[nodiscard]] const TempDirectory& folder() const { return folder_; }

  [[nodiscard]] HttpResult get(const std::string& path) const { return http_get(api_port_, path); }
  [[nodiscard]] std::string prometheus() const { return http_get(metrics_port_, "/metrics").body; }

  /// Returns the JSON body of a GET. Fails the test if the status is not 200.
  [[nodiscard]] rapidjson::Document json(const std::string& path) const;

  /// Returns the entry of a name in /api/status; Null if there is none.
  [[nodiscard]] rapidjson::Document status_of(const std::string& name) const;
  [[nodiscard]] std::string state_of(const std::string& name) const;
  /// Waits until the name has a process that executes its program, and returns its PID. Fails the
  /// test if it gets none.
  [[nodiscard]] pid_t pid_of(const std::string& name) const;

  /// Waits until all of the names have a sample. Returns false if the deadline passes first.
  [[nodiscard]] bool has_samples_of(const std::vector<std::string>& names) const;

 private:
  TempDirectory folder_;
  int api_port_ = free_port();
  int metrics_port_ = free_port();
  std::optional<Program> program_;
};

[[nodiscard]] bool is_alive(pid_t pid);

/// Returns the `args` line of a configuration that runs provisr_child with these arguments.
[[nodiscard]] std::string child_args(const std::vector<std::string>& arguments);

/// Returns a [[processes]] entry that runs provisr_child. `more` are further keys or tables.
[[nodiscard]] std::string process_toml(std::string_view name,
                                       const std::vector<std::string>& arguments,
                                       std::string_view more = "");

/// The part of a configuration that makes the daemon sample often.
inline constexpr std::string_view quick_collection =
    "[metrics.process_metrics]\ninterval = \"100ms\"\n";

/// A token file that only its owner can read, and the credentials for it.
class TokenFile {
 public:
  TokenFile() { write(token); }
  void write(std::string_view text) const;
  [[nodiscard]] std::string path() const { return (folder_.path() / "token").string(); }
  [[nodiscard]] const TempDirectory& folder() const { return folder_; }

  inline static const std::string token = "correct-horse-battery";
  inline static const Headers credentials{{"Authorization", "Bearer " + token}};

 private:
  TempDirectory folder_;
};

}  // namespace provisr::test
