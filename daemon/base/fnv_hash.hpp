#pragma once

#include <cstdint>
#include <string_view>

namespace provisr::daemon {

/// The 64-bit FNV-1a hash of the added texts. It is the same in every version of the program.
class FnvHash {
 public:
  void add(std::string_view text) {
    for (const char letter : text) {
      value_ = (value_ ^ static_cast<unsigned char>(letter)) * 0x0000'0100'0000'01b3;
    }
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf2'9ce4'8422'2325;
};

}  // namespace provisr::daemon
