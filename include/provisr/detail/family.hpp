#pragma once

#include <provisr/detail/account.hpp>
#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace provisr::detail {

template <class Sampler>
struct Family;

/// One process of a family.
template <class Sampler>
struct FamilyMember : std::enable_shared_from_this<FamilyMember<Sampler>> {
  FamilyMember(ProcessId process, Sampler opened, std::size_t counters, std::size_t slots)
      : pid(process), sampler(std::move(opened)), further(counters), more(slots) {}

  ProcessId pid;
  Sampler sampler;
  Family<Sampler>* family = nullptr;
  FamilyMember* ancestor = nullptr;  ///< the nearest that lives; null: the root of its family
  FamilyMember* waiter = nullptr;    ///< the parent, if it is a member
  std::size_t trees = 0;             ///< that it leads

  Account cpu;                    ///< in nanoseconds
  std::vector<Account> further;   ///< as FamilyCounters
  std::uint64_t asked_at_ns = 0;  ///< its CPU time when its children's account was read
  std::uint64_t peak = 0;         ///< the largest memory of the tree below it that was seen
  FurtherFigures awaited = {};    ///< of its own figures, in this round
  FurtherFigures complete = {};   ///< of those of its tree: all members have told theirs once

  bool must_ask = true;              ///< for its children's account
  bool is_collected = false;         ///< by this program
  bool is_counted = true;            ///< nobody has taken over its account
  bool has_uncounted_child = false;  ///< that is about to be gone
  bool has_unwatched_child = false;  ///< one could not be opened
  bool was_visited = false;
  bool has_ended = false;  ///< is a zombie, or gone
  bool is_gone = false;    ///< was waited for

  bool has_sum = false;  ///< in this round
  ProcessReading sum;    ///< over all below it in this round, itself included
  std::vector<Figure<std::uint64_t>> more;
};

/// All members below one root, each after its ancestor.
template <class Sampler>
struct Family {
  std::vector<std::shared_ptr<FamilyMember<Sampler>>> members;
  std::uint64_t round = 0;  ///< of the latest reading
};

/// The further counters that are asked for of families, and what kind of account of children each
/// has (see ChildrenAccounts). Its readings share a buffer a kind: the next one overwrites them.
class FamilyCounters {
 public:
  FamilyCounters(FurtherFigures asked, const ChildrenAccounts& accounts)
      : asked_(asked),
        apart_(accounts.apart),
        contained_(asked & further_counters<figures> & accounts.contained),
        scratch_(asked.row_slots()),
        children_scratch_(asked.row_slots()) {
    const FurtherFigures counters = asked & further_counters<figures>;
    for (std::size_t slot = 0; slot < further_count<figures>; ++slot) {
      if (counters.contains(slot)) slots_.push_back(slot);
    }
  }

  /// All further figures that are asked for, levels included.
  [[nodiscard]] FurtherFigures asked() const noexcept { return asked_; }
  /// Of each counter, its slot: a member's accounts are in the same order.
  [[nodiscard]] std::span<const std::size_t> slots() const noexcept { return slots_; }
  [[nodiscard]] bool empty() const noexcept { return slots_.empty(); }
  [[nodiscard]] bool has_contained() const noexcept { return !contained_.empty(); }
  [[nodiscard]] bool is_contained(std::size_t slot) const noexcept {
    return contained_.contains(slot);
  }
  [[nodiscard]] bool is_apart(std::size_t slot) const noexcept { return apart_.contains(slot); }

  /// Calls `use(account, slot)` for each counter of a member.
  template <class Member, class Use>
  void for_each(Member& member, Use use) const {
    for (std::size_t i = 0; i < slots_.size(); ++i) use(member.further[i], slots_[i]);
  }
  /// The same of those whose children's accounts are part of their own, and of the others.
  template <class Member, class Use>
  void for_each_contained(Member& member, Use use) const {
    for_each(member, [&](Account& account, std::size_t slot) {
      if (is_contained(slot)) use(account, slot);
    });
  }
  template <class Member, class Use>
  void for_each_other(Member& member, Use use) const {
    for_each(member, [&](Account& account, std::size_t slot) {
      if (!is_contained(slot)) use(account, slot);
    });
  }

  /// One that asks for the accounts of children.
  [[nodiscard]] FamilyReading family_reading() noexcept {
    FamilyReading reading;
    reading.children = {.slots = children_scratch_, .asked = asked_ & apart_};
    return reading;
  }
  /// Ones that ask for all further figures, those that contain accounts of children, and the rest.
  [[nodiscard]] ProcessReading whole_reading() noexcept { return reading_of(asked_); }
  [[nodiscard]] ProcessReading contained_reading() noexcept { return reading_of(contained_); }
  [[nodiscard]] ProcessReading other_reading() noexcept { return reading_of(asked_ - contained_); }

 private:
  [[nodiscard]] ProcessReading reading_of(FurtherFigures asked) noexcept {
    ProcessReading reading;
    reading.more = {.slots = scratch_, .asked = asked};
    return reading;
  }

  FurtherFigures asked_;
  FurtherFigures apart_;
  FurtherFigures contained_;
  std::vector<Figure<std::uint64_t>> scratch_;
  std::vector<Figure<std::uint64_t>> children_scratch_;
  std::vector<std::size_t> slots_;
};

}  // namespace provisr::detail
