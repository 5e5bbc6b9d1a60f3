/// A search as the store understands it: a filter tree and a time range. Made by storage/query from the query language.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.hpp"

namespace canhgac::event {

/// A node of the filter. Text comparison ignores case (Unicode simple folding).
struct Filter {
    enum class Kind : std::uint8_t {
        all, ///< every event
        conjunction,
        disjunction,
        negation, ///< one child; an absent field makes the child false and the negation true
        glob,     ///< `pattern` with * and ? over the whole value; without a field: any value contains it as word part
        phrase,   ///< `pattern` as literal substring
        compare,  ///< numeric or time comparison `op` with `number`
        cidr,     ///< `pattern` is a network
        regex,    ///< `pattern` searched in the value
        rule,     ///< what the Sigma rule `pattern` matches: for storage/query only, no store takes it
        alert,    ///< the events of the alert `pattern`: the same
    };
    enum class Op : std::uint8_t { less, less_equal, greater, greater_equal };

    Kind kind = Kind::all;
    std::string field; ///< empty: any field and the raw line
    std::string pattern;
    Op op = Op::less;
    double number = 0.0;
    std::vector<Filter> children;
};

struct QueryPlan {
    Filter filter;
    common::Nanos from = std::numeric_limits<common::Nanos>::min(); ///< inclusive, event time
    common::Nanos to = std::numeric_limits<common::Nanos>::max();   ///< exclusive
    std::uint64_t limit = 1'000;                                    ///< most rows wanted
    /// What of a row is looked at besides its id, times and source: these fields, and the line if event.original is
    /// among them; a store may give more. Nothing: everything.
    std::optional<std::vector<std::string>> fields;
    bool any_order = false; ///< rows may come in any order, all that match
};

} // namespace canhgac::event
