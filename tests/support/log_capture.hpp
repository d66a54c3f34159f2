#pragma once

#include "daemon/base/log.hpp"

#include <array>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace provisr::test {

/// A log whose records can be looked at.
class LogCapture {
 public:
  explicit LogCapture(daemon::LogLevel least = daemon::LogLevel::debug)
      : stream_(std::tmpfile()), log_(least, stream_.get()) {
    if (!stream_) throw std::runtime_error("tmpfile failed");
    std::setvbuf(stream_.get(), nullptr, _IONBF, 0);
  }

  [[nodiscard]] const daemon::Log& log() const { return log_; }

  [[nodiscard]] std::string text() const {
    std::string all;
    std::array<char, 4096> chunk{};
    std::rewind(stream_.get());
    while (const std::size_t size = std::fread(chunk.data(), 1, chunk.size(), stream_.get())) {
      all.append(chunk.data(), size);
    }
    std::fseek(stream_.get(), 0, SEEK_END);
    return all;
  }

  /// How many records hold `part`.
  [[nodiscard]] int count(std::string_view part) const {
    const std::string all = text();
    int records = 0;
    for (std::size_t begin = 0; begin < all.size();) {
      const std::size_t end = all.find('\n', begin);
      if (all.substr(begin, end - begin).find(part) != std::string::npos) ++records;
      begin = end + 1;
    }
    return records;
  }

 private:
  struct Close {
    void operator()(std::FILE* stream) const { static_cast<void>(std::fclose(stream)); }
  };
  std::unique_ptr<std::FILE, Close> stream_;
  daemon::Log log_;
};

}  // namespace provisr::test
