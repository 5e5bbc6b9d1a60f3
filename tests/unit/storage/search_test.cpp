/// Queries, scans, tails and drops on a store.
#include <random>

#include <gmock/gmock.h>

#include "tests/unit/storage/store_fixture.hpp"
#include "text/fold.hpp"

namespace canhgac::storage {
namespace {

using event::Filter;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Filter leaf(Filter::Kind kind, std::string field, std::string pattern) {
    Filter filter;
    filter.kind = kind;
    filter.field = std::move(field);
    filter.pattern = std::move(pattern);
    return filter;
}
Filter glob(std::string field, std::string pattern) {
    return leaf(Filter::Kind::glob, std::move(field), std::move(pattern));
}
Filter compare(std::string field, Filter::Op op, double number) {
    Filter filter = leaf(Filter::Kind::compare, std::move(field), "");
    filter.op = op;
    filter.number = number;
    return filter;
}
Filter node(Filter::Kind kind, std::vector<Filter> children) {
    Filter filter;
    filter.kind = kind;
    filter.children = std::move(children);
    return filter;
}

class SearchTest : public StoreTest {
protected:
    void SetUp() override { open(); }
    std::vector<std::string> find(Filter filter) {
        event::QueryPlan plan;
        plan.filter = std::move(filter);
        return query(plan);
    }
};

TEST_F(SearchTest, NewestFirstAcrossOverlappingBlocksAndDays) {
    for (const int hour : {5, 1, 30, 3, 29, 2}) { // not in time order
        event::EventBatch batch;
        const common::Nanos time = samples::kStart + hour * common::kHour;
        samples::add(batch, *names_, time, "late " + std::to_string(hour), {});
        samples::add(batch, *names_, time - 25 * common::kHour, "early " + std::to_string(hour), {});
        ASSERT_TRUE(append(batch));
    }
    EXPECT_THAT(find({}), ElementsAre("late 30", "late 29", "early 30", "late 5", "early 29", "late 3", "late 2",
                                      "late 1", "early 5", "early 3", "early 2", "early 1"));
    event::QueryPlan plan;
    plan.limit = 3;
    EXPECT_THAT(query(plan), ElementsAre("late 30", "late 29", "early 30"));
    plan.from = samples::kStart + 2 * common::kHour;
    plan.to = samples::kStart + 5 * common::kHour;
    plan.limit = 10;
    EXPECT_THAT(query(plan), ElementsAre("early 29", "late 3", "late 2"));
}

TEST_F(SearchTest, FieldsAreComparedAsTheQuerySays) {
    ASSERT_TRUE(
        append_one("a", samples::kStart, {{"EventID", "4625"}, {"Computer", "DC01.ubnd.vn"}, {"ip", "10.1.2.3"}}));
    ASSERT_TRUE(
        append_one("b", samples::kStart + 1, {{"EventID", "4624"}, {"Computer", "WS-7"}, {"ip", "192.168.0.9"}}));
    ASSERT_TRUE(
        append_one("c", samples::kStart + 2, {{"message", "Đăng nhập THẤT BẠI"}, {"tags", "x"}, {"tags", "y"}}));
    EXPECT_THAT(find(glob("EventID", "4625")), ElementsAre("a"));
    EXPECT_THAT(find(glob("EventID", "462?")), ElementsAre("b", "a"));
    EXPECT_THAT(find(glob("Computer", "dc01*")), ElementsAre("a"));
    EXPECT_THAT(find(glob("Computer", "dc01")), IsEmpty());
    EXPECT_THAT(find(glob("Computer", "*")), ElementsAre("b", "a"));
    EXPECT_THAT(find(glob("message", "*đăng nhập thất bại")), ElementsAre("c"));
    EXPECT_THAT(find(leaf(Filter::Kind::phrase, "message", "nhập thất")), ElementsAre("c"));
    EXPECT_THAT(find(glob("tags", "Y")), ElementsAre("c"));
    EXPECT_THAT(find(glob("never", "*")), IsEmpty());
    EXPECT_THAT(find(node(Filter::Kind::negation, {glob("never", "*")})), ElementsAre("c", "b", "a"));
    EXPECT_THAT(find(compare("EventID", Filter::Op::greater, 4624)), ElementsAre("a"));
    EXPECT_THAT(find(compare("EventID", Filter::Op::less_equal, 4625)), ElementsAre("b", "a"));
    EXPECT_THAT(find(leaf(Filter::Kind::cidr, "ip", "10.0.0.0/8")), ElementsAre("a"));
    EXPECT_THAT(find(leaf(Filter::Kind::cidr, "", "192.168.0.0/16")), ElementsAre("b"));
    EXPECT_THAT(find(leaf(Filter::Kind::regex, "Computer", "^ws-\\d$")), ElementsAre("b"));
    EXPECT_THAT(find(node(Filter::Kind::conjunction,
                          {glob("EventID", "46*"), node(Filter::Kind::negation, {glob("Computer", "WS*")})})),
                ElementsAre("a"));
    EXPECT_THAT(find(node(Filter::Kind::disjunction, {glob("tags", "x"), glob("EventID", "4624")})),
                ElementsAre("c", "b"));
}

TEST_F(SearchTest, WordsLookEverywhere) {
    ASSERT_TRUE(append_one("user=root cmd=mimikatz.exe", samples::kStart, {{"user.name", "root"}, {"note", "Copied"}}));
    ASSERT_TRUE(append_one("Tiếng Việt có dấu", samples::kStart + 1, {{"note", "MIMIKATZ"}}));
    EXPECT_THAT(find(glob("", "Mimikatz")), ElementsAre("Tiếng Việt có dấu", "user=root cmd=mimikatz.exe"));
    EXPECT_THAT(find(glob("", "cmd=mimi*exe")), ElementsAre("user=root cmd=mimikatz.exe"));
    EXPECT_THAT(find(glob("", "TIẾNG VIỆT")), ElementsAre("Tiếng Việt có dấu"));
    EXPECT_THAT(find(leaf(Filter::Kind::phrase, "", "COPIED")), ElementsAre("user=root cmd=mimikatz.exe"));
    EXPECT_THAT(find(leaf(Filter::Kind::regex, "", "r[o0]{2}t cmd")), ElementsAre("user=root cmd=mimikatz.exe"));
    EXPECT_THAT(find(glob("", "rootcmd")), IsEmpty()) << "nothing is found across the borders of lines and values";
    event::EventBatch batch;
    samples::add(batch, *names_, samples::kStart, "abc", {});
    samples::add(batch, *names_, samples::kStart, "def", {});
    ASSERT_TRUE(append(batch));
    EXPECT_THAT(find(glob("", "cd")), IsEmpty());
}

TEST_F(SearchTest, ABackslashAtTheEndOfAWordIsOne) {
    ASSERT_TRUE(append_one(R"(dir C:\Temp\x)", samples::kStart, {}));
    ASSERT_TRUE(append_one(R"(dir C:\Temp*)", samples::kStart + 1, {}));
    EXPECT_THAT(find(glob("", R"(c:*temp\)")), ElementsAre(R"(dir C:\Temp\x)"));
    EXPECT_THAT(find(glob("", R"(c:*temp\\)")), ElementsAre(R"(dir C:\Temp\x)"));
    EXPECT_THAT(find(glob("", R"(c:*temp\*)")), ElementsAre(R"(dir C:\Temp*)"));
}

TEST_F(SearchTest, EnvelopeNamesAreFields) {
    const auto source = store_->sources().intern({"10.9.8.7", "fw01"}, 1);
    event::EventBatch batch;
    samples::add(batch, *names_, samples::kStart, "first", {}, static_cast<std::uint32_t>(source));
    samples::add(batch, *names_, samples::kStart + common::kSecond, "second", {{"log.source", "named"}});
    ASSERT_TRUE(append(batch));
    EXPECT_THAT(find(glob("log.source", "10.9.8.7/*")), ElementsAre("first"));
    EXPECT_THAT(find(glob("log.source", "named")), ElementsAre("second"));
    EXPECT_THAT(find(glob("event.id", "1.1")), ElementsAre("second"));
    EXPECT_THAT(find(glob("event.original", "fir*")), ElementsAre("first"));
    EXPECT_THAT(find(glob("@timestamp", "2026-11-22T00:00:01*")), ElementsAre("second"));
    EXPECT_THAT(find(compare("@timestamp", Filter::Op::greater, static_cast<double>(samples::kStart) + 5e8)),
                ElementsAre("second"));
    EXPECT_THAT(find(compare("event.ingested", Filter::Op::less, static_cast<double>(samples::kStart))), IsEmpty());
}

TEST_F(SearchTest, BadPatternsAreErrors) {
    event::QueryPlan plan;
    plan.filter = leaf(Filter::Kind::regex, "", "(");
    const auto visit = [](const event::StoredEvent&) { return true; };
    EXPECT_EQ(store_->events().query(plan, visit).error(), std::errc::invalid_argument);
    plan.filter = leaf(Filter::Kind::cidr, "", "10.0.0.1/8");
    EXPECT_EQ(store_->events().query(plan, visit).error(), std::errc::invalid_argument);
}

TEST_F(SearchTest, ZonesAndDaysPruneAndCancelStops) {
    for (int day = 0; day < 4; ++day) {
        for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE(append_one("x", samples::kStart + day * common::kDay + i, {{"f" + std::to_string(day), "v"}}));
        }
    }
    event::QueryPlan plan;
    plan.filter = glob("f2", "v");
    const auto visit = [](const event::StoredEvent&) { return true; };
    const auto stats = store_->events().query(plan, visit);
    ASSERT_TRUE(stats);
    EXPECT_EQ(stats->blocks_total, 20U);
    EXPECT_EQ(stats->blocks_pruned, 15U);
    EXPECT_EQ(stats->rows_matched, 5U);
    plan.filter = {};
    plan.from = samples::kStart + 3 * common::kDay;
    EXPECT_EQ(store_->events().query(plan, visit)->rows_scanned, 5U);
    const std::atomic<bool> cancelled{true};
    const auto stopped = store_->events().query(plan, visit, &cancelled);
    ASSERT_TRUE(stopped);
    EXPECT_TRUE(stopped->stopped_early);
    EXPECT_EQ(stopped->rows_matched, 0U);
    plan.limit = 2;
    EXPECT_LE(store_->events().query(plan, visit)->rows_scanned, 3U) << "a limit stops early";
}

TEST_F(SearchTest, TooMuchToOrderIsAnErrorNotAnOutOfMemory) {
    options_.query_bytes = 4096;
    open();
    event::EventBatch batch;
    for (int i = 0; i < 200; ++i) {
        samples::add(batch, *names_, samples::kStart + i, std::string(100, 'x'), {});
    }
    ASSERT_TRUE(append(batch));
    event::QueryPlan plan;
    EXPECT_EQ(store_->events().query(plan, [](const event::StoredEvent&) { return true; }).error(),
              std::errc::not_enough_memory);
    plan.limit = 5;
    EXPECT_EQ(query(plan).size(), 5U);
}

TEST_F(SearchTest, TailGoesOnWhereItStopped) {
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(append_one("line " + std::to_string(i), samples::kStart - i * common::kDay));
    }
    std::vector<std::string> lines;
    const auto visit = [&lines](const event::StoredEvent& event) {
        lines.emplace_back(event.raw);
        return true;
    };
    EXPECT_EQ(store_->events().tail(0, {}, 2, visit).value(), 2U);
    EXPECT_EQ(store_->events().tail(2, glob("", "line"), 100, visit).value(), 5U);
    EXPECT_EQ(store_->events().tail(5, {}, 100, visit).value(), 5U);
    EXPECT_THAT(lines, ElementsAre("line 0", "line 1", "line 2", "line 3", "line 4"));
}

