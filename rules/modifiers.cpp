#include "rules/modifiers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "common/ip.hpp"
#include "rules/plain_integer.hpp"
#include "rules/refusal.hpp"
#include "rules/regex_syntax.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// `all` and `neq` say how values are joined, whatever their kind.
bool is_joiner(Modifier kind) {
    return kind == Modifier::all || kind == Modifier::neq;
}

/// A value on its way through the chain.
struct Step {
    const UsedModifier& modifier;
    const Placeholders& placeholders;
    yaml::Position at;
    bool is_first = false; ///< no other modifier has touched the value

    [[noreturn]] void refuse_with(const std::string& reason) const {
        refuse(at, "modifier '" + std::string(modifier.name) + "' " + reason);
    }
};

std::string_view kind_name(const Predicate& value) {
    switch (value.op) {
    case Op::matches:
        return "text";
    case Op::regex:
        return "a regular expression";
    case Op::cidr:
        return "a network";
    case Op::equal_number:
        return value.time_part == TimePart::none ? "a number" : "a part of a time";
    case Op::is_null:
        return "null";
    case Op::boolean:
        return "true or false";
    case Op::exists:
        return "an existence test";
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
        return "a comparison";
    default:
        return "a field reference";
    }
}

/// How to mend a value of the wrong kind.
std::string_view how_to_mend(Op wanted, Op found) {
    if (wanted == Op::equal_number) { return "; write a number, without quotes"; }
    if (wanted == Op::boolean) { return "; write true or false, without quotes"; }
    const bool may_be_quoted = found == Op::equal_number || found == Op::boolean || found == Op::is_null;
    return may_be_quoted ? "; put it in quotes if text is meant" : "; it is for text only";
}

void require(const Step& step, const Predicate& value, Op op) {
    if (value.op == op && value.time_part == TimePart::none) { return; }
    step.refuse_with("cannot be used on " + std::string(kind_name(value)) + std::string(how_to_mend(op, value.op)));
}

/// Where the characters themselves are needed, a pipeline cannot bring them later.
void require_no_placeholder(const Step& step, const Predicate& value) {
    for (const auto& part : value.pattern) {
        if (part.kind == PatternPart::Kind::placeholder) { refuse_placeholder(step.at, part.text); }
    }
}

void require_literal(const Step& step, const Predicate& value) {
    require(step, value, Op::matches);
    require_no_placeholder(step, value);
    if (has_wildcard(value.pattern)) {
        step.refuse_with("cannot be used on a value with wildcards; escape * and ? with a backslash");
    }
}

/// The text as the rule writes it: only for modifiers that come first.
const std::string& raw_text(const Step& step, const Predicate& value) {
    require(step, value, Op::matches);
    if (!step.is_first) { step.refuse_with("must come before every other modifier"); }
    return value.text;
}

void to_regex(const Step& step, Predicate& value) {
    const std::string& regex = raw_text(step, value);
    if (const auto fault = find_regex_fault(regex)) {
        const bool is_unsupported = fault->reason.ends_with("is not supported");
        step.refuse_with("has a bad regular expression: " + fault->reason + " at byte " +
                         std::to_string(fault->offset + 1) + " of '" + regex + "'" +
                         (is_unsupported ? "; write it without" : ""));
    }
    value.op = Op::regex;
    value.pattern.clear();
}

void to_network(const Step& step, Predicate& value) {
    const std::string text = raw_text(step, value);
    auto why = common::CidrError::bad_address;
    const auto network = text.find('%') == std::string::npos ? common::parse_cidr(text, &why) : std::nullopt;
    if (!network) {
        static constexpr std::array<std::string_view, 3> kReasons = {"is not an address", "has a bad prefix length",
                                                                     "has host bits set"};
        step.refuse_with("'" + text + "' " + std::string(kReasons[static_cast<std::size_t>(why)]));
    }
    value.op = Op::cidr;
    value.is_ipv6 = network->address.is_v6;
    value.network = network->address.bytes;
    value.prefix_bits = network->prefix_bits;
    value.pattern.clear();
    value.text.clear();
}

