// Random queries over random events: the steps of the product give what the plain ones give.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "tests/unit/storage/query_reference.hpp"
#include "tests/unit/storage/query_samples.hpp"

namespace canhgac::storage {
namespace {

constexpr common::Nanos kNow = 1'795'305'600'000'000'000;

/// Writes queries as text. Columns have a kind, so that most queries have the right types.
class QueryWriter {
public:
    explicit QueryWriter(std::mt19937& random) : random_(random) {}

    std::string query() {
        columns_ = {{"n", 'n'}, {"r", 'n'}, {"t", 'n'},     {"s", 's'},      {"host", 's'},
                    {"u", 'u'}, {"b", 'b'}, {"_time", 'd'}, {"missing", 's'}};
        open_ = true;
        std::string text = "*";
        for (std::size_t steps = 1 + below(4); steps > 0; --steps) {
            text += " | " + step();
        }
        return text;
    }

private:
    std::size_t below(std::size_t limit) { return random_() % limit; }
    template <typename... Texts>
    std::string one_of(Texts... texts) {
        const std::vector<std::string> all{texts...};
        return all[below(all.size())];
    }
    std::string column(const std::string& kinds) {
        std::vector<std::string> fitting;
        for (const auto& [name, kind] : columns_) {
            if (kinds.find(kind) != std::string::npos) { fitting.push_back(name); }
        }
        return fitting.empty() ? "" : fitting[below(fitting.size())];
    }
    std::string any_column() { return columns_[below(columns_.size())].first; }
    std::string or_literal(const std::string& name, const std::string& literal) {
        return name.empty() ? literal : name;
    }

    std::string number(int depth) {
        switch (below(depth > 2 ? 3 : 9)) {
        case 0:
            return one_of("0", "1", "2", "-3", "10", "2.5", "-0.5", "7");
        case 1:
        case 2:
            return or_literal(column("n"), "4");
        case 3:
            return number(depth + 1) + one_of(" + ", " - ", " * ", " / ", " % ") + number(depth + 1);
        case 4:
            return "(" + number(depth + 1) + one_of(" + ", " - ") + number(depth + 1) + ")";
        case 5:
            return "strlen(" + string(depth + 1) + ")";
        case 6:
            return "iff(" + condition(depth + 1) + ", " + number(depth + 1) + ", " + number(depth + 1) + ")";
        case 7:
            return one_of("tolong(", "-(") + number(depth + 1) + ")";
        default:
            return one_of("bin(", "coalesce(") + number(depth + 1) + ", 3)";
        }
    }
    std::string string(int depth) {
        switch (below(depth > 2 ? 3 : 7)) {
        case 0:
            return one_of("'Alpha'", "'alp'", "''", "'beta-1'", "'12'", "'PHA'");
        case 1:
        case 2:
            return or_literal(column("s"), "'Alpha'");
        case 3:
            return "tolower(" + string(depth + 1) + ")";
        case 4:
            return "strcat(" + string(depth + 1) + ", '-', " + string(depth + 1) + ")";
        case 5:
            return "substring(" + string(depth + 1) + ", " + one_of("0", "1", "-2") + one_of("", ", 2", ", 0") + ")";
        default:
            return "case(" + condition(depth + 1) + ", " + string(depth + 1) + ", " + condition(depth + 1) + ", 'c', " +
                   string(depth + 1) + ")";
        }
    }
    std::string condition(int depth) {
        switch (below(depth > 2 ? 6 : 12)) {
        case 0:
            return number(depth + 1) + one_of(" == ", " != ", " < ", " <= ", " > ", " >= ") + number(depth + 1);
        case 1:
            return string(depth + 1) + one_of(" == ", " != ", " =~ ", " !~ ", " < ", " >= ") + string(depth + 1);
        case 2:
            return string(depth + 1) +
                   one_of(" has ", " !has ", " contains ", " !contains ", " startswith ", " !startswith ", " endswith ",
                          " !endswith ") +
                   string(depth + 1);
        case 3:
            return or_literal(column("bu"), "true") + one_of(" == ", " != ") + one_of("true", "'x'", "2", "null");
        case 4:
            return number(depth + 1) + one_of(" in ", " !in ") + "(1, " + number(depth + 1) + ", 7)";
        case 5:
            return one_of("isnull(", "isnotnull(", "isempty(") + any_column() + ")";
        case 6:
            return "(" + condition(depth + 1) + one_of(" and ", " or ") + condition(depth + 1) + ")";
        case 7:
            return "not " + condition(depth + 1);
        case 8:
            return string(depth + 1) + one_of(" in~ ", " !in~ ", " has_any ", " has_all ") + "('ALPHA', 'beta', " +
                   string(depth + 1) + ")";
        case 9:
            return number(depth + 1) + one_of(" between ", " !between ") + "(-1 .. " + number(depth + 1) + ")";
        case 10: {
            const std::string time = column("d");
            return time.empty() ? "true"
                                : time + one_of(" > ", " <= ") + one_of("ago(5m)", "now() - 90s", "ago(1h) + 57m");
        }
        default:
            return or_literal(column("u"), "'x'") + one_of(" has ", " contains ", " == ", " > ") +
                   one_of("'x'", "2", "'Y1'");
        }
    }
    /// Of any kind; says which.
    std::pair<std::string, char> value() {
        switch (below(6)) {
        case 0:
            return {number(1), 'n'};
        case 1:
            return {string(1), 's'};
        case 2:
            return {condition(1), 'b'};
        case 3: {
            const std::string time = column("d");
            if (time.empty()) { return {"now()", 'd'}; }
            return {one_of("bin(" + time + ", 2m)", time + " - 30s", "ago(1m)"), 'd'};
        }
        case 4: {
            const std::string time = column("d");
            if (time.empty()) { return {"5m", 'p'}; }
            return {one_of("now() - " + time, "(now() - " + time + ") / 7", "2.5 * 3s", "(now() - " + time + ") % 1m"),
                    'p'};
        }
        default: {
            const auto& any = columns_[below(columns_.size())];
            return any;
        }
        }
    }
    std::string keys() {
        std::string text;
        for (std::size_t n = 1 + below(2); n > 0; --n) {
            text += (text.empty() ? "" : ", ") + one_of(any_column(), number(2), string(2)) +
                    one_of("", " asc", " desc") + one_of("", "", " nulls first", " nulls last");
        }
        return text;
    }
    void put(const std::string& name, char kind) {
        for (auto& column : columns_) {
            if (column.first == name) {
                column.second = kind;
                return;
            }
        }
        columns_.emplace_back(name, kind);
    }
    void close(std::vector<std::pair<std::string, char>> columns) {
        columns_ = std::move(columns);
        open_ = false;
    }

