// What steps tell the store changes no answer and saves reading; filters over events mean what they mean in the store.
#include <random>

#include <gmock/gmock.h>

#include "storage/query/exec/event_filter.hpp"
#include "tests/unit/storage/query_store.hpp"

namespace canhgac::storage {
namespace {

constexpr common::Nanos kFirst = samples::kStart;
using event::ValueType;

class PushDownTest : public QueryStoreTest {
protected:
    /// Values that look alike: numbers as texts, lists, marks, wildcards.
    std::vector<SampleEvent> odd_events(std::size_t count) {
        static const std::vector<SampleField> values = {{"", "4625", ValueType::integer},
                                                        {"", "4625"},
                                                        {"", "4625.0", ValueType::real},
                                                        {"", "1e3", ValueType::real},
                                                        {"", "1000"},
                                                        {"", "alpha"},
                                                        {"", "Alpha Beta"},
                                                        {"", "ĐĂNG"},
                                                        {"", "đăng nhập"},
                                                        {"", "true", ValueType::boolean},
                                                        {"", "true"},
                                                        {"", ""},
                                                        {"", "a*b"},
                                                        {"", "a?b\\c"},
                                                        {"", "C:\\Windows\\CMD.exe"},
                                                        {"", "null", ValueType::null},
                                                        {"", "-7", ValueType::integer},
                                                        {"", "9007199254740993", ValueType::integer}};
        std::vector<SampleEvent> events;
        for (std::size_t i = 0; i < count; ++i) {
            SampleEvent event{kFirst + static_cast<common::Nanos>(random_() % 1'000) * common::kSecond,
                              {},
                              "line " + std::to_string(i)};
            for (const char* name : {"a", "b", "c"}) {
                for (std::size_t n = random_() % 5 == 0 ? 2 : random_() % 2; n > 0; --n) {
                    SampleField field = values[random_() % values.size()];
                    field.name = name;
                    if (field.type == ValueType::null) { field.text.clear(); }
                    event.fields.push_back(std::move(field));
                }
            }
            events.push_back(std::move(event));
        }
        return events;
    }
    std::string pick(const std::vector<std::string>& from) { return from[random_() % from.size()]; }
    std::string condition(int depth) {
        static const std::vector<std::string> texts = {"'4625'",    "'alpha'", "'ALPHA'",   "'đăng'",    "'a*b'",
                                                       "@'a?b\\c'", "''",      "'cmd.exe'", "'CMD.exe'", "'beta'",
                                                       "'1e3'",     "'true'",  "']'",       "'5'"};
        static const std::vector<std::string> numbers = {"4625", "1000", "1000.0", "-7", "9007199254740993", "0"};
        const std::string side =
            pick({"a", "b", "c", "c", "tolower(a)", "basename(b)", "tolower(basename(c))", "nope"});
        switch (random_() % (depth > 2 ? 8 : 11)) {
        case 0:
            return side + pick({" == ", " =~ ", " != ", " !~ "}) + pick(texts);
        case 1:
            return pick({"a", "b", "c"}) + pick({" == ", " < ", " <= ", " > ", " >= ", " != "}) + pick(numbers);
        case 2:
            return side + pick({" has ", " contains ", " startswith ", " endswith ", " !has ", " !contains "}) +
                   pick(texts);
        case 3:
            return side + pick({" in (", " in~ (", " !in (", " has_any (", " has_all ("}) + pick(texts) + ", " +
                   pick(texts) + ")";
        case 4:
            return pick({"a", "b", "c"}) + " between (" + pick(numbers) + " .. " + pick(numbers) + ")";
        case 5:
            return pick({"isnull(", "isnotnull(", "isnotempty("}) + side + ")";
        case 6:
            return pick({"_time > ", "_time <= ", "_time == ", "_time < "}) +
                   pick({"datetime(2026-11-22T00:05:00Z)", "ago(1427m)", "now()", "datetime(2026-11-22T00:16:00Z)"});
        case 7:
            return "_time between (datetime(2026-11-22T00:02:00Z) .. ago(23h))";
        case 8:
            return "(" + condition(depth + 1) + " and " + condition(depth + 1) + ")";
        case 9:
            return "(" + condition(depth + 1) + " or " + condition(depth + 1) + ")";
        default:
            return "not (" + condition(depth + 1) + ")";
        }
    }

    std::mt19937 random_{77};
};

TEST_F(PushDownTest, AnswersAreTheSameWithAndWithout) {
    for (int batch = 0; batch < 4; ++batch) {
        store(odd_events(120), batch == 1);
    }
    std::size_t with_rows = 0;
    for (int round = 0; round < 1'500; ++round) {
        std::string text = pick({"*", "line", "a:* OR b:*"}) + " | where " + condition(0);
        if (random_() % 3 == 0) { text += " | where " + condition(1); }
        if (random_() % 8 == 0) {
            text += " | sequence by " + pick({"a", "b, c"}) + " maxspan 5m [a:4625] [* | where " + condition(1) + "]";
        }
        const std::string pushed = ask(text);
        ASSERT_EQ(pushed, ask(text, false)) << text;
        with_rows += pushed.empty() ? 0 : 1;
    }
    EXPECT_GT(with_rows, 500U);
}

TEST_F(PushDownTest, LeavesBlocksUnread) {
    for (int i = 0; i < 12; ++i) {
        store(
            {{kFirst + i * common::kHour, {{"Image", i == 5 ? "C:\\x\\mimikatz.exe" : "C:\\x\\svchost.exe"}}, "line"}},
            true);
    }
    const auto read = [this](const std::string& text) {
        EXPECT_NE(ask(text), "") << text;
        const std::uint64_t pushed = stats_.blocks_total - stats_.blocks_pruned;
        EXPECT_NE(ask(text, false), "");
        EXPECT_EQ(stats_.blocks_total - stats_.blocks_pruned, 12U) << text;
        return pushed;
    };
    EXPECT_EQ(read("* | where tolower(basename(Image)) == 'mimikatz.exe'"), 1U);
    EXPECT_EQ(read("* | where Image contains 'MIMI' and not (Image has 'svchost')"), 1U);
    EXPECT_EQ(read("* | where _time >= datetime(2026-11-22T10:00:00Z) | count"), 2U);
    EXPECT_EQ(read("sequence by Image maxspan 1m [* | where Image endswith 'katz.exe']"), 1U);
    EXPECT_EQ(read("* | where Image =~ 'nothing' or isnotnull(Image) | count"), 12U);
}

/// Random filters: an event passes the one over events exactly if the store finds it.
TEST_F(PushDownTest, FiltersOverEventsMeanWhatTheyMeanInTheStore) {
    store(odd_events(150));
    store(odd_events(150), true);
    const auto leaf = [this]() {
        const std::string field =
            pick({"", "", "a:", "b:", "c:", "_raw:", "event.id:", "_time:", "log.source:", "_received:"});
        return field + pick({"4625", "alpha", "ALPHA", "*", "a\\*b", "?lpha*", "\"đăng\"", "/^c:.*exe$/", "/e 1?4$/",
                             "true", "\"line 1\"", "10.0.0.0/8", "1.14", "*1*"});
    };
    std::size_t found = 0;
    for (int round = 0; round < 800; ++round) {
        std::string text = leaf();
        for (std::size_t n = random_() % 3; n > 0; --n) {
            text = pick(
                {"(" + text + " OR " + leaf() + ")", text + " " + leaf(), "NOT (" + text + ")", text + " a:>=4000"});
        }
        const auto query = parse_query(text);
        ASSERT_TRUE(query) << text << ": " << describe(query.error());
        EventFilter filter(query->filter, {}, &store_->sources());
        std::vector<std::string> expected;
        event::QueryPlan everything;
        everything.limit = UINT64_MAX;
        ASSERT_TRUE(store_->events().query(everything, [&](const event::StoredEvent& event) {
            if (filter.matches(event)) { expected.emplace_back(event.raw); }
            return true;
        }));
        everything.filter = query->filter;
        ASSERT_EQ(this->query(everything), expected) << text;
        found += expected.size();
    }
    EXPECT_GT(found, 10'000U);
}

} // namespace
} // namespace canhgac::storage
