/// The modifiers of a detection item by name, and what each does to values (SIGMA.md 35-51).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/yaml.hpp"
#include "rules/ir.hpp"
#include "rules/modifiers_encoding.hpp"

namespace canhgac::rules {

enum class Modifier : std::uint8_t {
    all,
    neq,
    contains,
    startswith,
    endswith,
    cased,
    exists,
    regex,
    ignore_case,
    multiline,
    dotall,
    base64,
    base64offset,
    utf16le,
    utf16be,
    utf16,
    windash,
    cidr,
    less,
    less_equal,
    greater,
    greater_equal,
    field_reference,
    expand,
    time_part, ///< minute, hour, day, week, month, year
};

/// A modifier as written in a field key.
struct UsedModifier {
    Modifier kind = Modifier::all;
    std::string_view name;
};

/// "contains", "re", "i", "wide" ...; nothing for an unknown name.
[[nodiscard]] std::optional<Modifier> modifier_named(std::string_view name) noexcept;

/// All of them.
[[nodiscard]] std::vector<std::string_view> modifier_names();

/// Changes one value, step by step in the order of the modifiers. A value may become several, of which any suffices.
/// Throws Refusal.
class ModifierChain {
public:
    /// `field` empty: keywords. The views and placeholders must outlive the chain.
    ModifierChain(std::vector<UsedModifier> modifiers, std::string_view field, const Placeholders& placeholders);

    /// Refuses chains that no value makes right; call once.
    void check(common::yaml::Position at) const;
    /// The predicates of one value (scalar or null).
    [[nodiscard]] std::vector<Predicate> apply(const common::yaml::Node& value) const;
    /// All values must hold (`all`); the item as a whole is negated (`neq`).
    [[nodiscard]] bool joins_all() const noexcept { return has(Modifier::all); }
    [[nodiscard]] bool negates() const noexcept { return has(Modifier::neq); }
    [[nodiscard]] bool has(Modifier kind) const noexcept;

private:
    [[nodiscard]] bool wants_number() const noexcept;
    [[nodiscard]] Predicate start(const common::yaml::Node& value) const;

    std::vector<UsedModifier> modifiers_;
    std::string_view field_;
    const Placeholders& placeholders_;
};

} // namespace canhgac::rules