void compare(const Step& step, Predicate& value) {
    const bool is_time = value.op == Op::equal_number && value.time_part != TimePart::none;
    if (!is_time) {
        require(step, value, Op::equal_number);
        if (!step.is_first) { step.refuse_with("cannot follow any other modifier than minute ... year"); }
    }
    switch (step.modifier.kind) {
    case Modifier::less:
        value.op = Op::less;
        break;
    case Modifier::less_equal:
        value.op = Op::less_equal;
        break;
    case Modifier::greater:
        value.op = Op::greater;
        break;
    default:
        value.op = Op::greater_equal;
    }
}

/// SIGMA.md 48: before any comparison, a whole number that the part can be.
void to_time_part(const Step& step, Predicate& value) {
    struct Range {
        std::string_view name;
        TimePart part;
        double least;
        double most;
    };
    static constexpr std::array<Range, 6> kRanges = {{{"minute", TimePart::minute, 0, 59},
                                                      {"hour", TimePart::hour, 0, 23},
                                                      {"day", TimePart::day, 1, 31},
                                                      {"week", TimePart::week, 1, 53},
                                                      {"month", TimePart::month, 1, 12},
                                                      {"year", TimePart::year, 0, 9999}}};
    if (!step.is_first) { step.refuse_with("must come before every other modifier, also before gt, gte, lt and lte"); }
    require(step, value, Op::equal_number);
    for (const auto& range : kRanges) {
        if (range.name != step.modifier.name) { continue; }
        if (value.number != std::floor(value.number) || value.number < range.least || value.number > range.most) {
            step.refuse_with("needs a whole number from " + std::to_string(static_cast<int>(range.least)) + " to " +
                             std::to_string(static_cast<int>(range.most)));
        }
        value.time_part = range.part;
    }
}

void to_existence(const Step& step, Predicate& value) {
    require(step, value, Op::boolean);
    if (!step.is_first) { step.refuse_with("cannot follow another modifier"); }
    value.op = Op::exists;
}

void to_field_reference(const Step& step, Predicate& value) {
    require_literal(step, value);
    if (!step.is_first) { step.refuse_with("cannot follow another modifier"); }
    value.op = Op::field_equals;
    value.other_field = literal_text(value.pattern);
    if (value.other_field.empty()) { step.refuse_with("needs the name of a field"); }
    value.pattern.clear();
    value.text.clear();
}

/// contains, startswith, endswith on a regular expression (SIGMA.md 36): the search is unanchored anyway.
void extend_regex(Modifier kind, std::string& regex) {
    const bool before = kind != Modifier::startswith;
    const bool after = kind != Modifier::endswith;
    if (before && !regex.starts_with(".*") && !regex.starts_with('^')) { regex.insert(0, ".*"); }
    if (after && !regex.ends_with(".*") && !regex.ends_with('$')) { regex += ".*"; }
}

void place(const Step& step, Predicate& value) {
    const Modifier kind = step.modifier.kind;
    switch (value.op) {
    case Op::matches:
        if (kind != Modifier::startswith) { add_leading_any(value.pattern); }
        if (kind != Modifier::endswith) { add_trailing_any(value.pattern); }
        return;
    case Op::regex:
        extend_regex(kind, value.text);
        return;
    case Op::field_equals:
        value.op = kind == Modifier::contains     ? Op::field_contains
                   : kind == Modifier::startswith ? Op::field_startswith
                                                  : Op::field_endswith;
        return;
    default:
        require(step, value, Op::matches);
    }
}

void set_regex_flag(const Step& step, Predicate& value) {
    if (value.op != Op::regex) { step.refuse_with("must follow 're'"); }
    value.regex_ignore_case = value.regex_ignore_case || step.modifier.kind == Modifier::ignore_case;
    value.regex_multiline = value.regex_multiline || step.modifier.kind == Modifier::multiline;
    value.regex_dotall = value.regex_dotall || step.modifier.kind == Modifier::dotall;
}

