#include "storage/query/push_down.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "storage/query/exec/event_filter.hpp"
#include "storage/query/parser.hpp"

namespace canhgac::storage {

namespace {

using event::Filter;
using Implied = std::optional<Filter>;

Filter leaf_filter(Filter::Kind kind, std::string_view field, std::string pattern) {
    Filter filter;
    filter.kind = kind;
    filter.field = field;
    filter.pattern = std::move(pattern);
    return filter;
}

Filter group_filter(Filter::Kind kind, std::vector<Filter> children) {
    if (children.size() == 1) { return std::move(children.front()); }
    Filter filter;
    filter.kind = kind;
    filter.children = std::move(children);
    return filter;
}

std::string glob_of_literal(std::string_view text) {
    std::string pattern;
    for (const char c : text) {
        if (c == '*' || c == '?' || c == '\\') { pattern += '\\'; }
        pattern += c;
    }
    return pattern;
}

/// The filter without rules: a rule passes everything where that makes the filter weaker, nothing where it is denied.
Filter without_rules(const Filter& filter, bool weaker) {
    if (filter.kind == Filter::Kind::rule) { return weaker ? Filter{} : group_filter(Filter::Kind::disjunction, {}); }
    Filter result = leaf_filter(filter.kind, filter.field, filter.pattern);
    result.op = filter.op;
    result.number = filter.number;
    const bool side = filter.kind == Filter::Kind::negation ? !weaker : weaker;
    for (const Filter& child : filter.children) {
        result.children.push_back(without_rules(child, side));
    }
    return result;
}

/// The field a side of a comparison is about.
struct Side {
    std::string_view field;
    bool is_plain = true;    ///< the value itself, not something made of it
    bool keeps_whole = true; ///< equal but for case; else only a part of the value
};

/// Fields of the payload, and the raw line: those whose value a store's filter sees as the steps do.
bool is_payload(std::string_view name) noexcept {
    return name != "@timestamp" && name != "event.ingested" && name != "event.id" && name != "log.source";
}

std::optional<Side> side_of(const Expression& expression) {
    if (expression.kind == Expression::Kind::column) {
        if (!is_payload(expression.text)) { return std::nullopt; }
        return Side{expression.text};
    }
    if (expression.kind != Expression::Kind::call) { return std::nullopt; }
    if (expression.scalar != Scalar::to_lower && expression.scalar != Scalar::base_name) { return std::nullopt; }
    auto inner = side_of(expression.arguments.front());
    if (inner) {
        inner->is_plain = false;
        inner->keeps_whole = inner->keeps_whole && expression.scalar == Scalar::to_lower;
    }
    return inner;
}

bool is_text(const Expression& expression) noexcept {
    return expression.kind == Expression::Kind::literal && expression.literal_type == QueryType::string;
}
bool is_number_literal(const Expression& expression) noexcept {
    return expression.kind == Expression::Kind::literal &&
           (expression.literal_type == QueryType::integer || expression.literal_type == QueryType::real);
}

/// Whether no number is ever written like this: then only texts have it, and those the store sees as they are.
bool only_in_texts(std::string_view text) noexcept {
    return text.find_first_not_of("0123456789.+-eE") != std::string_view::npos;
}

QueryValue value_of_literal(const Expression& literal) noexcept {
    switch (literal.literal_type) {
    case QueryType::boolean:
        return QueryValue::boolean(literal.number != 0);
    case QueryType::integer:
        return QueryValue::integer(literal.number);
    case QueryType::real:
        return QueryValue::real(literal.real);
    case QueryType::string:
        return QueryValue::string(literal.text);
    default:
        return {};
    }
}

Filter number_filter(std::string_view field, Filter::Op op, double number) {
    Filter filter = leaf_filter(Filter::Kind::compare, field, "");
    filter.op = op;
    filter.number = number;
    return filter;
}

/// side == literal; `folded`: in any case.
Implied equal_to(const Side& side, const Expression& literal, bool folded) {
    if (literal.kind != Expression::Kind::literal) { return std::nullopt; }
    if (side.is_plain && !folded) { return filter_of_equal(side.field, value_of_literal(literal)); }
    // A list as a text ends in "]": what does not is never equal to it.
    if (!is_text(literal) || !only_in_texts(literal.text) || literal.text.ends_with(']')) { return std::nullopt; }
    if (side.keeps_whole) { return leaf_filter(Filter::Kind::glob, side.field, glob_of_literal(literal.text)); }
    return leaf_filter(Filter::Kind::phrase, side.field, literal.text);
}

Implied text_holds_in(Scalar scalar, const Side& side, const Expression& literal) {
    if (!side.is_plain || !is_text(literal) || !only_in_texts(literal.text)) { return std::nullopt; }
    const std::string pattern = glob_of_literal(literal.text);
    switch (scalar) {
    case Scalar::starts_with:
        return leaf_filter(Filter::Kind::glob, side.field, pattern + "*");
    case Scalar::ends_with:
        return leaf_filter(Filter::Kind::glob, side.field, "*" + pattern);
    default:
        return leaf_filter(Filter::Kind::phrase, side.field, literal.text);
    }
}

Implied number_comparison(Scalar scalar, const Side& side, const Expression& literal) {
    if (!side.is_plain || !is_number_literal(literal)) { return std::nullopt; }
    const bool low = scalar == Scalar::less || scalar == Scalar::less_equal;
    return number_filter(side.field, low ? Filter::Op::less_equal : Filter::Op::greater_equal,
                         to_double(value_of_literal(literal))); // both ends: doubles round
}

/// One of the arguments behind the first (`every`: each of them).
template <typename Of>
Implied among(const Expression& call, bool every, const Of& of) {
    std::vector<Filter> filters;
    for (std::size_t i = 1; i < call.arguments.size(); ++i) {
        auto each = of(call.arguments[i]);
        if (each) { filters.push_back(std::move(*each)); }
        if (!each && !every) { return std::nullopt; }
    }
    if (filters.empty()) { return std::nullopt; }
    return group_filter(every ? Filter::Kind::conjunction : Filter::Kind::disjunction, std::move(filters));
}

Implied implied_by(const Expression& condition);

Implied implied_by_pair(const Expression& condition) {
    auto left = implied_by(condition.arguments[0]);
    auto right = implied_by(condition.arguments[1]);
    if (condition.scalar == Scalar::logical_and) {
        if (!left || !right) { return left ? std::move(left) : std::move(right); }
        return both(std::move(*left), std::move(*right));
    }
    if (!left || !right) { return std::nullopt; }
    std::vector<Filter> filters;
    filters.push_back(std::move(*left));
    filters.push_back(std::move(*right));
    return either(std::move(filters));
}

/// What an event has for which the condition is true; nothing if that cannot be told.
Implied implied_by(const Expression& condition) {
    if (condition.kind != Expression::Kind::call || condition.negated) { return std::nullopt; }
    if (condition.scalar == Scalar::logical_and || condition.scalar == Scalar::logical_or) {
        return implied_by_pair(condition);
    }
    if (condition.arguments.empty()) { return std::nullopt; }
    const auto side = side_of(condition.arguments[0]);
    if (!side) { return std::nullopt; }
    switch (condition.scalar) {
    case Scalar::equal:
    case Scalar::equal_folded:
        return equal_to(*side, condition.arguments[1], condition.scalar == Scalar::equal_folded);
    case Scalar::in:
    case Scalar::in_folded:
        return among(condition, false, [&](const Expression& literal) {
            return equal_to(*side, literal, condition.scalar == Scalar::in_folded);
        });
    case Scalar::has:
    case Scalar::contains:
    case Scalar::starts_with:
    case Scalar::ends_with:
        return text_holds_in(condition.scalar, *side, condition.arguments[1]);
    case Scalar::has_any:
    case Scalar::has_all:
        return among(condition, condition.scalar == Scalar::has_all,
                     [&](const Expression& literal) { return text_holds_in(Scalar::has, *side, literal); });
    case Scalar::less:
    case Scalar::less_equal:
    case Scalar::greater:
    case Scalar::greater_equal:
        return number_comparison(condition.scalar, *side, condition.arguments[1]);
    case Scalar::between: {
        auto low = number_comparison(Scalar::greater_equal, *side, condition.arguments[1]);
        auto high = number_comparison(Scalar::less_equal, *side, condition.arguments[2]);
        if (!low || !high) { return low ? std::move(low) : std::move(high); }
        return both(std::move(*low), std::move(*high));
    }
    case Scalar::is_not_null:
    case Scalar::is_not_empty:
        if (!side->is_plain || side->field == "event.original") { return std::nullopt; }
        return leaf_filter(Filter::Kind::glob, side->field, "*");
    default:
        return std::nullopt;
    }
}

/// [from, to) of event time.
struct Times {
    common::Nanos from;
    common::Nanos to;

