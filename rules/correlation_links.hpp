/// What the references of correlations mean: rules, other correlations (chains), nothing. Internal to the module.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rules/correlation_document.hpp"
#include "rules/refusal.hpp"

namespace canhgac::rules {

inline constexpr std::size_t kMaxChain = 8; ///< correlations above each other

struct LinkTarget {
    enum class Kind : std::uint8_t { unknown, rejected, rule, correlation, filter };
    Kind kind = Kind::unknown;
    std::string id;
};
/// What an id or a name stands for.
using LinkLookup = std::function<LinkTarget(const std::string& reference)>;

struct LinkedCorrelations {
    std::vector<Correlation> taken; ///< in the order given
    struct Rejected {
        Correlation correlation;
        Refusal why;
    };
    std::vector<Rejected> rejected;
};

/// Replaces references by ids in rules, aliases and conditions. Rejected, with the place of the reference: what is not
/// known or was rejected, cycles and chains longer than kMaxChain, what stands on a rejected correlation, aliases and
/// conditions that name other rules than `rules` does.
[[nodiscard]] LinkedCorrelations link_correlations(std::vector<UnresolvedCorrelation> documents,
                                                   const LinkLookup& lookup);

} // namespace canhgac::rules