std::vector<Predicate> with_patterns(const Predicate& value, std::vector<Pattern> patterns) {
    std::vector<Predicate> values;
    for (auto& pattern : patterns) {
        values.push_back(value);
        values.back().pattern = std::move(pattern);
    }
    return values;
}

void encode_utf16(const Step& step, Predicate& value) {
    require(step, value, Op::matches);
    require_no_placeholder(step, value);
    const bool has_mark = step.modifier.kind == Modifier::utf16;
    if (has_mark) { require_literal(step, value); }
    const Utf16 form = has_mark                                  ? Utf16::with_mark
                       : step.modifier.kind == Modifier::utf16be ? Utf16::big_endian
                                                                 : Utf16::little_endian;
    for (auto& part : value.pattern) {
        if (part.kind == PatternPart::Kind::literal) { part.text = utf16(part.text, form); }
    }
}

std::vector<Predicate> encode_base64(const Step& step, const Predicate& value) {
    require_literal(step, value);
    const std::string bytes = literal_text(value.pattern);
    std::vector<Pattern> patterns;
    if (step.modifier.kind == Modifier::base64) {
        patterns.resize(1);
        append_literal(patterns.front(), base64(bytes));
    } else {
        const auto texts = base64_offsets(bytes);
        if (!texts) {
            step.refuse_with("needs a longer value: '" + bytes +
                             "' leaves nothing to look for; use three bytes or more");
        }
        for (const auto& text : *texts) {
            append_literal(patterns.emplace_back(), text);
        }
    }
    return with_patterns(value, std::move(patterns));
}

std::vector<Predicate> replace_placeholders(const Step& step, const Predicate& value) {
    require(step, value, Op::matches);
    auto expansion = expand(value.pattern, step.placeholders);
    if (expansion.too_many) { step.refuse_with("makes more than 20,000 values; write them as a regular expression"); }
    return with_patterns(value, std::move(expansion.patterns));
}

std::vector<Predicate> vary_dashes(const Step& step, const Predicate& value) {
    require(step, value, Op::matches);
    auto patterns = windash(value.pattern);
    if (!patterns) { step.refuse_with("makes more than 20,000 values; write them as a regular expression"); }
    return with_patterns(value, std::move(*patterns));
}

void set_cased(const Step& step, Predicate& value) {
    require(step, value, Op::matches);
    value.cased = true;
}

std::vector<Predicate> apply_one(const Step& step, Predicate value) {
    switch (step.modifier.kind) {
    case Modifier::all:
    case Modifier::neq:
        break;
    case Modifier::contains:
    case Modifier::startswith:
    case Modifier::endswith:
        place(step, value);
        break;
    case Modifier::cased:
        set_cased(step, value);
        break;
    case Modifier::exists:
        to_existence(step, value);
        break;
    case Modifier::regex:
        to_regex(step, value);
        break;
    case Modifier::ignore_case:
    case Modifier::multiline:
    case Modifier::dotall:
        set_regex_flag(step, value);
        break;
    case Modifier::base64:
    case Modifier::base64offset:
        return encode_base64(step, value);
    case Modifier::utf16le:
    case Modifier::utf16be:
    case Modifier::utf16:
        encode_utf16(step, value);
        break;
    case Modifier::windash:
        return vary_dashes(step, value);
    case Modifier::cidr:
        to_network(step, value);
        break;
    case Modifier::less:
    case Modifier::less_equal:
    case Modifier::greater:
    case Modifier::greater_equal:
        compare(step, value);
        break;
    case Modifier::field_reference:
        to_field_reference(step, value);
        break;
    case Modifier::expand:
        return replace_placeholders(step, value);
    case Modifier::time_part:
        to_time_part(step, value);
        break;
    }
    std::vector<Predicate> values;
    values.push_back(std::move(value));
    return values;
}

/// Integers beyond 2^53 cannot be compared as doubles; they are compared as text.
bool is_exact(const yaml::Node& number) {
    static constexpr double kLargest = 9007199254740992.0;
    return std::fabs(number.real) < kLargest;
}

} // namespace

