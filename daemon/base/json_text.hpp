#pragma once

#include "daemon/base/utf8.hpp"

#include <provisr/process_metrics.hpp>

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// The allocator of RapidJSON's buffers, which do not check whether there is memory.
class ThrowingAllocator {
 public:
  static constexpr bool kNeedFree = true;

  [[nodiscard]] static void* Malloc(std::size_t size) { return Realloc(nullptr, 0, size); }
  [[nodiscard]] static void* Realloc(void* memory, std::size_t /*old_size*/, std::size_t size) {
    if (size == 0) {
      Free(memory);
      return nullptr;
    }
    void* const grown = std::realloc(memory, size);
    if (grown == nullptr) throw std::bad_alloc();
    return grown;
  }
  static void Free(void* memory) noexcept { std::free(memory); }
};

/// A writer of one JSON text. Throws std::bad_alloc. Omits unknown figures together with their
/// keys, and numbers that are not finite, which JSON does not have.
class JsonText {
 public:
  using Buffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, ThrowingAllocator>;
  using Writer = rapidjson::Writer<Buffer, rapidjson::UTF8<>, rapidjson::UTF8<>, ThrowingAllocator>;

  template <class Members>
  void object(Members&& write_members) {
    writer_.StartObject();
    write_members();
    writer_.EndObject();
  }

  template <class Elements>
  void array(Elements&& write_elements) {
    writer_.StartArray();
    write_elements();
    writer_.EndArray();
  }

  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }

  /// Replaces bytes that are not UTF-8, because RapidJSON would write them unchanged.
  void text(std::string_view value) {
    if (!is_valid_utf8(value)) return text(to_valid_utf8(value));
    writer_.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }

  void member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void member(std::string_view name, const char* value) { member(name, std::string_view(value)); }
  void member(std::string_view name, bool value) {
    key(name);
    writer_.Bool(value);
  }
  void member(std::string_view name, std::int64_t value) {
    key(name);
    writer_.Int64(value);
  }
  void member(std::string_view name, std::uint64_t value) {
    key(name);
    writer_.Uint64(value);
  }
  void member(std::string_view name, double value) {
    if (!std::isfinite(value)) return;
    key(name);
    writer_.Double(value);
  }
  template <class T>
  void member(std::string_view name, Figure<T> figure) {
    if constexpr (std::floating_point<T>) {
      if (figure) member(name, *figure);
    } else {
      if (figure) member(name, static_cast<std::uint64_t>(*figure));
    }
  }

  [[nodiscard]] std::string str() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  Buffer buffer_;
  Writer writer_{buffer_};
};

}  // namespace provisr::daemon