    void after(common::Nanos time, bool included) noexcept {
        if (!included && time != std::numeric_limits<common::Nanos>::max()) { ++time; }
        from = std::max(from, time);
    }
    void before(common::Nanos time, bool included) noexcept {
        if (included && time != std::numeric_limits<common::Nanos>::max()) { ++time; }
        to = std::min(to, time);
    }
};

/// A time that is known before any event is.
std::optional<common::Nanos> fixed_time(const Expression& expression, common::Nanos now) noexcept {
    if (expression.kind == Expression::Kind::literal && expression.literal_type == QueryType::datetime) {
        return expression.number;
    }
    if (expression.kind != Expression::Kind::call) { return std::nullopt; }
    if (expression.scalar == Scalar::now) { return now; }
    if (expression.scalar != Scalar::ago) { return std::nullopt; }
    const Expression& span = expression.arguments.front();
    common::Nanos time = 0;
    if (span.kind != Expression::Kind::literal || span.literal_type != QueryType::timespan ||
        __builtin_sub_overflow(now, span.number, &time)) {
        return std::nullopt;
    }
    return time;
}

bool is_event_time(const Expression& expression) noexcept {
    return expression.kind == Expression::Kind::column && expression.text == "@timestamp";
}

/// What a condition says of _time, in the conjunction it is.
void narrow(const Expression& condition, common::Nanos now, Times& times) {
    if (condition.kind != Expression::Kind::call || condition.negated) { return; }
    if (condition.scalar == Scalar::logical_and) {
        narrow(condition.arguments[0], now, times);
        narrow(condition.arguments[1], now, times);
        return;
    }
    if (condition.arguments.size() < 2 || !is_event_time(condition.arguments[0])) { return; }
    const auto time = fixed_time(condition.arguments[1], now);
    switch (condition.scalar) {
    case Scalar::equal:
        if (time) {
            times.after(*time, true);
            times.before(*time, true);
        }
        return;
    case Scalar::greater:
    case Scalar::greater_equal:
        if (time) { times.after(*time, condition.scalar == Scalar::greater_equal); }
        return;
    case Scalar::less:
    case Scalar::less_equal:
        if (time) { times.before(*time, condition.scalar == Scalar::less_equal); }
        return;
    case Scalar::between:
        if (time) { times.after(*time, true); }
        if (const auto end = fixed_time(condition.arguments[2], now)) { times.before(*end, true); }
        return;
    default:
        return;
    }
}

Filter present(std::string_view field) {
    return is_payload(field) && field != "event.original" ? leaf_filter(Filter::Kind::glob, field, "*") : Filter{};
}

/// Events that some part of a sequence takes, and that have what they are put together by.
Filter needed_by_sequence(const Pipe& pipe) {
    std::vector<Filter> parts;
    for (const SequencePart& part : pipe.parts) {
        Filter each = without_rules(part.filter, true);
        if (part.condition) {
            if (auto implied = implied_by(*part.condition)) { each = both(std::move(each), std::move(*implied)); }
        }
        parts.push_back(std::move(each));
    }
    Filter result = either(std::move(parts));
    for (const NamedExpression& column : pipe.columns) {
        result = both(std::move(result), present(column.name));
    }
    return result;
}

Filter root_and_children(const ProcessTree& tree) {
    std::vector<Filter> filters;
    for (const std::string& name : {tree.id, tree.parent}) {
        filters.push_back(*filter_of_equal(name, QueryValue::string(tree.root)));
    }
    return either(std::move(filters));
}

} // namespace

bool tree_asks_store(const ParsedQuery& query) noexcept {
    if (query.pipes.empty() || query.pipes.front().kind != Pipe::Kind::process_tree) { return false; }
    const ProcessTree& tree = query.pipes.front().tree;
    return is_payload(tree.id) && is_payload(tree.parent);
}

Filter without_rules(const Filter& filter) {
    return without_rules(filter, true);
}

Filter both(Filter left, Filter right) {
    if (left.kind == Filter::Kind::all) { return right; }
    if (right.kind == Filter::Kind::all) { return left; }
    std::vector<Filter> children;
    for (Filter* const each : {&left, &right}) {
        if (each->kind == Filter::Kind::conjunction) {
            std::move(each->children.begin(), each->children.end(), std::back_inserter(children));
        } else {
            children.push_back(std::move(*each));
        }
    }
    return group_filter(Filter::Kind::conjunction, std::move(children));
}

Filter either(std::vector<Filter> filters) {
    const auto everything = [](const Filter& each) { return each.kind == Filter::Kind::all; };
    if (std::any_of(filters.begin(), filters.end(), everything)) { return {}; }
    return group_filter(Filter::Kind::disjunction, std::move(filters));
}

std::optional<Filter> filter_of_equal(std::string_view field, const QueryValue& value) {
    if (!is_payload(field)) { return std::nullopt; }
    if (value.type() == QueryType::boolean) {
        return leaf_filter(Filter::Kind::glob, field, value.number() != 0 ? "true" : "false");
    }
    if (const auto number = numeric(value)) { // 5 is 5.0 and "5" too; both ends, as doubles round
        return both(number_filter(field, Filter::Op::greater_equal, to_double(*number)),
                    number_filter(field, Filter::Op::less_equal, to_double(*number)));
    }
    if (value.type() != QueryType::string) { return std::nullopt; }
    return leaf_filter(Filter::Kind::glob, field, glob_of_literal(value.text()));
}

event::QueryPlan plan_for_store(const ParsedQuery& query, common::Nanos now, common::Nanos from, common::Nanos to,
                                std::uint64_t limit) {
    event::QueryPlan plan = plan_of({without_rules(query.filter), query.last, {}, {}}, now, from, to, limit);
    Times times{plan.from, plan.to};
    for (const Pipe& pipe : query.pipes) {
        if (pipe.kind == Pipe::Kind::sequence) {
            plan.filter = both(std::move(plan.filter), needed_by_sequence(pipe));
        } else if (pipe.kind == Pipe::Kind::process_tree) {
            plan.filter = both(std::move(plan.filter), both(present(pipe.tree.id), present(pipe.tree.parent)));
            if (tree_asks_store(query)) { plan.filter = both(std::move(plan.filter), root_and_children(pipe.tree)); }
        }
        if (pipe.kind != Pipe::Kind::where) { break; }
        narrow(pipe.condition, now, times);
        if (auto implied = implied_by(pipe.condition)) {
            plan.filter = both(std::move(plan.filter), std::move(*implied));
        }
    }
    plan.from = times.from;
    plan.to = times.to;
    return plan;
}

std::optional<std::vector<std::string>> fields_for_store(const ParsedQuery& query, const QueryProgram& program) {
    const auto takes_events = [](const PlannedStep& step) {
        return step.kind == Pipe::Kind::sequence || step.kind == Pipe::Kind::around ||
               step.kind == Pipe::Kind::process_tree;
    };
    if (program.events || names_rule(query.filter) ||
        std::any_of(program.steps.begin(), program.steps.end(), takes_events)) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (const PlannedColumn& field : program.fields.front()) {
        names.push_back(field.name);
    }
    return names;
}

bool takes_any_order(const QueryProgram& program) noexcept {
    return std::any_of(program.steps.begin(), program.steps.end(),
                       [](const PlannedStep& step) { return step.any_order; });
}

} // namespace canhgac::storage
