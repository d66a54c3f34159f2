#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace provisr::daemon {

/// The 64-bit FNV-1a hash of the added bytes. It is the same in every version of the program.
class FnvHash {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x0000'0100'0000'01b3;
    }
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace provisr::daemon
