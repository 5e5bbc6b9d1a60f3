/// Millions of indicators, ready to be asked about: an immutable snapshot, shared by all workers, replaced as a whole.
///
/// Exact values are 16-byte slots of one open-addressed table (64 bits of hash; list and position of the text), at most
/// 60 % full: 27 bytes each. A slot whose hash fits is confirmed against the text on disk, so a hash that collides is
/// never a hit. Networks are ranges (network_ranges.hpp): at most 52 bytes each. The texts are in a mapped file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/clock.hpp"
#include "common/result.hpp"
#include "engine/intel/indicator.hpp"
#include "engine/intel/network_ranges.hpp"
#include "engine/intel/text_file.hpp"
#include "event/detection.hpp"

namespace canhgac::engine {

/// What is said of a list as a whole.
struct ListInfo {
    std::string name;
    std::string path;
    event::Severity level = event::Severity::medium;
    std::uint8_t confidence = 50; ///< 0..100
    common::Nanos expires = 0;    ///< from then on it hits nothing; 0 = never
    std::vector<std::string> tags;
    std::array<std::uint64_t, kIndicatorTypes> counts{}; ///< entries by type, duplicates left out
    std::uint64_t duplicates = 0;                        ///< within this list

    [[nodiscard]] std::uint64_t size() const noexcept;
};

struct IndicatorHit {
    std::uint32_t list = 0; ///< index into IndicatorSet::lists()
    IndicatorType type = IndicatorType::ipv4;
    std::string_view text; ///< canonical, as in the list; lives as long as the set
};

/// Hits of one value. Fixed size: what does not fit is counted.
struct IndicatorHits {
    static constexpr std::size_t kMax = 8;
    std::array<IndicatorHit, kMax> hits{};
    std::uint32_t count = 0;
    std::uint32_t left_out = 0;

    void add(const IndicatorHit& hit) noexcept {
        if (count < kMax) {
            hits[count++] = hit;
        } else {
            ++left_out;
        }
    }
    [[nodiscard]] std::span<const IndicatorHit> all() const noexcept { return {hits.data(), count}; }
};

inline constexpr std::size_t kMaxIndicators = 5'000'000;
inline constexpr std::size_t kMaxLists = 4'096;

/// Thread safe (const); look-ups allocate nothing and take no lock.
class IndicatorSet {
public:
    [[nodiscard]] const std::vector<ListInfo>& lists() const noexcept { return lists_; }
    [[nodiscard]] std::size_t size() const noexcept { return entries_ + networks_v4_.size() + networks_v6_.size(); }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::uint64_t count(IndicatorType type) const noexcept {
        return counts_[static_cast<std::size_t>(type)];
    }
    /// Heap bytes: table and ranges, without the texts on disk.
    [[nodiscard]] std::size_t memory_bytes() const noexcept;
    [[nodiscard]] std::uint64_t text_bytes() const noexcept { return texts_.size(); }

    /// Appends the hits of the key itself: not of parent domains, not of networks.
    void find(const IndicatorKey& key, IndicatorHits& out) const noexcept;
    /// The address and the networks that hold it.
    void find_address(const common::IpAddress& address, IndicatorHits& out) const noexcept;
    /// The domain and its parents, down to two labels. False: not a domain name.
    bool find_domain(std::string_view text, IndicatorHits& out) const noexcept;
    /// The URL itself, not its host. `host` as for url_key().
    bool find_url(std::string_view host, std::string_view text, IndicatorHits& out) const noexcept;
    bool find_hash(std::string_view hex, IndicatorHits& out) const noexcept;

