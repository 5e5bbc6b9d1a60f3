#include "storage/query/catalog.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace canhgac::storage {

namespace {

constexpr std::uint8_t kMany = 255;

constexpr std::array kScalars = {
    ScalarEntry{Scalar::logical_or, "or", Binding::disjunction, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::logical_and, "and", Binding::conjunction, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::logical_not, "not", Binding::negation, 1, 1, QueryType::boolean, {}},
    ScalarEntry{Scalar::equal, "==", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::equal_folded, "=~", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::less, "<", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::less_equal, "<=", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::greater, ">", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::greater_equal, ">=", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::has, "has", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::contains, "contains", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::starts_with, "startswith", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::ends_with, "endswith", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::matches_regex, "matches regex", Binding::comparison, 2, 2, QueryType::boolean, {}},
    ScalarEntry{Scalar::in, "in", Binding::comparison, 2, kMany, QueryType::boolean, {}},
    ScalarEntry{Scalar::in_folded, "in~", Binding::comparison, 2, kMany, QueryType::boolean, {}},
    ScalarEntry{Scalar::has_any, "has_any", Binding::comparison, 2, kMany, QueryType::boolean, {}},
    ScalarEntry{Scalar::has_all, "has_all", Binding::comparison, 2, kMany, QueryType::boolean, {}},
    ScalarEntry{Scalar::between, "between", Binding::comparison, 3, 3, QueryType::boolean, {}},
    ScalarEntry{Scalar::add, "+", Binding::sum, 2, 2, QueryType::any, {}},
    ScalarEntry{Scalar::subtract, "-", Binding::sum, 2, 2, QueryType::any, {}},
    ScalarEntry{Scalar::multiply, "*", Binding::product, 2, 2, QueryType::any, {}},
    ScalarEntry{Scalar::divide, "/", Binding::product, 2, 2, QueryType::any, {}},
    ScalarEntry{Scalar::modulo, "%", Binding::product, 2, 2, QueryType::any, {}},
    ScalarEntry{Scalar::negate, "-", Binding::sign, 1, 1, QueryType::any, {}},
    ScalarEntry{Scalar::to_lower, "tolower", Binding::call, 1, 1, QueryType::string, "tolower(text)"},
    ScalarEntry{Scalar::to_upper, "toupper", Binding::call, 1, 1, QueryType::string, "toupper(text)"},
    ScalarEntry{Scalar::string_length, "strlen", Binding::call, 1, 1, QueryType::integer, "strlen(text)"},
    ScalarEntry{Scalar::substring, "substring", Binding::call, 2, 3, QueryType::string,
                "substring(text, start[, length])"},
    ScalarEntry{Scalar::split, "split", Binding::call, 2, 3, QueryType::any, "split(text, separator[, index])"},
    ScalarEntry{Scalar::base_name, "basename", Binding::call, 1, 1, QueryType::string, "basename(path)"},
    ScalarEntry{Scalar::directory_name, "dirname", Binding::call, 1, 1, QueryType::string, "dirname(path)"},
    ScalarEntry{Scalar::is_null, "isnull", Binding::call, 1, 1, QueryType::boolean, "isnull(value)"},
    ScalarEntry{Scalar::is_not_null, "isnotnull", Binding::call, 1, 1, QueryType::boolean, "isnotnull(value)"},
    ScalarEntry{Scalar::is_empty, "isempty", Binding::call, 1, 1, QueryType::boolean, "isempty(value)"},
    ScalarEntry{Scalar::is_not_empty, "isnotempty", Binding::call, 1, 1, QueryType::boolean, "isnotempty(value)"},
    ScalarEntry{Scalar::if_then, "iff", Binding::call, 3, 3, QueryType::any, "iff(condition, then, else)"},
    ScalarEntry{Scalar::case_of, "case", Binding::call, 3, kMany, QueryType::any, "case(condition, then, ..., else)"},
    ScalarEntry{Scalar::coalesce, "coalesce", Binding::call, 1, kMany, QueryType::any, "coalesce(value, ...)"},
    ScalarEntry{Scalar::to_text, "tostring", Binding::call, 1, 1, QueryType::string, "tostring(value)"},
    ScalarEntry{Scalar::to_long, "tolong", Binding::call, 1, 1, QueryType::integer, "tolong(value)"},
    ScalarEntry{Scalar::to_real, "todouble", Binding::call, 1, 1, QueryType::real, "todouble(value)"},
    ScalarEntry{Scalar::to_bool, "tobool", Binding::call, 1, 1, QueryType::boolean, "tobool(value)"},
    ScalarEntry{Scalar::to_datetime, "todatetime", Binding::call, 1, 1, QueryType::datetime, "todatetime(value)"},
    ScalarEntry{Scalar::to_timespan, "totimespan", Binding::call, 1, 1, QueryType::timespan, "totimespan(value)"},
    ScalarEntry{Scalar::now, "now", Binding::call, 0, 0, QueryType::datetime, "now()"},
    ScalarEntry{Scalar::ago, "ago", Binding::call, 1, 1, QueryType::datetime, "ago(timespan)"},
    ScalarEntry{Scalar::bin, "bin", Binding::call, 2, 2, QueryType::any, "bin(value, step)"},
    ScalarEntry{Scalar::concatenate, "strcat", Binding::call, 1, kMany, QueryType::string, "strcat(value, ...)"},
    ScalarEntry{Scalar::array_length, "array_length", Binding::call, 1, 1, QueryType::integer, "array_length(list)"},
    ScalarEntry{Scalar::ipv4_is_in_range, "ipv4_is_in_range", Binding::call, 2, 2, QueryType::boolean,
                "ipv4_is_in_range(address, network)"},
    ScalarEntry{Scalar::registered_domain, "registered_domain", Binding::call, 1, 1, QueryType::string,
                "registered_domain(name)"},
    ScalarEntry{Scalar::previous, "prev", Binding::call, 1, 1, QueryType::any, "prev(column)"},
    ScalarEntry{Scalar::next, "next", Binding::call, 1, 1, QueryType::any, "next(column)"},
};

constexpr bool scalars_in_order() noexcept {
    for (std::size_t i = 0; i < kScalars.size(); ++i) {
        if (static_cast<std::size_t>(kScalars[i].scalar) != i) { return false; }
    }
    return true;
}
static_assert(scalars_in_order() && kScalars.size() == static_cast<std::size_t>(Scalar::next) + 1);

constexpr std::array kAggregates = {
    AggregateEntry{AggregateKind::count, "count", "count_", 0, 0, QueryType::integer, "count()"},
    AggregateEntry{AggregateKind::count_if, "countif", "countif_", 1, 1, QueryType::integer, "countif(condition)"},
    AggregateEntry{AggregateKind::distinct_count, "dcount", "dcount_", 1, 1, QueryType::integer, "dcount(value)"},
    AggregateEntry{AggregateKind::sum, "sum", "sum_", 1, 1, QueryType::any, "sum(value)"},
    AggregateEntry{AggregateKind::average, "avg", "avg_", 1, 1, QueryType::any, "avg(value)"},
    AggregateEntry{AggregateKind::minimum, "min", "min_", 1, 1, QueryType::any, "min(value)"},
    AggregateEntry{AggregateKind::maximum, "max", "max_", 1, 1, QueryType::any, "max(value)"},
    AggregateEntry{AggregateKind::deviation, "stdev", "stdev_", 1, 1, QueryType::any, "stdev(value)"},
    AggregateEntry{AggregateKind::percentile, "percentile", "percentile_", 2, 2, QueryType::any,
                   "percentile(value, 0 to 100)"},
    AggregateEntry{AggregateKind::make_set, "make_set", "set_", 1, 2, QueryType::list, "make_set(value[, most])"},
    AggregateEntry{AggregateKind::arg_max, "arg_max", "", 1, kMany, QueryType::any, "arg_max(value, column, ...)"},
    AggregateEntry{AggregateKind::arg_min, "arg_min", "", 1, kMany, QueryType::any, "arg_min(value, column, ...)"},
    AggregateEntry{AggregateKind::take_any, "take_any", "", 1, 1, QueryType::any, "take_any(value)"},
};

constexpr std::array<std::string_view, 20> kPipes = {
    "where", "project", "project-away", "extend", "take",     "distinct",  "summarize", "top",  "sort",   "count",
    "rare",  "facets",  "sequence",     "around", "proctree", "mv-expand", "parse",     "join", "lookup", "tail"};

constexpr std::array<std::string_view, 1> kNotBuiltPipes = {"union"};

constexpr std::array<std::string_view, 20> kReserved = {
    "and",     "or",      "not", "in",  "has",  "contains", "startswith", "endswith", "matches", "between",
    "has_any", "has_all", "by",  "asc", "desc", "nulls",    "true",       "false",    "null",    "regex"};

std::size_t distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < left.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < right.size(); ++j) {
            const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
        }
    }
    return row.back();
}