    std::string step() {
        switch (below(12)) {
        case 0:
        case 1:
        case 2:
            return "where " + condition(0);
        case 3:
            return extend();
        case 4:
            return project();
        case 5:
            return "take " + one_of("1", "3", "100");
        case 6:
            return "sort by " + keys();
        case 7:
            return "top " + one_of("1", "2", "5") + " by " + one_of(any_column(), number(2)) +
                   one_of("", " asc", " desc");
        case 8:
            if (below(2) == 0) { return window(); }
            if (below(2) == 0) {
                close({{"Count", 'n'}});
                return "count";
            }
            [[fallthrough]];
        case 9: {
            const auto first = columns_[below(columns_.size())];
            const auto second = columns_[below(columns_.size())];
            close({first});
            if (first.first == second.first) { return "distinct " + first.first; }
            put(second.first, second.second);
            return "distinct " + first.first + ", " + second.first;
        }
        default:
            return summarize();
        }
    }
    std::string extend() {
        const std::string name = one_of("e1", "e2", "n", "s");
        const auto [text, kind] = value();
        put(name, kind);
        return "extend " + name + " = " + text;
    }
    std::string window() {
        const std::string name = one_of("w1", "w2");
        const std::string numbers = column("n");
        const std::string time = column("d");
        const std::string group = below(2) == 0 ? "" : " by " + any_column();
        if (!time.empty() && below(2) == 0) {
            put(name, 'p');
            return "extend " + name + " = " + time + " - prev(" + time + ")" + group;
        }
        if (numbers.empty()) { return "where true"; }
        put(name, 'n');
        return "extend " + name + " = " + numbers + " + " + one_of("prev(", "next(") + numbers + ")" + group;
    }
    std::string project() {
        std::vector<std::pair<std::string, char>> made;
        std::string text;
        for (std::size_t n = 1 + below(3); n > 0; --n) {
            const auto [expression, kind] = value();
            const std::string name = "p" + std::to_string(n);
            text += (text.empty() ? "" : ", ") + name + " = " + expression;
            made.emplace_back(name, kind);
        }
        close(std::move(made));
        return "project " + text;
    }
    std::pair<std::string, char> aggregate() {
        switch (below(8)) {
        case 0:
            return {"count()", 'n'};
        case 1:
            return {"countif(" + condition(1) + ")", 'n'};
        case 2:
            return {"dcount(" + any_column() + ")", 'n'};
        case 3: {
            const std::string span = column("np");
            return {one_of("sum(", "avg(", "stdev(") + or_literal(span, "1") + ")", 'x'};
        }
        case 4:
            return {one_of("min(", "max(", "take_any(") + any_column() + ")", 'x'};
        case 5:
            return {"percentile(" + or_literal(column("np"), "2") + ", " + one_of("0", "50", "95", "99.9", "100") + ")",
                    'x'};
        case 6:
            return {"make_set(" + any_column() + one_of("", ", 2") + ")", 'u'};
        default:
            return {one_of("arg_max(", "arg_min(") + any_column() + ")", 'x'};
        }
    }
    std::string summarize() {
        std::vector<std::pair<std::string, char>> made;
        std::string by;
        for (std::size_t n = below(3); n > 0; --n) {
            const auto [expression, kind] = value();
            const std::string name = "k" + std::to_string(n);
            by += (by.empty() ? " by " : ", ") + name + " = " + expression;
            made.emplace_back(name, kind);
        }
        std::string text = "summarize ";
        const std::size_t count = 1 + below(2);
        for (std::size_t n = 0; n < count; ++n) {
            const auto [expression, kind] = aggregate();
            const std::string name = "a" + std::to_string(n);
            text += (n == 0 ? "" : ", ") + name + " = " + expression;
            made.emplace_back(name, kind == 'x' ? 's' : kind);
        }
        close(std::move(made));
        return text + by;
    }

