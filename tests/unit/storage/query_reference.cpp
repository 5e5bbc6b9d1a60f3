#include "tests/unit/storage/query_reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "tests/unit/storage/query_reference_values.hpp"

namespace canhgac::storage::reference {
namespace {

struct Numbers {
    std::vector<double> values;
    std::vector<Value> exact;
    bool spans = false;
};
Numbers numbers_of(const std::vector<Value>& values) {
    Numbers out;
    for (const Value& value : values) {
        if (const auto number = number_of(value)) {
            out.exact.push_back(*number);
            out.values.push_back(as_real(*number));
        }
    }
    if (!out.values.empty()) { return out; }
    for (const Value& value : values) {
        if (value.type != T::timespan) { continue; }
        out.spans = true;
        out.exact.push_back(value);
        out.values.push_back(static_cast<double>(value.number));
    }
    return out;
}
Value as_kind(const Numbers& numbers, double value) {
    return numbers.spans ? make(T::timespan, std::llround(value)) : real(value);
}

Value statistic(const Aggregate& aggregate, const Numbers& numbers) {
    const std::vector<double>& v = numbers.values;
    if (v.empty()) { return {}; }
    if (aggregate.kind == AggregateKind::sum) {
        Value total = make(numbers.spans ? T::timespan : T::integer, 0);
        for (const Value& each : numbers.exact) {
            total = arithmetic(Scalar::add, total, each);
        }
        return total;
    }
    const double n = static_cast<double>(v.size());
    double mean = 0; // Welford's recurrence: the last digit decides what later steps do
    double squares = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
        const double before = v[i] - mean;
        mean += before / static_cast<double>(i + 1);
        squares += before * (v[i] - mean);
    }
    if (aggregate.kind == AggregateKind::average) { return as_kind(numbers, mean); }
    if (aggregate.kind == AggregateKind::deviation) {
        return v.size() < 2 ? Value{} : as_kind(numbers, std::sqrt(squares / (n - 1)));
    }
    std::vector<double> sorted = v;
    std::sort(sorted.begin(), sorted.end());
    const Expression& part = aggregate.arguments[1];
    const double fraction = (part.literal_type == T::real ? part.real : static_cast<double>(part.number)) / 100.0;
    const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(fraction * n)));
    return as_kind(numbers, sorted[rank - 1]);
}

bool holds_value(const std::vector<Value>& set, const Value& value) {
    return std::any_of(set.begin(), set.end(), [&](const Value& other) { return order(other, value) == 0; });
}

void aggregate_into(Row& out, const Aggregate& aggregate, const std::vector<Row>& rows, long long now) {
    std::vector<Value> all;
    std::vector<const Row*> from;
    for (const Row& row : rows) {
        Value value = aggregate.arguments.empty() ? Value{} : evaluate(aggregate.arguments[0], row, now);
        if (value.type == T::null && aggregate.kind != AggregateKind::count) { continue; }
        all.push_back(std::move(value));
        from.push_back(&row);
    }
    switch (aggregate.kind) {
    case AggregateKind::count:
        return set(out, aggregate.name, make(T::integer, static_cast<long long>(rows.size())));
    case AggregateKind::count_if:
        return set(out, aggregate.name, make(T::integer, std::count_if(all.begin(), all.end(), [](const Value& value) {
                                                 return truth_of(value).value_or(false);
                                             })));
    case AggregateKind::distinct_count:
    case AggregateKind::make_set: {
        const bool is_set = aggregate.kind == AggregateKind::make_set;
        const long long most = aggregate.arguments.size() == 2 ? aggregate.arguments[1].number : 1'000;
        std::vector<Value> distinct;
        const auto add = [&](const Value& value) {
            if (!holds_value(distinct, value)) { distinct.push_back(value); }
        };
        for (const Value& value : all) {
            if (is_set && value.type == T::list) {
                std::for_each(value.items.begin(), value.items.end(), add);
            } else {
                add(value);
            }
        }
        if (!is_set) { return set(out, aggregate.name, make(T::integer, static_cast<long long>(distinct.size()))); }
        Value list = make(T::list, 0);
        distinct.resize(std::min(distinct.size(), static_cast<std::size_t>(most)));
        list.items = distinct;
        return set(out, aggregate.name, list);
    }
    case AggregateKind::minimum:
    case AggregateKind::maximum:
    case AggregateKind::arg_max:
    case AggregateKind::arg_min: {
        const bool most = aggregate.kind == AggregateKind::maximum || aggregate.kind == AggregateKind::arg_max;
        std::size_t best = 0;
        for (std::size_t i = 1; i < all.size(); ++i) {
            const int sign = order(all[i], all[best]);
            if (most ? sign > 0 : sign < 0) { best = i; }
        }
        set(out, aggregate.name, all.empty() ? Value{} : all[best]);
        for (std::size_t i = 1; i < aggregate.arguments.size(); ++i) {
            set(out, aggregate.arguments[i].text,
                all.empty() ? Value{} : get(*from[best], aggregate.arguments[i].text));
        }
        return;
    }
    case AggregateKind::take_any:
        return set(out, aggregate.name, all.empty() ? Value{} : all.front());
    default:
        return set(out, aggregate.name, statistic(aggregate, numbers_of(all)));
    }
}