template <typename Entries>
std::vector<std::string_view> names_of(const Entries& entries) {
    std::vector<std::string_view> names;
    for (const auto& entry : entries) {
        names.push_back(entry.name);
    }
    return names;
}

} // namespace

const ScalarEntry& entry_of(Scalar scalar) noexcept {
    return kScalars[static_cast<std::size_t>(scalar)];
}

const ScalarEntry* find_function(std::string_view name) noexcept {
    if (name == "iif") { name = "iff"; }
    const auto* const found = std::find_if(kScalars.begin(), kScalars.end(), [name](const ScalarEntry& entry) {
        return entry.binding == Binding::call && entry.name == name;
    });
    return found == kScalars.end() ? nullptr : found;
}

const AggregateEntry& entry_of(AggregateKind kind) noexcept {
    return kAggregates[static_cast<std::size_t>(kind)];
}

const AggregateEntry* find_aggregate(std::string_view name) noexcept {
    const auto* const found = std::find_if(kAggregates.begin(), kAggregates.end(),
                                           [name](const AggregateEntry& entry) { return entry.name == name; });
    return found == kAggregates.end() ? nullptr : found;
}

std::string_view to_string(Pipe::Kind kind) noexcept {
    return kPipes[static_cast<std::size_t>(kind)];
}

