/// A first look at the regular expressions of rules: names what the matching engines cannot do and what is plainly
/// broken, so that the message points at the rule. The engine's compiler has the last word.
/// Source: Hyperscan 5.4 "Pattern Support"; PCRE2 pattern syntax.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace canhgac::rules {

struct RegexFault {
    std::size_t offset = 0; ///< byte in the expression
    std::string reason;
};

/// Nothing when no fault is seen. Allocates only for a fault.
[[nodiscard]] std::optional<RegexFault> find_regex_fault(std::string_view regex);

} // namespace canhgac::rules
