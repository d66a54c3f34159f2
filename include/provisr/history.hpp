#pragma once

#include <provisr/detail/prefetch.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/storage.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace provisr {

/// A ring of the latest samples of one process. One writer pushes while any number of readers copy,
/// and nobody waits. If the writer overtakes a reader, the reader drops the samples that were
/// overwritten and keeps the rest.
///
/// Thread safety: one push at a time; everything else at any time from any thread.
///
/// How it works: every word of a row is an atomic, so a read during a write is no data race. The
/// writer raises `begun` before it overwrites a row, stores the words, then raises `pushed`. A
/// reader that has loaded (acquire) a word stored (release) by the n-th push therefore also sees
/// `begun` >= n, and so knows which row is spoilt. Both counters are part of the stored bytes: if
/// the writer is killed during a push, they differ and identify the torn row.
///
/// If all bytes become zeros while in use, as can happen to a mapped file that loses pages,
/// is_lost() returns true until a new history begins in them.
class History {
 public:
  /// Creates a history on the heap, without further figures. `capacity` is at least 1. Throws
  /// std::bad_alloc.
  explicit History(std::size_t capacity)
      : History(HistoryShape{.name = {}, .capacity = capacity}) {}
  explicit History(const HistoryShape& shape) : History(shape, heap_storage(shape)) {}

  /// Formats empty bytes, or continues a stored history. Throws std::invalid_argument if
  /// inspect_history finds anything else.
  History(const HistoryShape& shape, HistoryStorage storage)
      : owner_(std::move(storage.owner)),
        header_(open(storage.bytes, shape)),
        capacity_(shape.capacity),
        row_words_(shape.row_size / sizeof(Word)),
        rows_(reinterpret_cast<Word*>(storage.bytes.data() + sizeof(HistoryHeader))),
        end_(rows_ + capacity_ * row_words_),
        next_(rows_ + pushed() % capacity_ * row_words_) {}

  History& operator=(const History&) = delete;

  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Returns the number of further figures in a row.
  [[nodiscard]] std::size_t further_figures() const noexcept { return row_words_ - base_words; }

  /// Returns the number of samples ever pushed.
  [[nodiscard]] std::uint64_t pushed() const noexcept {
    return header_->pushed.load(std::memory_order_acquire);
  }

  /// Prefetches the next row, as a hint that a push will follow soon. Only for the pushing thread.
  void prefetch() const noexcept { detail::prefetch_for_write(next_); }

  /// Adds a sample, overwriting the oldest if the ring is full. Drops elements of `more` that do
  /// not fit into a row; missing ones become unknown.
  void push(const ProcessMetrics& sample,
            std::span<const Figure<std::uint64_t>> more = {}) noexcept {
    // Members are read first: compilers read them again after each atomic store.
    HistoryHeader& header = *header_;
    Word* const row = next_;
    const std::size_t words = row_words_;
    next_ = row + words == end_ ? rows_ : row + words;
    const std::uint64_t count = header.pushed.load(std::memory_order_relaxed) + 1;
    header.begun.store(count, std::memory_order_release);
    store(row, sample);
    if (words != base_words) store_more(row + base_words, more);
    header.pushed.store(count, std::memory_order_release);
  }

  /// Returns whether the bytes have become zeros while in use. push() does not check this.
  [[nodiscard]] bool is_lost() const noexcept {
    return header_->magic.load(std::memory_order_relaxed) != HistoryHeader::magic_value;
  }

  /// Ends this history, even while readers copy, and returns a new, empty one in the same bytes.
  /// From then on, readers of this one get no samples, and nothing may be pushed to it. Only for
  /// the pushing thread. Throws std::bad_alloc. Bytes that were lost cannot be continued later:
  /// they no longer contain the name and the shape.
  [[nodiscard]] std::shared_ptr<History> renew() {
    std::shared_ptr<History> next(new History(*this));
    is_ended_.store(true, std::memory_order_relaxed);  // before the next push to these bytes
    next->begin_anew();
    return next;
  }

  /// Discards all samples and counts from 0 again, as renew() does, but in place. Requires that
  /// nobody reads this history or will read up to an `end` from before: a HistoryView or a Snapshot
  /// would take new samples for old ones.
  void begin_anew() noexcept {
    header_->begun.store(0, std::memory_order_release);
    header_->pushed.store(0, std::memory_order_release);
    header_->magic.store(HistoryHeader::magic_value, std::memory_order_relaxed);
    next_ = rows_;
  }

  /// Copies the newest sample to `sample`; requires pushed() > 0. Only for the pushing thread.
  void newest(ProcessMetrics& sample) const noexcept {
    load((next_ == rows_ ? end_ : next_) - row_words_, sample);
  }

  /// Appends the samples of the first `end` pushes that the ring still holds to `samples`, oldest
  /// first: at most capacity(), fewer if later pushes have overwritten some. `end` is at most
  /// pushed().
  void read_until(std::uint64_t end, std::vector<ProcessMetrics>& samples) const {
    read_last(end, capacity(), samples);
  }

