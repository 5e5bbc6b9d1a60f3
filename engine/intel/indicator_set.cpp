#include "engine/intel/indicator_set.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "common/ensure.hpp"

namespace canhgac::engine {

namespace {

constexpr double kMostFull = 0.6;

Ipv4Number number_v4(const common::IpAddress& address) noexcept {
    return static_cast<Ipv4Number>(address.bytes[0]) << 24U | static_cast<Ipv4Number>(address.bytes[1]) << 16U |
           static_cast<Ipv4Number>(address.bytes[2]) << 8U | address.bytes[3];
}

/// The upper 64 bits of a 64 x 64 bit product.
std::uint64_t high_product(std::uint64_t a, std::uint64_t b) noexcept {
    const std::uint64_t low = (a & 0xFFFF'FFFFU) * (b & 0xFFFF'FFFFU);
    const std::uint64_t middle = (a >> 32U) * (b & 0xFFFF'FFFFU) + (low >> 32U);
    const std::uint64_t other = (a & 0xFFFF'FFFFU) * (b >> 32U) + (middle & 0xFFFF'FFFFU);
    return (a >> 32U) * (b >> 32U) + (middle >> 32U) + (other >> 32U);
}

} // namespace

std::uint64_t ListInfo::size() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts) {
        sum += count;
    }
    return sum;
}

std::uint64_t IndicatorSet::hash_of(IndicatorType type, std::string_view key) const noexcept {
    return XXH3_64bits_withSeed(key.data(), key.size(), static_cast<std::uint64_t>(type) + 1) & hash_mask_;
}

std::size_t IndicatorSet::home(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(high_product(hash, slots_.size()));
}

bool IndicatorSet::confirm(std::uint64_t place, IndicatorType type, std::string_view key,
                           std::string_view& text) const noexcept {
    if (type_of(place) != type) { return false; }
    text = texts_.at(position_of(place)).text;
    if (type == IndicatorType::domain || type == IndicatorType::url) { return text == key; }
    IndicatorKey stored;
    return canonical_key(type, text, stored) && stored.view() == key;
}

void IndicatorSet::find(IndicatorType type, std::string_view key, IndicatorHits& out) const noexcept {
    if (slots_.empty()) { return; }
    const std::uint64_t hash = hash_of(type, key);
    for (std::size_t at = home(hash); slots_[at].place != kFree; at = at + 1 == slots_.size() ? 0 : at + 1) {
        if (slots_[at].hash != hash) { continue; }
        std::string_view text;
        if (confirm(slots_[at].place, type, key, text)) { out.add({list_of(slots_[at].place), type, text}); }
    }
}

void IndicatorSet::find(const IndicatorKey& key, IndicatorHits& out) const noexcept {
    if (count(key.type) != 0) { find(key.type, key.view(), out); }
}

void IndicatorSet::find_address(const common::IpAddress& given, IndicatorHits& out) const noexcept {
    const common::IpAddress address = common::unmapped(given);
    const IndicatorType type = address.is_v6 ? IndicatorType::ipv6 : IndicatorType::ipv4;
    if (count(type) != 0) {
        find(type, {reinterpret_cast<const char*>(address.bytes.data()), address.is_v6 ? 16U : 4U}, out);
    }
    const auto add = [&](std::uint64_t place) {
        out.add({list_of(place), IndicatorType::network, texts_.at(position_of(place)).text});
    };
    if (address.is_v6) {
        networks_v6_.find(address.bytes, add);
    } else {
        networks_v4_.find(number_v4(address), add);
    }
}

bool IndicatorSet::find_domain(std::string_view text, IndicatorHits& out) const noexcept {
    IndicatorKey key;
    if (!domain_key(text, key)) { return false; }
    if (count(IndicatorType::domain) == 0) { return true; }
    for (std::string_view name = key.view();;) {
        find(IndicatorType::domain, name, out);
        const auto dot = name.find('.');
        name.remove_prefix(dot + 1);
        if (name.find('.') == std::string_view::npos) { return true; }
    }
}

bool IndicatorSet::find_url(std::string_view host, std::string_view text, IndicatorHits& out) const noexcept {
    if (count(IndicatorType::url) == 0) { return true; }
    IndicatorKey key;
    if (!url_key(host, text, key)) { return false; }
    find(key.type, key.view(), out);
    return true;
}

bool IndicatorSet::find_hash(std::string_view hex, IndicatorHits& out) const noexcept {
    IndicatorKey key;
    if (!hash_key(hex, key)) { return false; }
    find(key, out);
    return true;
}

std::size_t IndicatorSet::memory_bytes() const noexcept {
    return slots_.capacity() * sizeof(Slot) + networks_v4_.memory_bytes() + networks_v6_.memory_bytes();
}