    /// Calls visit(list, indicator type, canonical text) for every entry, networks last.
    template <typename Visit>
    void for_each(const Visit& visit) const {
        for (const Slot& slot : slots_) {
            if (slot.place == kFree) { continue; }
            const TextFile::Entry entry = texts_.at(position_of(slot.place));
            visit(list_of(slot.place), static_cast<IndicatorType>(entry.kind), entry.text);
        }
        const auto visit_network = [&](std::uint64_t place) {
            visit(list_of(place), IndicatorType::network, texts_.at(position_of(place)).text);
        };
        networks_v4_.for_each(visit_network);
        networks_v6_.for_each(visit_network);
    }

private:
    friend class IndicatorSetBuilder;
    struct Slot {
        std::uint64_t hash;
        std::uint64_t place; ///< list << 48 | type << 40 | position of the text; kFree = empty
    };
    static constexpr std::uint64_t kFree = ~std::uint64_t{0};
    static constexpr unsigned kListShift = 48;
    static constexpr unsigned kTypeShift = 40;

    [[nodiscard]] static std::uint32_t list_of(std::uint64_t place) noexcept {
        return static_cast<std::uint32_t>(place >> kListShift);
    }
    [[nodiscard]] static std::uint64_t position_of(std::uint64_t place) noexcept {
        return place & ((std::uint64_t{1} << kTypeShift) - 1);
    }
    [[nodiscard]] static IndicatorType type_of(std::uint64_t place) noexcept {
        return static_cast<IndicatorType>(place >> kTypeShift & 0xFFU);
    }
    [[nodiscard]] std::uint64_t hash_of(IndicatorType type, std::string_view key) const noexcept;
    [[nodiscard]] std::size_t home(std::uint64_t hash) const noexcept;
    void find(IndicatorType type, std::string_view key, IndicatorHits& out) const noexcept;
    [[nodiscard]] bool confirm(std::uint64_t place, IndicatorType type, std::string_view key,
                               std::string_view& text) const noexcept;
    /// False: the list has it already.
    bool insert(std::uint64_t hash, std::uint64_t place);

    std::uint64_t hash_mask_ = ~std::uint64_t{0};
    std::vector<ListInfo> lists_;
    TextFile texts_;
    std::vector<Slot> slots_; ///< never full
    std::size_t entries_ = 0;
    NetworkRanges<Ipv4Number, std::uint64_t> networks_v4_; ///< payload: place
    NetworkRanges<Ipv6Number, std::uint64_t> networks_v6_;
    std::array<std::uint64_t, kIndicatorTypes> counts_{};
};

/// Gathers entries list by list. Not thread safe; start-up and reload work.
class IndicatorSetBuilder {
public:
    /// The texts go to an unlinked file in `folder`. `hash_bits` below 64 makes hashes collide, for tests.
    [[nodiscard]] static common::Result<IndicatorSetBuilder, std::error_code>
    create(const std::filesystem::path& folder, std::size_t max_entries = kMaxIndicators, unsigned hash_bits = 64);

    /// Entries added from now on belong to this list. At most kMaxLists.
    std::uint32_t begin_list(ListInfo info);
    /// False: the limit is reached, nothing was added. `indicator` must come from parse_indicator().
    [[nodiscard]] bool add(const Indicator& indicator) {
        return add(indicator, static_cast<std::uint32_t>(set_->lists_.size() - 1));
    }
    /// The same for any list that was begun.
    [[nodiscard]] bool add(const Indicator& indicator, std::uint32_t to_list);
    [[nodiscard]] std::size_t size() const noexcept { return hashes_.size() + networks_.size(); }
    /// Errors: of the text file (disk full).
    [[nodiscard]] common::Result<std::shared_ptr<const IndicatorSet>, std::error_code> finish();

private:
    IndicatorSetBuilder() = default;
    struct Pending {
        std::uint64_t hash;
        std::uint64_t place;
    };
    struct PendingNetwork {
        common::IpNetwork network;
        std::uint64_t place;
    };
    void finish_networks();

    std::size_t max_entries_ = kMaxIndicators;
    std::shared_ptr<IndicatorSet> set_;
    std::deque<Pending> hashes_;
    std::vector<PendingNetwork> networks_;
};

} // namespace canhgac::engine
