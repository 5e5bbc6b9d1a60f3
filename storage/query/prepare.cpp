#include "storage/query/prepare.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "storage/query/push_down.hpp"

namespace canhgac::storage {

namespace {

using event::Filter;
using AlertFilters = std::map<std::string, Filter, std::less<>>;

Filter time_bound(Filter::Op op, common::Nanos time) {
    Filter filter;
    filter.kind = Filter::Kind::compare;
    filter.field = "@timestamp";
    filter.op = op;
    filter.number = static_cast<double>(time);
    return filter;
}

/// The events of a set, and the time they are in, which lets the store pass over the rest.
Filter filter_of(const event::EventSet& set) {
    std::vector<Filter> ids;
    for (const event::EventId id : set.events) {
        Filter& each = ids.emplace_back();
        each.kind = Filter::Kind::glob;
        each.field = "event.id";
        each.pattern = fmt::format("{}.{}", id.seq, id.index);
    }
    common::Nanos from = set.from;
    common::Nanos to = set.to;
    static_cast<void>(__builtin_sub_overflow(set.from, kAlertSlack, &from));
    static_cast<void>(__builtin_add_overflow(set.to, kAlertSlack, &to));
    return both(both(time_bound(Filter::Op::greater_equal, from), time_bound(Filter::Op::less_equal, to)),
                either(std::move(ids)));
}

void replace_alerts(Filter& filter, const AlertFilters& alerts) {
    if (filter.kind == Filter::Kind::alert) {
        const auto found = alerts.find(filter.pattern);
        if (found != alerts.end()) { filter = Filter(found->second); }
        return;
    }
    for (Filter& child : filter.children) {
        replace_alerts(child, alerts);
    }
}

void replace_alerts(ParsedQuery& query, const AlertFilters& alerts) {
    replace_alerts(query.filter, alerts);
    for (Pipe& pipe : query.pipes) {
        for (SequencePart& part : pipe.parts) {
            replace_alerts(part.filter, alerts);
        }
        for (ParsedQuery& right : pipe.right) {
            replace_alerts(right, alerts);
        }
    }
}

/// A table that is not there, with the names of those that are.
std::optional<QueryProblem> missing_table(const Pipeline& pipes, const event::LookupSource* tables) {
    for (const Pipe& pipe : pipes) {
        for (const ParsedQuery& right : pipe.right) {
            if (auto problem = missing_table(right.pipes, tables)) { return problem; }
        }
        if (pipe.kind != Pipe::Kind::lookup) { continue; }
        if (tables == nullptr) { return QueryProblem{QueryErrc::no_rules, pipe.at}; }
        if (tables->table(pipe.table) != nullptr) { continue; }
        std::string names;
        for (const std::string& name : tables->names()) {
            names += (names.empty() ? "" : ", ") + name;
        }
        return QueryProblem{QueryErrc::unknown_table, pipe.at, names.empty() ? "none" : names};
    }
    return std::nullopt;
}

std::optional<QueryProblem> find_rule(const QueryReference& reference, const QuerySources& sources,
                                      PreparedQuery& out) {
    if (sources.rules == nullptr) { return QueryProblem{QueryErrc::no_rules, reference.at}; }
    if (out.rules.contains(reference.name)) { return std::nullopt; }
    std::shared_ptr<event::EventPredicate> rule = sources.rules->find(reference.name);
    if (rule == nullptr) { return QueryProblem{QueryErrc::unknown_rule, reference.at}; }
    out.rules.emplace(reference.name, std::move(rule));
    return std::nullopt;
}

std::optional<QueryProblem> find_sources(const QuerySources& sources, PreparedQuery& out) {
    AlertFilters alerts;
    for (const QueryReference& reference : out.query.references) {
        if (reference.kind == Filter::Kind::rule) {
            if (auto problem = find_rule(reference, sources, out)) { return problem; }
            continue;
        }
        if (sources.alerts == nullptr) { return QueryProblem{QueryErrc::no_rules, reference.at}; }
        const auto set = sources.alerts->find(reference.name);
        if (!set) { return QueryProblem{QueryErrc::unknown_alert, reference.at}; }
        alerts.emplace(reference.name, filter_of(*set));
    }
    replace_alerts(out.query, alerts);
    return missing_table(out.query.pipes, sources.tables);
}

} // namespace

common::Result<PreparedQuery, QueryError> prepare_query(std::string_view text, const QuerySources& sources) {
    auto query = parse_query(text);
    if (!query) { return common::fail(std::move(query.error())); }
    PreparedQuery result;
    result.query = std::move(*query);
    if (auto problem = find_sources(sources, result)) { return common::fail(locate(text, std::move(*problem))); }
    auto program = plan_pipes(result.query.pipes);
    if (!program) { return common::fail(locate(text, std::move(program.error()))); }
    result.program = std::move(*program);
    return result;
}

} // namespace canhgac::storage