ModifierChain::ModifierChain(std::vector<UsedModifier> modifiers, std::string_view field,
                             const Placeholders& placeholders)
    : modifiers_(std::move(modifiers)), field_(field), placeholders_(placeholders) {}

bool ModifierChain::has(Modifier kind) const noexcept {
    return std::any_of(modifiers_.begin(), modifiers_.end(), [&](const auto& used) { return used.kind == kind; });
}

bool ModifierChain::wants_number() const noexcept {
    return std::any_of(modifiers_.begin(), modifiers_.end(), [](const auto& used) {
        return used.kind == Modifier::time_part ||
               (used.kind >= Modifier::less && used.kind <= Modifier::greater_equal);
    });
}

void ModifierChain::check(yaml::Position at) const {
    for (const auto& used : modifiers_) {
        const std::string name = "modifier '" + std::string(used.name) + "' ";
        if (used.kind == Modifier::exists && modifiers_.size() > 1) {
            refuse(at, name + "cannot be combined with others; write the other test as an item of its own");
        }
        const bool needs_field = used.kind == Modifier::exists || used.kind == Modifier::field_reference ||
                                 used.kind == Modifier::cidr || used.kind == Modifier::time_part ||
                                 (used.kind >= Modifier::less && used.kind <= Modifier::greater_equal);
        if (field_.empty() && needs_field) { refuse(at, name + "needs a field before it"); }
    }
}

Predicate ModifierChain::start(const yaml::Node& value) const {
    Predicate predicate;
    predicate.field = std::string(field_);
    const bool is_keyword = field_.empty();
    switch (value.kind) {
    case yaml::Kind::null:
        if (is_keyword) { refuse(value.at, "null cannot be a keyword; write the text to look for"); }
        predicate.op = Op::is_null;
        return predicate;
    case yaml::Kind::boolean:
        if (is_keyword) { refuse(value.at, "true or false cannot be a keyword; write it in quotes"); }
        predicate.op = Op::boolean;
        predicate.expected = value.boolean;
        return predicate;
    case yaml::Kind::integer:
    case yaml::Kind::real:
        if (!is_keyword && is_exact(value)) {
            predicate.op = Op::equal_number;
            predicate.number = value.real;
            return predicate;
        }
        append_literal(predicate.pattern, value.text);
        return predicate;
    case yaml::Kind::string:
        if (const auto number = plain_integer(value); number && wants_number()) {
            predicate.op = Op::equal_number;
            predicate.number = *number;
            return predicate;
        }
        predicate.text = value.text;
        predicate.pattern = parse_sigma_string(value.text);
        return predicate;
    default:
        refuse(value.at, value.is_map() ? "a map inside a list of values; give the item a line of its own"
                                        : "a list inside a list; put its values into the outer list");
    }
}

std::vector<Predicate> ModifierChain::apply(const yaml::Node& value) const {
    std::vector<Predicate> values;
    values.push_back(start(value));
    const bool only_joined = std::all_of(modifiers_.begin(), modifiers_.end(),
                                         [](const UsedModifier& used) { return is_joiner(used.kind); });
    if (const auto number = plain_integer(value); number && only_joined && !field_.empty()) {
        values.push_back(values.front()); // `0x17` is what logs write as well as the number 23 (SIGMA.md 6)
        values.back().op = Op::equal_number;
        values.back().number = *number;
        values.back().pattern.clear();
        values.back().text.clear();
    }
    bool is_first = true;
    for (const auto& used : modifiers_) {
        const Step step{used, placeholders_, value.at, is_first};
        std::vector<Predicate> changed;
        for (auto& one : values) {
            for (auto& result : apply_one(step, std::move(one))) {
                changed.push_back(std::move(result));
            }
        }
        if (changed.size() > kMaxVariants) {
            step.refuse_with("makes more than 20,000 values; write them as a regular expression");
        }
        values = std::move(changed);
        is_first = is_first && is_joiner(used.kind);
    }
    return values;
}

} // namespace canhgac::rules