  /// As above, but only the newest `most` samples.
  void read_last(std::uint64_t end, std::size_t most, std::vector<ProcessMetrics>& samples) const {
    std::vector<Figure<std::uint64_t>> none;
    read_rows(end, most, samples, none, 0);
  }

  /// As above, with the further figures: appends further_figures() values for each sample to
  /// `more`, sample by sample.
  void read_until(std::uint64_t end, std::vector<ProcessMetrics>& samples,
                  std::vector<Figure<std::uint64_t>>& more) const {
    read_rows(end, capacity(), samples, more, further_figures());
  }

  /// As above, but only the newest `most` samples.
  void read_last(std::uint64_t end, std::size_t most, std::vector<ProcessMetrics>& samples,
                 std::vector<Figure<std::uint64_t>>& more) const {
    read_rows(end, most, samples, more, further_figures());
  }

  /// Returns all samples, oldest first.
  [[nodiscard]] std::vector<ProcessMetrics> read() const {
    std::vector<ProcessMetrics> samples;
    read_until(pushed(), samples);
    return samples;
  }

 private:
  /// A history in the bytes of `former`, for renew().
  History(const History& former)
      : owner_(former.owner_),
        header_(former.header_),
        capacity_(former.capacity_),
        row_words_(former.row_words_),
        rows_(former.rows_),
        end_(former.end_),
        next_(former.next_) {}

  using Word = std::atomic<std::uint64_t>;
  static constexpr std::size_t base_words = sizeof(ProcessMetrics) / sizeof(Word);

  /// Formats or continues the bytes. A continued header is used in place because it was checked.
  [[nodiscard]] static HistoryHeader* open(std::span<std::byte> bytes, const HistoryShape& shape) {
    const StorageState state = inspect_history(bytes, shape);
    if (state == StorageState::empty) return format(bytes, shape);
    if (can_continue(state)) {
      return std::launder(reinterpret_cast<HistoryHeader*>(bytes.data()));
    }
    throw std::invalid_argument("the stored history is " + std::string(to_text(state)));
  }

  /// Writes a new header, the magic last: without it, a partly written header is not a history.
  [[nodiscard]] static HistoryHeader* format(std::span<std::byte> bytes,
                                             const HistoryShape& shape) {
    auto* const header = new (bytes.data()) HistoryHeader{};
    header->version = HistoryHeader::current_version;
    header->row_size = static_cast<std::uint32_t>(shape.row_size);
    header->capacity = shape.capacity;
    shape.name.copy(header->name.data(), header->name.size());
    header->magic.store(HistoryHeader::magic_value, std::memory_order_release);
    return header;
  }

  /// Unrolled by hand: GCC does not unroll a loop over atomics, and a push would take twice as
  /// long.
  template <class Visit>
  static void for_each_base_word(Visit visit) noexcept {
    [&]<std::size_t... index>(std::index_sequence<index...>) {
      (visit(index), ...);
    }
    (std::make_index_sequence<base_words>{});
  }

  // Word by word: an intermediate copy of the sample, as std::bit_cast makes, is written in words
  // and read in vectors, so the processor stalls until the stores reach its cache.
  static void store(Word* row, const ProcessMetrics& sample) noexcept {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&sample);
    for_each_base_word([&](std::size_t index) {
      std::uint64_t value = 0;
      std::memcpy(&value, bytes + index * sizeof value, sizeof value);
      row[index].store(value, std::memory_order_release);
    });
  }

  static void load(const Word* row, ProcessMetrics& sample) noexcept {
    auto* bytes = reinterpret_cast<unsigned char*>(&sample);
    for_each_base_word([&](std::size_t index) {
      const std::uint64_t value = row[index].load(std::memory_order_acquire);
      std::memcpy(bytes + index * sizeof value, &value, sizeof value);
    });
  }

  void store_more(Word* words, std::span<const Figure<std::uint64_t>> more) noexcept {
    for (std::size_t i = 0; i < further_figures(); ++i) {
      const Figure<std::uint64_t> figure = i < more.size() ? more[i] : Figure<std::uint64_t>();
      words[i].store(figure.raw(), std::memory_order_release);
    }
  }

  /// Appends samples to `samples` and `width` further figures per sample to `more`.
  void read_rows(std::uint64_t end, std::size_t most, std::vector<ProcessMetrics>& samples,
                 std::vector<Figure<std::uint64_t>>& more, std::size_t width) const {
    const std::uint64_t kept = std::min<std::uint64_t>(end, std::min(most, capacity()));
    const std::uint64_t begin = end - kept;
    const std::size_t first = samples.size();
    const std::size_t first_more = more.size();
    samples.resize(first + static_cast<std::size_t>(kept));
    more.resize(first_more + static_cast<std::size_t>(kept) * width);
    copy_rows(begin, std::span(samples).subspan(first), std::span(more).subspan(first_more), width);
    const auto spoilt = static_cast<std::ptrdiff_t>(spoilt_since(begin, kept));
    const auto from = samples.begin() + static_cast<std::ptrdiff_t>(first);
    samples.erase(from, from + spoilt);
    const auto from_more = more.begin() + static_cast<std::ptrdiff_t>(first_more);
    more.erase(from_more, from_more + spoilt * static_cast<std::ptrdiff_t>(width));
  }

  void copy_rows(std::uint64_t begin, std::span<ProcessMetrics> samples,
                 std::span<Figure<std::uint64_t>> more, std::size_t width) const noexcept {
    const Word* row = rows_ + begin % capacity_ * row_words_;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      load(row, samples[i]);
      for (std::size_t k = 0; k < width; ++k) {
        more[i * width + k] = row[base_words + k].load(std::memory_order_acquire);
      }
      row += row_words_;
      if (row == end_) row = rows_;
    }
  }

  /// Returns how many of the `kept` rows from `begin` on have been touched by later pushes; all of
  /// them if the history has ended or is lost. `begun` is loaded first: a count of the next history
  /// in these bytes implies that `is_ended_` is seen.
  [[nodiscard]] std::uint64_t spoilt_since(std::uint64_t begin, std::uint64_t kept) const noexcept {
    const std::uint64_t begun = header_->begun.load(std::memory_order_acquire);
    if (is_ended_.load(std::memory_order_relaxed) || is_lost() || begun < begin + kept) return kept;
    const std::uint64_t oldest_whole = begun > capacity() ? begun - capacity() : 0;
    return oldest_whole <= begin ? 0 : std::min(oldest_whole - begin, kept);
  }

  std::shared_ptr<void> owner_;
  HistoryHeader* header_;
  std::size_t capacity_;
  std::size_t row_words_;
  Word* rows_;
  Word* end_;
  Word* next_;                          ///< used by the pushing thread only
  std::atomic<bool> is_ended_ = false;  ///< another history has begun in the same bytes
};