void summarize(const Pipe& pipe, Table& table, long long now) {
    std::vector<std::pair<std::vector<Value>, std::vector<Row>>> groups;
    for (const Row& row : table.rows) {
        std::vector<Value> key;
        for (const NamedExpression& column : pipe.columns) {
            key.push_back(evaluate(column.expression, row, now));
        }
        const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
            for (std::size_t i = 0; i < key.size(); ++i) {
                if (order(group.first[i], key[i]) != 0) { return false; }
            }
            return true;
        });
        if (same == groups.end()) {
            groups.push_back({key, {row}});
        } else {
            same->second.push_back(row);
        }
    }
    if (groups.empty() && pipe.columns.empty()) { groups.emplace_back(); }
    Table out;
    out.events = false;
    for (const NamedExpression& column : pipe.columns) {
        out.columns.push_back(column.name);
    }
    for (const Aggregate& aggregate : pipe.aggregates) {
        out.columns.push_back(aggregate.name);
        const bool keeps = aggregate.kind == AggregateKind::arg_max || aggregate.kind == AggregateKind::arg_min;
        for (std::size_t i = 1; keeps && i < aggregate.arguments.size(); ++i) {
            out.columns.push_back(aggregate.arguments[i].text);
        }
    }
    for (const auto& [key, rows] : groups) {
        Row row;
        for (std::size_t i = 0; i < key.size(); ++i) {
            set(row, pipe.columns[i].name, key[i]);
        }
        for (const Aggregate& aggregate : pipe.aggregates) {
            aggregate_into(row, aggregate, rows, now);
        }
        out.rows.push_back(std::move(row));
    }
    table = std::move(out);
}

void sort_rows(const Pipe& pipe, Table& table, long long now) {
    const auto before = [&](const Row& left, const Row& right) {
        for (const SortKey& key : pipe.keys) {
            const Value a = evaluate(key.expression, left, now);
            const Value b = evaluate(key.expression, right, now);
            if (a.type == T::null && b.type == T::null) { continue; }
            if (a.type == T::null) { return key.nulls_first; }
            if (b.type == T::null) { return !key.nulls_first; }
            const int sign = order(a, b);
            if (sign != 0) { return key.ascending ? sign < 0 : sign > 0; }
        }
        return false;
    };
    std::stable_sort(table.rows.begin(), table.rows.end(), before);
}

void neighbours(Expression& e, const Pipe& pipe, const std::vector<Row>& rows, std::size_t at) {
    if (e.scalar != Scalar::previous && e.scalar != Scalar::next) {
        for (Expression& argument : e.arguments) {
            neighbours(argument, pipe, rows, at);
        }
        return;
    }
    const auto same = [&](std::size_t other) {
        return std::all_of(pipe.groups.begin(), pipe.groups.end(), [&](const NamedExpression& group) {
            return order(get(rows[other], group.name), get(rows[at], group.name)) == 0;
        });
    };
    std::size_t other = at;
    do {
        other = e.scalar == Scalar::previous ? other - 1 : other + 1;
    } while (other < rows.size() && !same(other));
    const Value value = other < rows.size() ? get(rows[other], e.arguments[0].text) : Value{};
    Expression literal;
    literal.literal_type = value.type;
    literal.number = value.number;
    literal.real = value.real;
    literal.text = value.text;
    e = literal;
}

void assign(const Pipe& pipe, Table& table, long long now) {
    const std::vector<Row> before = table.rows;
    for (std::size_t i = 0; i < before.size(); ++i) {
        Row made;
        for (const NamedExpression& column : pipe.columns) {
            Expression e = column.expression;
            neighbours(e, pipe, before, i);
            set(made, column.name, evaluate(e, before[i], now));
        }
        if (pipe.kind == Pipe::Kind::project) {
            table.rows[i] = made;
            continue;
        }
        for (auto& [name, value] : made) {
            set(table.rows[i], name, value);
        }
    }
    if (pipe.kind == Pipe::Kind::project) {
        table.columns.clear();
        table.events = false;
    }
    for (const NamedExpression& column : pipe.columns) {
        if (std::find(table.columns.begin(), table.columns.end(), column.name) == table.columns.end()) {
            table.columns.push_back(column.name);
        }
    }
}

} // namespace

Table run(const Pipeline& pipes, std::vector<Row> events, long long now) {
    Table table;
    table.rows = std::move(events);
    for (const Pipe& pipe : pipes) {
        switch (pipe.kind) {
        case Pipe::Kind::where:
            std::erase_if(table.rows, [&](const Row& row) {
                return !truth_of(evaluate(pipe.condition, row, now)).value_or(false);
            });
            break;
        case Pipe::Kind::project:
        case Pipe::Kind::extend:
            assign(pipe, table, now);
            break;
        case Pipe::Kind::project_away:
            for (const NamedExpression& column : pipe.columns) {
                std::erase(table.columns, column.name);
                for (Row& row : table.rows) {
                    std::erase_if(row, [&](const auto& each) { return each.first == column.name; });
                }
            }
            break;
        case Pipe::Kind::take:
            table.rows.resize(std::min<std::size_t>(table.rows.size(), pipe.count));
            break;
        case Pipe::Kind::sort:
            sort_rows(pipe, table, now);
            break;
        case Pipe::Kind::top:
            sort_rows(pipe, table, now);
            table.rows.resize(std::min<std::size_t>(table.rows.size(), pipe.count));
            break;
        case Pipe::Kind::distinct:
        case Pipe::Kind::summarize:
            summarize(pipe, table, now);
            break;
        case Pipe::Kind::count: {
            Row row;
            set(row, "Count", make(T::integer, static_cast<long long>(table.rows.size())));
            table = {false, {"Count"}, {row}};
            break;
        }
        case Pipe::Kind::rare:
        case Pipe::Kind::facets:
        case Pipe::Kind::sequence: // those have tests of their own
        case Pipe::Kind::around:
        case Pipe::Kind::process_tree:
        case Pipe::Kind::expand:
        case Pipe::Kind::parse:
        case Pipe::Kind::join:
        case Pipe::Kind::lookup:
        case Pipe::Kind::tail:
            std::abort();
        }
    }
    return table;
}

} // namespace canhgac::storage::reference
