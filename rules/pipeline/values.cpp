#include "rules/pipeline/values.hpp"

#include <array>
#include <charconv>

#include "rules/modifiers.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

bool is_number(const yaml::Node& node) noexcept {
    return node.kind == yaml::Kind::integer || node.kind == yaml::Kind::real;
}

template <typename Value>
bool holds(const Value& left, Comparison how, const Value& right) noexcept {
    switch (how) {
    case Comparison::eq:
        return !(left < right) && !(right < left);
    case Comparison::ne:
        return left < right || right < left;
    case Comparison::gte:
        return !(left < right);
    case Comparison::gt:
        return right < left;
    case Comparison::lte:
        return !(right < left);
    case Comparison::lt:
        return left < right;
    }
    return false;
}

} // namespace

std::string plain_text(const Pattern& pattern) {
    std::string out;
    for (const auto& part : pattern) {
        switch (part.kind) {
        case PatternPart::Kind::literal:
            for (const char c : part.text) {
                if (c == '*' || c == '?') { out += '\\'; }
                out += c;
            }
            break;
        case PatternPart::Kind::any:
            out += '*';
            break;
        case PatternPart::Kind::one:
            out += '?';
            break;
        case PatternPart::Kind::placeholder:
            ((out += '%') += part.text) += '%';
            break;
        }
    }
    return out;
}

std::string number_text(double number) {
    std::array<char, 400> buffer{}; // the longest double without an exponent
    const auto [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
    return {buffer.data(), error == std::errc{} ? static_cast<std::size_t>(end - buffer.data()) : 0U};
}

Predicate value_of(const yaml::Node& scalar) {
    static const Placeholders none;
    // The name only says that this is no keyword.
    return std::move(ModifierChain({}, "field", none).apply(scalar).front());
}

Predicate text_value(std::string_view text) {
    Predicate value;
    value.field = "field";
    value.text = std::string(text);
    value.pattern = parse_sigma_string(text);
    return value;
}

bool compares(const yaml::Node& left, Comparison how, const yaml::Node& right) noexcept {
    if (is_number(left) && is_number(right)) { return holds(left.real, how, right.real); }
    if (left.kind != right.kind || !left.is_scalar()) { return how == Comparison::ne; }
    if (left.kind == yaml::Kind::boolean) { return holds(left.boolean, how, right.boolean); }
    return holds(left.text, how, right.text);
}

} // namespace canhgac::rules
