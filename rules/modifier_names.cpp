// The names of the modifiers (SIGMA.md 35-51), declared in modifiers.hpp.
#include <array>
#include <utility>

#include "rules/modifiers.hpp"

namespace canhgac::rules {

namespace {

constexpr std::array<std::pair<std::string_view, Modifier>, 34> kNames = {{
    {"all", Modifier::all},
    {"neq", Modifier::neq},
    {"contains", Modifier::contains},
    {"startswith", Modifier::startswith},
    {"endswith", Modifier::endswith},
    {"cased", Modifier::cased},
    {"exists", Modifier::exists},
    {"re", Modifier::regex},
    {"i", Modifier::ignore_case},
    {"ignorecase", Modifier::ignore_case},
    {"m", Modifier::multiline},
    {"multiline", Modifier::multiline},
    {"s", Modifier::dotall},
    {"dotall", Modifier::dotall},
    {"base64", Modifier::base64},
    {"base64offset", Modifier::base64offset},
    {"wide", Modifier::utf16le},
    {"utf16le", Modifier::utf16le},
    {"utf16be", Modifier::utf16be},
    {"utf16", Modifier::utf16},
    {"windash", Modifier::windash},
    {"cidr", Modifier::cidr},
    {"lt", Modifier::less},
    {"lte", Modifier::less_equal},
    {"gt", Modifier::greater},
    {"gte", Modifier::greater_equal},
    {"fieldref", Modifier::field_reference},
    {"expand", Modifier::expand},
    {"minute", Modifier::time_part},
    {"hour", Modifier::time_part},
    {"day", Modifier::time_part},
    {"week", Modifier::time_part},
    {"month", Modifier::time_part},
    {"year", Modifier::time_part},
}};

} // namespace

std::optional<Modifier> modifier_named(std::string_view name) noexcept {
    for (const auto& [known, kind] : kNames) {
        if (known == name) { return kind; }
    }
    return std::nullopt;
}

std::vector<std::string_view> modifier_names() {
    std::vector<std::string_view> names;
    names.reserve(kNames.size());
    for (const auto& known : kNames) {
        names.push_back(known.first);
    }
    return names;
}

} // namespace canhgac::rules