std::optional<Pipe::Kind> find_pipe(std::string_view name) noexcept {
    if (name == "order") { name = "sort"; }
    if (name == "limit") { name = "take"; }
    const auto* const found = std::find(kPipes.begin(), kPipes.end(), name);
    if (found == kPipes.end()) { return std::nullopt; }
    return static_cast<Pipe::Kind>(found - kPipes.begin());
}

std::string_view to_string(JoinKind kind) noexcept {
    static constexpr std::array<std::string_view, 4> kKinds = {"inner", "leftouter", "leftanti", "leftsemi"};
    return kKinds[static_cast<std::size_t>(kind)];
}

std::string_view not_built_yet(std::string_view name) noexcept {
    for (const std::string_view known : kNotBuiltPipes) {
        if (known == name) { return known; }
    }
    return {};
}

bool is_reserved(std::string_view word) noexcept {
    return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
    constexpr std::size_t kLongest = 64;
    if (word.size() > kLongest) { return {}; }
    std::size_t best = std::max<std::size_t>((word.size() + 1) / 3, 1) + 1;
    std::string result;
    for (const std::string_view candidate : candidates) {
        if (candidate.size() > kLongest) { continue; }
        const std::size_t steps = distance(word, candidate);
        if (steps >= best) { continue; }
        best = steps;
        result = candidate;
    }
    return result;
}

std::string nearest_function(std::string_view word) {
    std::vector<std::string_view> names;
    for (const ScalarEntry& entry : kScalars) {
        if (entry.binding == Binding::call) { names.push_back(entry.name); }
    }
    return nearest(word, names);
}

std::string nearest_aggregate(std::string_view word) {
    return nearest(word, names_of(kAggregates));
}

std::string nearest_pipe(std::string_view word) {
    return nearest(word, kPipes);
}

std::string canonical_name(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kAliases = {{
        {"_time", "@timestamp"},
        {"_received", "event.ingested"},
        {"_raw", "event.original"},
        {"host", "host.name"},
        {"user", "user.name"},
    }};
    for (const auto& alias : kAliases) {
        if (alias.first == name) { return std::string(alias.second); }
    }
    return std::string(name);
}

} // namespace canhgac::storage