TEST_F(SearchTest, DropForgetsADayAndNothingElse) {
    const auto day = static_cast<std::int32_t>(samples::kStart / common::kDay);
    ASSERT_TRUE(append_one("whole", samples::kStart + common::kHour));
    event::EventBatch mixed;
    samples::add(mixed, *names_, samples::kStart - 1, "before", {});
    samples::add(mixed, *names_, samples::kStart, "first moment", {});
    samples::add(mixed, *names_, samples::kStart + common::kDay - 1, "last moment", {});
    samples::add(mixed, *names_, samples::kStart + common::kDay, "after", {});
    ASSERT_TRUE(append(mixed));
    ASSERT_TRUE(append_one("other day", samples::kStart - 5 * common::kDay));
    ASSERT_TRUE(store_->events().drop(day, test_order));
    EXPECT_THAT(everything(), ElementsAre("before", "after", "other day"));
    EXPECT_THAT(find({}), ElementsAre("after", "before", "other day"));
    ASSERT_TRUE(append_one("late comer", samples::kStart + 2));
    EXPECT_THAT(find({}), ElementsAre("after", "late comer", "before", "other day"));
    auto report = store_->verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
    EXPECT_EQ(report->expired, 1U);

    open();
    EXPECT_THAT(find({}), ElementsAre("after", "late comer", "before", "other day"));
    ASSERT_TRUE(store_->events().drop(day + 1, test_order));
    ASSERT_TRUE(store_->events().drop(day - 1, test_order));
    EXPECT_THAT(find({}), ElementsAre("late comer", "other day"));
    report = store_->verify();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
    EXPECT_EQ(report->expired, 2U);
    EXPECT_EQ(store_->events().drop(-1, test_order).error(), std::errc::invalid_argument);

    options_.may_drop = [](std::int32_t) { return false; };
    open();
    EXPECT_EQ(store_->events().drop(day, test_order).error(), std::errc::operation_not_permitted);
    EXPECT_THAT(find({}), ElementsAre("late comer", "other day"));
}

