#pragma once

#include <provisr/detail/figure_sums.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace provisr::detail {

/// What is known of one counter of a member of a tree.
///
/// What a process uses is in its own account. When its parent waits for it, that moves, with what
/// it has waited for itself, into the parent's account of its children. So the sum over a tree is
/// that of the members' own accounts and of their children's, those of zombies included; and a
/// third part, `lost`: of members that ended without being waited for by a member (orphans, and
/// children of a parent that ignores SIGCHLD), what was last known.
struct Account {
  std::uint64_t own = 0;
  std::uint64_t children = 0;  ///< of the children that it has waited for
  std::uint64_t lost = 0;      ///< of members below it that nobody here has waited for
  /// Of members that it may have waited for since its children's account was read.
  std::uint64_t pending = 0;
  /// How much more its children's account has grown than was expected of known members; what
  /// unknown ones added is forgotten.
  std::int64_t balance = 0;
  std::uint64_t surplus = 0;        ///< what it has grown by in this round, more than was pending
  std::uint64_t older_surplus = 0;  ///< the same of the round before
  std::uint64_t reported = 0;       ///< of the tree below it
  Figure<std::uint64_t> collected;  ///< when this program has waited for it
  bool is_known = true;             ///< in this round
  Figure<std::uint64_t> shown;      ///< in this round: all of its own
  Figure<std::uint64_t> below;      ///< in this round: of all below it, its own included

  void note_own(Figure<std::uint64_t> now) noexcept {
    is_known = now.has_value();
    if (now) own = std::max(own, *now);
  }

  /// Of a counter whose children's account is part of its own. A member that is found to have ended
  /// may have been taken over in the round before, or in those in which it was being waited for.
  void note_own_with_children(Figure<std::uint64_t> now, bool keeps_surplus) noexcept {
    const std::uint64_t before = own;
    older_surplus = (keeps_surplus ? older_surplus : 0) + std::exchange(surplus, 0);
    note_own(now);
    if (!now) return;
    surplus = own - before;
    pay();
    lost += std::exchange(pending, 0);  // the system has dropped it
  }

  /// What is pending may be in its own account by now.
  void pay() noexcept {
    pay_from(older_surplus);
    pay_from(surplus);
  }

  void note_children(std::uint64_t now, std::int64_t slack) noexcept {
    const std::uint64_t growth = now - std::min(children, now);
    children = std::max(children, now);
    expect(growth, slack);
  }

  /// If nobody tells an account of children.
  void assume_children() noexcept { children += std::exchange(pending, 0); }

  /// What was known of one that is gone is in other accounts by now.
  void show(bool is_gone) noexcept {
    if (is_gone) {
      shown = 0;
    } else {
      shown = is_known ? Figure<std::uint64_t>(used() + lost) : Figure<std::uint64_t>();
    }
  }

  /// With what its own account is now, between two ticks.
  void show_now(Figure<std::uint64_t> now) noexcept {
    shown = now ? Figure<std::uint64_t>(std::max(own, *now) + children + pending + lost)
                : Figure<std::uint64_t>();
  }

  /// Of a counter whose children's account is part of its own. Not counted: another has taken it
  /// over.
  void show_with_children(bool is_counted) noexcept {
    show_with_children(is_known ? Figure<std::uint64_t>(own) : Figure<std::uint64_t>(), is_counted);
  }
  void show_with_children(Figure<std::uint64_t> now, bool is_counted) noexcept {
    shown = now ? Figure<std::uint64_t>((is_counted ? std::max(own + pending, *now) : 0) + lost)
                : Figure<std::uint64_t>();
  }

  /// Adds what is shown of it to what is shown of its own tree, and that to the tree above.
  void hand_up(Account* above) noexcept {
    add(below, shown);
    if (above != nullptr) add(above->below, below);
  }

  /// Of a member that was waited for: hands what it has used to `waiter`, or, if that is null, to
  /// what was lost below the member above it.
  void settle(Account& above, Account* waiter) const noexcept {
    above.lost += lost;
    if (waiter != nullptr) {
      waiter->pending += used();
    } else {
      above.lost += std::max(used(), collected.value_or(0));
    }
  }

  /// What its parent's account grows by if that waits for it.
  [[nodiscard]] std::uint64_t used() const noexcept { return own + children + pending; }

 private:
  void pay_from(std::uint64_t& growth) noexcept {
    const std::uint64_t paid = std::min(growth, pending);
    growth -= paid;
    pending -= paid;
  }

  /// If an account of children has grown by less than its ended members had used, some of them were
  /// not waited for: the system has dropped theirs.
  void expect(std::uint64_t growth, std::int64_t slack) noexcept {
    balance +=
        static_cast<std::int64_t>(growth) - static_cast<std::int64_t>(std::exchange(pending, 0));
    balance = std::min(balance, slack);
    if (balance >= -slack) return;
    lost += static_cast<std::uint64_t>(-slack - balance);
    balance = -slack;
  }
};

}  // namespace provisr::detail