    std::mt19937& random_;
    std::vector<std::pair<std::string, char>> columns_;
    bool open_ = true;
};

/// A few events; values from small sets, so that groups and equal keys occur.
std::vector<SampleEvent> random_events(std::mt19937& random) {
    const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
    std::vector<SampleEvent> events(random() % 7);
    for (SampleEvent& event : events) {
        event.time = kNow - static_cast<common::Nanos>(random() % 600) * common::kSecond;
        const auto add = [&](const char* name, std::string text, event::ValueType type) {
            if (random() % 8 != 0) { event.fields.push_back({name, std::move(text), type}); }
        };
        using enum event::ValueType;
        add("n", pick({"0", "1", "2", "-5", "40"}), integer);
        add("r", pick({"0.5", "2.25", "-1.75"}), real);
        add("t", pick({"3", "12", "1.5", "x"}), string);
        add("s", pick({"Alpha", "alpha", "beta-1", "", "true"}), string);
        add("host.name", pick({"h1", "H1", "h2"}), string);
        add("b", pick({"true", "false"}), boolean);
        for (std::size_t count = random() % 3; count > 0; --count) {
            add("u", pick({"x", "Y1", "y2"}), string);
        }
    }
    return events;
}

reference::Value plain(const QueryValue& value) {
    reference::Value result;
    result.type = value.type();
    switch (value.type()) {
    case QueryType::real:
        result.real = value.real();
        break;
    case QueryType::string:
        result.text = value.text();
        break;
    case QueryType::list:
        for (const QueryValue& item : value.items()) {
            result.items.push_back(plain(item));
        }
        break;
    default:
        result.number = value.number();
    }
    return result;
}

reference::Row plain(const SampleEvent& event) {
    reference::Row row;
    reference::Value time;
    time.type = QueryType::datetime;
    time.number = event.time;
    row.emplace_back("@timestamp", time);
    for (const SampleField& field : event.fields) {
        const reference::Value value = plain(value_of(event::Field(event::FieldId{}, field.text, field.type)));
        const auto known =
            std::find_if(row.begin(), row.end(), [&](const auto& each) { return each.first == field.name; });
        if (known == row.end()) {
            row.emplace_back(field.name, value);
        } else if (known->second.type == QueryType::list) {
            known->second.items.push_back(value);
        } else {
            reference::Value list;
            list.type = QueryType::list;
            list.items = {known->second, value};
            known->second = list;
        }
    }
    return row;
}

bool agree(const reference::Value& want, const reference::Value& got) {
    if (want.type == QueryType::real && got.type == QueryType::real) {
        return std::fabs(want.real - got.real) <= 1e-9 * std::max({1.0, std::fabs(want.real), std::fabs(got.real)});
    }
    if (want.type == QueryType::timespan && got.type == QueryType::timespan) {
        return std::llabs(want.number - got.number) <= 1 + std::llabs(want.number) / 1'000'000'000'000;
    }
    if (want.type == QueryType::list && got.type == QueryType::list) {
        return std::equal(want.items.begin(), want.items.end(), got.items.begin(), got.items.end(), agree);
    }
    return want.type == got.type && reference::order(want, got) == 0;
}

class QueryDifferential : public testing::Test {
protected:
    void compare(const ParsedQuery& query, const QueryProgram& program, const std::vector<SampleEvent>& events) {
        KeepingSink sink;
        QueryRunOptions options;
        options.now = kNow;
        QueryRun run(program, sink, options);
        std::vector<reference::Row> rows;
        bool more = true;
        for (const SampleEvent& event : events) {
            rows.push_back(plain(event));
            if (more) {
                more = with_event(event, 0, [&](const event::StoredEvent& each) { return run.feed(each); });
            }
        }
        ASSERT_TRUE(run.finish());
        const reference::Table want = reference::run(query.pipes, rows, kNow);
        ASSERT_EQ(want.events, program.events);
        ASSERT_EQ(want.rows.size(), sink.rows.size());
        ASSERT_EQ(want.columns.size(), program.columns.size());
        for (std::size_t i = 0; i < want.rows.size(); ++i) {
            for (std::size_t c = 0; c < want.columns.size(); ++c) {
                ASSERT_EQ(want.columns[c], program.columns[c].name);
                reference::Value value;
                for (const auto& [name, each] : want.rows[i]) {
                    if (name == want.columns[c]) { value = each; }
                }
                const QueryValue got = sink.rows[i].values()[c];
                ASSERT_TRUE(agree(value, plain(got)))
                    << "row " << i << " column " << want.columns[c] << ": " << row_text(sink.rows[i]);
                const QueryType type = program.columns[c].type;
                ASSERT_TRUE(type == QueryType::any || got.is_null() || got.type() == type)
                    << want.columns[c] << " is " << to_string(got.type()) << ", not " << to_string(type);
            }
        }
    }
};

#ifdef __SANITIZE_THREAD__ // one thread: there is nothing to see, slowly
constexpr std::size_t kEvaluations = 5'000;
#else
constexpr std::size_t kEvaluations = 100'000;
#endif

TEST_F(QueryDifferential, AHundredThousandEvaluationsAgree) {
    std::mt19937 random(20'261'127);
    QueryWriter writer(random);
    std::vector<std::vector<SampleEvent>> data;
    for (int i = 0; i < 200; ++i) {
        data.push_back(random_events(random));
    }
    std::size_t evaluations = 0;
    std::size_t queries = 0;
    std::size_t refused = 0;
    while (evaluations < kEvaluations) {
        const std::string text = writer.query();
        const auto query = parse_query(text);
        if (!query) { // the writer does not know every type
            ++refused;
            ASSERT_LT(refused, 2'000 + queries) << text << ": " << describe(query.error());
            continue;
        }
        ++queries;
        const auto program = plan_pipes(query->pipes);
        ASSERT_TRUE(program);
        for (int i = 0; i < 10; ++i, ++evaluations) {
            const auto& events = data[random() % data.size()];
            compare(*query, *program, events);
            if (HasFatalFailure()) { FAIL() << text; }
        }
    }
    RecordProperty("queries", static_cast<int>(queries));
}

} // namespace
} // namespace canhgac::storage