/// The filter again, on strings alone, without any of the store's shortcuts.
bool plainly(const Filter& filter, const std::string& raw, const std::map<std::string, std::string>& fields) {
    switch (filter.kind) {
    case Filter::Kind::all:
        return true;
    case Filter::Kind::conjunction:
        return std::all_of(filter.children.begin(), filter.children.end(),
                           [&](const Filter& child) { return plainly(child, raw, fields); });
    case Filter::Kind::disjunction:
        return std::any_of(filter.children.begin(), filter.children.end(),
                           [&](const Filter& child) { return plainly(child, raw, fields); });
    case Filter::Kind::negation:
        return !plainly(filter.children.front(), raw, fields);
    default:
        break;
    }
    const auto has = [&filter](const std::string& text) {
        return text::fold(text).find(text::fold(filter.pattern)) != std::string::npos;
    };
    if (filter.field.empty()) {
        return has(raw) ||
               std::any_of(fields.begin(), fields.end(), [&has](const auto& each) { return has(each.second); });
    }
    const auto found = fields.find(filter.field);
    return found != fields.end() && has(found->second);
}

TEST_F(SearchTest, RandomFiltersAgreeWithAPlainScan) {
    std::mt19937 random(7);
    const std::vector<std::string> words = {"root", "Admin", "K", "\u212A", "straße",
                                            "đăng", "ĐĂNG",  "a", "4625",   "x y"};
    std::vector<std::pair<std::string, std::map<std::string, std::string>>> events;
    event::EventBatch batch;
    for (int i = 0; i < 400; ++i) {
        std::string raw;
        std::map<std::string, std::string> fields;
        for (int part = 0; part < 3; ++part) {
            raw += words[random() % words.size()] + " ";
        }
        for (const char* name : {"f", "g", "h"}) {
            if (random() % 2 == 0) { fields[name] = words[random() % words.size()] + std::to_string(random() % 3); }
        }
        event::Event& event = batch.begin();
        event.time = samples::kStart + i;
        event.raw = batch.arena().copy(raw);
        for (const auto& [name, value] : fields) {
            batch.add(names_->intern(name), batch.arena().copy(value));
        }
        batch.finish();
        events.emplace_back(raw, fields);
        if (random() % 20 == 0) {
            ASSERT_TRUE(append(batch));
            batch.reset();
        }
    }
    if (!batch.empty()) { ASSERT_TRUE(append(batch)); }
    std::function<Filter(int)> make = [&](int depth) -> Filter {
        const auto kind = random() % (depth == 0 ? 2 : 5);
        if (kind < 2) {
            const char* const names[] = {"", "f", "g", "h", "unknown"};
            return leaf(Filter::Kind::phrase, names[random() % 5], words[random() % words.size()]);
        }
        if (kind == 2) { return node(Filter::Kind::negation, {make(depth - 1)}); }
        return node(kind == 3 ? Filter::Kind::conjunction : Filter::Kind::disjunction,
                    {make(depth - 1), make(depth - 1)});
    };
    for (int round = 0; round < 300; ++round) {
        const Filter filter = make(3);
        std::vector<std::string> wanted;
        for (auto event = events.rbegin(); event != events.rend(); ++event) {
            if (plainly(filter, event->first, event->second)) { wanted.push_back(event->first); }
        }
        ASSERT_EQ(find(filter), wanted) << "round " << round;
    }
}

} // namespace
} // namespace canhgac::storage
