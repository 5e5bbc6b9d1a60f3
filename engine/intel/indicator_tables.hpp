/// The indicator lists as look-up tables of searches: `lookup ioc_hashes on Hashes`.
///
///   ioc_addresses   an address, also within a network of a list
///   ioc_domains     a name and the names above it; an address is looked up as one
///   ioc_urls        a URL, and its host
///   ioc_hashes      MD5, SHA-1, SHA-256, alone or as in "SHA256=...,MD5=..."
///   ioc             whichever of these the value has a hit as
#pragma once

#include <functional>
#include <memory>

#include "common/clock.hpp"
#include "engine/intel/indicator_set.hpp"
#include "event/query_sources.hpp"

namespace canhgac::engine {

/// Thread safe. A table is a snapshot: lists loaded later are in the next one. Lists that have expired hit nothing.
class IndicatorTables final : public event::LookupSource {
public:
    /// `current` gives the set in use (null: none) and is thread safe; `clock` outlives the object.
    IndicatorTables(std::function<std::shared_ptr<const IndicatorSet>()> current, const common::Clock& clock);
    [[nodiscard]] std::vector<std::string> names() const override;
    [[nodiscard]] std::shared_ptr<const event::LookupTable> table(std::string_view name) const override;

private:
    std::function<std::shared_ptr<const IndicatorSet>()> current_;
    const common::Clock* clock_;
};

} // namespace canhgac::engine