/// A list of samples with their further figures.
struct SampleRows {
  std::vector<ProcessMetrics> metrics;
  std::vector<Figure<std::uint64_t>> more;  ///< `width` for each sample
  std::size_t width = 0;

  [[nodiscard]] std::size_t size() const noexcept { return metrics.size(); }
  [[nodiscard]] SampleView operator[](std::size_t index) const noexcept {
    return {metrics[index], std::span(more).subspan(index * width, width)};
  }
  /// Appends a sample, which may be one of this list. The first sample sets the width.
  void push_back(const SampleView& sample) {
    if (metrics.empty()) width = sample.more.size();
    metrics.push_back(sample.metrics);
    const std::size_t end = more.size();
    std::vector<Figure<std::uint64_t>> former;  // keeps the figures of `sample` until it is copied
    if (end + width > more.capacity()) {
      former.reserve(std::max(2 * end, end + width));
      former.assign(more.begin(), more.end());
      former.swap(more);
    }
    more.resize(end + width);
    std::copy_n(sample.more.begin(), std::min(width, sample.more.size()),
                more.begin() + static_cast<std::ptrdiff_t>(end));
  }
  void clear() noexcept {
    metrics.clear();
    more.clear();
  }
};

/// The samples of a history up to one moment, for reading in parts at any pace. Keeps the history
/// alive even after its registry is gone, and keeps nothing else alive.
///
/// Thread safety: different objects from different threads.
class HistoryView {
 public:
  /// Views the samples of the first `end` pushes that the ring still holds.
  HistoryView(std::shared_ptr<const History> history, std::uint64_t end)
      : history_(std::move(history)),
        position_(end - std::min<std::uint64_t>(end, history_->capacity())),
        end_(end) {}

  /// Returns the number of samples left to read. Later pushes may still overwrite some of them, and
  /// History::renew() discards all.
  [[nodiscard]] std::uint64_t left() const noexcept { return end_ - position_; }

  /// Skips all samples except the newest `most`.
  void keep_newest(std::uint64_t most) noexcept { position_ = end_ - std::min(most, left()); }

  /// Returns a view of at most `count` of the samples left, starting at the `first`.
  [[nodiscard]] HistoryView part(std::uint64_t first, std::uint64_t count) const {
    HistoryView some = *this;
    some.position_ += std::min(first, left());
    some.end_ = some.position_ + std::min(count, some.left());
    return some;
  }

  /// Appends the next `most` samples, oldest first; fewer if some were overwritten or none are
  /// left.
  void read(std::size_t most, std::vector<ProcessMetrics>& samples) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, left()));
    position_ += count;
    history_->read_last(position_, count, samples);
  }

  /// As above, with the further figures. Replaces the contents of `rows`.
  void read(std::size_t most, SampleRows& rows) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(most, left()));
    position_ += count;
    rows.clear();
    rows.width = history_->further_figures();
    history_->read_last(position_, count, rows.metrics, rows.more);
  }

 private:
  std::shared_ptr<const History> history_;
  std::uint64_t position_;
  std::uint64_t end_;
};

}  // namespace provisr
