#include "daemon/state/slot_file.hpp"

#include "daemon/base/fnv_hash.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace provisr::daemon {
namespace {

struct Header {
  std::array<char, 8> magic{};
  std::uint32_t version = 0;
  std::uint32_t payload = 0;
  std::array<std::byte, 48> reserved{};

  bool operator==(const Header&) const = default;
};
static_assert(sizeof(Header) == 64);

struct SlotHead {
  std::uint64_t sequence = 0;  ///< 0: empty
  std::uint64_t checksum = 0;
};
static_assert(sizeof(SlotHead) == 16);

[[nodiscard]] Header header_of(const SlotFormat& format) {
  Header header{.version = format.version, .payload = format.payload};
  format.magic.copy(header.magic.data(), header.magic.size());
  return header;
}

/// Includes the place, so that a slot copied to another place is invalid.
[[nodiscard]] std::uint64_t checksum(std::size_t index, std::uint64_t sequence,
                                     std::span<const std::byte> payload) {
  const std::array<std::uint64_t, 2> place{sequence, index};
  FnvHash hash;
  hash.add(std::as_bytes(std::span(place)));
  hash.add(payload);
  return hash.value();
}

[[nodiscard]] bool is_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

SlotFile::SlotFile(std::unique_ptr<StateFile> file, const SlotFormat& format)
    : file_(std::move(file)), format_(format) {}

std::unique_ptr<SlotFile> SlotFile::open(const std::filesystem::path& file,
                                         const SlotFormat& format, std::string& problem,
                                         bool& is_foreign) {
  is_foreign = false;
  std::error_code error;
  auto opened = StateFile::open(file, error);
  if (!opened) {
    problem = "cannot be opened: " + error.message();
    return nullptr;
  }
  std::unique_ptr<SlotFile> slots(new SlotFile(std::move(opened), format));
  error = slots->check_header(is_foreign);
  if (is_foreign) problem = "is of another program or version, or damaged";
  if (error) problem = "cannot be read: " + error.message();
  return is_foreign || error ? nullptr : std::move(slots);
}

/// A file shorter than a header counts as empty: slots are written only after the header.
std::error_code SlotFile::check_header(bool& is_foreign) {
  Header found;
  has_header_ = file_->size() >= sizeof found;
  if (!has_header_) return {};
  const std::error_code error = file_->read(0, std::as_writable_bytes(std::span(&found, 1)));
  is_foreign = !error && found != header_of(format_);
  return error;
}

std::error_code SlotFile::write_header() {
  if (has_header_) return {};
  const Header header = header_of(format_);
  const std::error_code error = file_->write(0, std::as_bytes(std::span(&header, 1)));
  has_header_ = !error;
  return error;
}

std::uint64_t SlotFile::offset_of(std::size_t index) const {
  return sizeof(Header) + std::uint64_t{index} * (sizeof(SlotHead) + format_.payload);
}

std::vector<SlotFile::Slot> SlotFile::read(std::size_t& torn) const {
  torn = 0;
  std::vector<Slot> slots;
  std::vector<std::byte> bytes(sizeof(SlotHead) + format_.payload);
  for (std::size_t index = 0; offset_of(index + 1) <= file_->size(); ++index) {
    if (file_->read(offset_of(index), bytes)) break;
    if (is_zero(bytes)) continue;
    SlotHead head;
    std::memcpy(&head, bytes.data(), sizeof head);
    const auto payload = std::span(bytes).subspan(sizeof head);
    const bool is_possible = head.sequence != 0 && head.sequence <= last_sequence;
    if (is_possible && head.checksum == checksum(index, head.sequence, payload)) {
      slots.push_back({index, head.sequence, {payload.begin(), payload.end()}});
    } else {
      ++torn;
    }
  }
  return slots;
}

std::error_code SlotFile::reserve(std::size_t slots) {
  if (const std::error_code error = write_header()) return error;
  return file_->reserve(offset_of(slots));
}

std::error_code SlotFile::write(std::size_t index, std::uint64_t sequence,
                                std::span<const std::byte> payload) {
  if (const std::error_code error = write_header()) return error;
  const SlotHead head{sequence, checksum(index, sequence, payload)};
  const auto head_bytes = std::as_bytes(std::span(&head, 1));
  std::vector<std::byte> bytes(head_bytes.begin(), head_bytes.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return file_->write(offset_of(index), bytes);
}

std::error_code SlotFile::clear(std::size_t index) {
  return file_->write(offset_of(index), std::vector<std::byte>(sizeof(SlotHead) + format_.payload));
}

}  // namespace provisr::daemon