bool IndicatorSet::insert(std::uint64_t hash, std::uint64_t place) {
    std::size_t at = home(hash);
    for (; slots_[at].place != kFree; at = at + 1 == slots_.size() ? 0 : at + 1) {
        if (slots_[at].hash != hash || list_of(slots_[at].place) != list_of(place)) { continue; }
        const TextFile::Entry a = texts_.at(position_of(slots_[at].place));
        const TextFile::Entry b = texts_.at(position_of(place));
        if (a.kind == b.kind && a.text == b.text) { return false; }
    }
    slots_[at] = {hash, place};
    return true;
}

common::Result<IndicatorSetBuilder, std::error_code>
IndicatorSetBuilder::create(const std::filesystem::path& folder, std::size_t max_entries, unsigned hash_bits) {
    auto file = TextFile::create(folder);
    if (!file) { return common::fail(file.error()); }
    IndicatorSetBuilder builder;
    builder.max_entries_ = max_entries;
    builder.set_ = std::make_shared<IndicatorSet>();
    builder.set_->texts_ = std::move(*file);
    if (hash_bits < 64) { builder.set_->hash_mask_ = ~(~std::uint64_t{0} >> hash_bits); }
    return builder;
}

std::uint32_t IndicatorSetBuilder::begin_list(ListInfo info) {
    common::ensure(set_->lists_.size() < kMaxLists, "too many lists");
    set_->lists_.push_back(std::move(info));
    return static_cast<std::uint32_t>(set_->lists_.size() - 1);
}

bool IndicatorSetBuilder::add(const Indicator& indicator, std::uint32_t to_list) {
    if (size() >= max_entries_) { return false; }
    common::ensure(to_list < set_->lists_.size(), "a list that was begun");
    const std::uint64_t list = to_list;
    const std::uint64_t position = set_->texts_.append(static_cast<std::uint8_t>(indicator.type), indicator.text);
    const std::uint64_t place = list << IndicatorSet::kListShift |
                                static_cast<std::uint64_t>(indicator.type) << IndicatorSet::kTypeShift | position;
    if (indicator.type == IndicatorType::network) {
        const auto network = common::parse_cidr(indicator.text);
        common::ensure(network.has_value(), "a network of parse_indicator");
        networks_.push_back({*network, place});
        return true;
    }
    IndicatorKey key;
    common::ensure(canonical_key(indicator.type, indicator.text, key), "a text of parse_indicator");
    hashes_.push_back({set_->hash_of(key.type, key.view()), place});
    return true;
}

void IndicatorSetBuilder::finish_networks() {
    const auto order = [](const PendingNetwork& n) {
        return std::make_tuple(n.network.address, n.network.prefix_bits, IndicatorSet::list_of(n.place));
    };
    std::sort(networks_.begin(), networks_.end(), [&](const auto& a, const auto& b) {
        return std::make_pair(order(a), a.place) < std::make_pair(order(b), b.place);
    });
    const PendingNetwork* before = nullptr;
    for (const PendingNetwork& network : networks_) {
        ListInfo& list = set_->lists_[IndicatorSet::list_of(network.place)];
        if (before != nullptr && order(*before) == order(network)) {
            ++list.duplicates;
            continue;
        }
        before = &network;
        ++list.counts[static_cast<std::size_t>(IndicatorType::network)];
        const common::IpAddress& address = network.network.address;
        if (address.is_v6) {
            set_->networks_v6_.add(address.bytes, network.network.prefix_bits, network.place);
        } else {
            set_->networks_v4_.add(number_v4(address), network.network.prefix_bits, network.place);
        }
    }
    set_->networks_v4_.build();
    set_->networks_v6_.build();
}

common::Result<std::shared_ptr<const IndicatorSet>, std::error_code> IndicatorSetBuilder::finish() {
    if (auto mapped = set_->texts_.map(); !mapped) { return common::fail(mapped.error()); }
    if (!hashes_.empty()) {
        set_->slots_.assign(static_cast<std::size_t>(static_cast<double>(hashes_.size()) / kMostFull) + 1,
                            {0, IndicatorSet::kFree});
    }
    for (const Pending& pending : hashes_) {
        ListInfo& list = set_->lists_[IndicatorSet::list_of(pending.place)];
        if (set_->insert(pending.hash, pending.place)) {
            ++list.counts[static_cast<std::size_t>(IndicatorSet::type_of(pending.place))];
            ++set_->entries_;
        } else {
            ++list.duplicates;
        }
    }
    hashes_.clear();
    finish_networks();
    for (const ListInfo& list : set_->lists_) {
        for (std::size_t i = 0; i < kIndicatorTypes; ++i) {
            set_->counts_[i] += list.counts[i];
        }
    }
    return std::shared_ptr<const IndicatorSet>(std::move(set_));
}

} // namespace canhgac::engine
