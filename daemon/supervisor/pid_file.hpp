#pragma once

#include "daemon/platform/regular_file.hpp"

#include <provisr/process_metrics.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisr::daemon {

/// A reading of a pid_file. Two readings are equal unless the file was written in between.
struct PidFile {
  using Time = std::filesystem::file_time_type;

  std::optional<ProcessId> pid;
  std::string problem;  ///< why there is no PID: "does not exist", "holds no PID", ...
  Time written_at{};

  friend bool operator==(const PidFile&, const PidFile&) = default;
};

/// Returns the PID on the first line of `text`; empty if the line holds more than that and spaces.
[[nodiscard]] std::optional<ProcessId> parse_pid(std::string_view text);

/// Reads the start of the file. Does not block on a FIFO or device (POSIX).
[[nodiscard]] PidFile read_pid_file(const std::filesystem::path& file);

/// Asks for the content of a pid_file, unless the file has this stamp. Copies share the content.
class PidFileQuestion {
 public:
  PidFileQuestion(std::filesystem::path file, std::optional<FileStamp> known_stamp)
      : content_(std::make_shared<const Content>(Content{std::move(file), known_stamp})) {}

  [[nodiscard]] const std::filesystem::path& file() const { return content_->file; }
  [[nodiscard]] const std::optional<FileStamp>& known_stamp() const {
    return content_->known_stamp;
  }

  friend bool operator==(const PidFileQuestion& a, const PidFileQuestion& b) {
    return a.content_ == b.content_ || *a.content_ == *b.content_;
  }

 private:
  struct Content {
    std::filesystem::path file;
    std::optional<FileStamp> known_stamp;

    friend bool operator==(const Content&, const Content&) = default;
  };

  std::shared_ptr<const Content> content_;
};

struct PidFileAnswer {
  std::optional<FileStamp> stamp;
  std::optional<PidFile> reading;  ///< empty if the file has the known stamp
};

/// May block as long as the file system does.
[[nodiscard]] PidFileAnswer look_at_pid_file(const PidFileQuestion& question);

/// Writes "PID\n" atomically: a reader sees the old file or the new one.
[[nodiscard]] std::error_code write_pid_file(const std::filesystem::path& file, ProcessId pid);

/// Removes the file if it still holds this PID.
void remove_pid_file(const std::filesystem::path& file, ProcessId pid);

}  // namespace provisr::daemon
