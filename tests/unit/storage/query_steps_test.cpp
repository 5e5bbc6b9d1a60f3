// The steps that read more than a row, over a store.
#include <gmock/gmock.h>

#include "tests/unit/storage/query_store.hpp"

namespace canhgac::storage {
namespace {

using common::kMinute;
using common::kSecond;
using testing::HasSubstr;
constexpr common::Nanos kBegin = samples::kStart;

SampleEvent logon(common::Nanos time, const std::string& id, const std::string& user,
                  const std::string& host = "DC01") {
    return {time,
            {{"EventID", id, event::ValueType::integer}, {"TargetUserName", user}, {"Computer", host}},
            id + " " + user + " " + std::to_string((time - kBegin) / kSecond)};
}

class QuerySequenceTest : public QueryStoreTest {};

TEST_F(QuerySequenceTest, GivesEachMatchOnce) {
    store({logon(kBegin + 30 * kSecond, "4624", "an"), logon(kBegin, "4625", "an"),
           logon(kBegin + 10 * kSecond, "4625", "an"), logon(kBegin + 20 * kSecond, "4625", "binh"),
           logon(kBegin + 40 * kSecond, "4624", "binh"), logon(kBegin + 3 * kMinute, "4624", "an")});
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4625] [EventID:4624]"),
              "binh|2026-11-22T00:00:20Z|2026-11-22T00:00:40Z|00:00:20|[\"1.3\",\"1.4\"]\n"
              "an|2026-11-22T00:00:10Z|2026-11-22T00:00:30Z|00:00:20|[\"1.2\",\"1.0\"]");
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4625] with runs 2 [EventID:4624]"),
              "an|2026-11-22T00:00:00Z|2026-11-22T00:00:30Z|00:00:30|[\"1.1\",\"1.2\",\"1.0\"]");
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 29s [EventID:4625] with runs 2 [EventID:4624]"), "");
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4624] [EventID:4625]"), "");
    EXPECT_EQ(
        ask("* | where Computer == 'DC01' | sequence by Computer maxspan 1h [* | where TargetUserName == 'an'] with "
            "runs 3 [EventID:4624 | where TargetUserName == 'an'] | project Computer, span"),
        "DC01|00:03:00");
    EXPECT_EQ(
        ask("sequence by TargetUserName maxspan 1m [EventID:4625] [EventID:4624] | extend first = tostring(raws) | "
            "project TargetUserName, raws, first"),
        "binh|[\"4625 binh 20\",\"4624 binh 40\"]|[\"4625 binh 20\",\"4624 binh 40\"]\n"
        "an|[\"4625 an 10\",\"4624 an 30\"]|[\"4625 an 10\",\"4624 an 30\"]");
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4625] [EventID:4624] | summarize n = count() by "
                  "Computer = 1 "
                  "| project raws"),
              "1:119: no such column after the steps before");
    EXPECT_EQ(ask("event.id:(1.2 OR 1.0)"), "4624 an 30\n4625 an 10") << "as ids are found again";
    EXPECT_EQ(ask("sequence by Nowhere maxspan 1h [EventID:4625]"), "") << "events without the columns are left out";
}

TEST_F(QuerySequenceTest, EqualTimesAreInTheOrderOfCommit) {
    store({logon(kBegin, "4625", "an"), logon(kBegin, "4624", "an"), logon(kBegin, "4624", "binh"),
           logon(kBegin, "4625", "binh")});
    for (const bool sealed : {false, true}) {
        if (sealed) { ASSERT_TRUE(store_->seal()); }
        EXPECT_EQ(
            ask("sequence by TargetUserName maxspan 1s [EventID:4625] [EventID:4624] | project TargetUserName, ids"),
            "an|[\"1.0\",\"1.1\"]");
        EXPECT_EQ(ask("* | sort by Computer, EventID desc | sequence by TargetUserName maxspan 1s [EventID:4625] "
                      "[EventID:4624] | project TargetUserName, ids"),
                  "an|[\"1.0\",\"1.1\"]")
            << "however the rows come";
    }
}

TEST_F(QuerySequenceTest, KeepsWithinItsMemoryAndEndsWhenAsked) {
    std::vector<SampleEvent> events;
    for (int i = 0; i < 20'000; ++i) {
        events.push_back(logon(kBegin + i, "4625", "u" + std::to_string(i % 7)));
    }
    store(events);
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4625] with runs 100 | count"), "196");
    memory_ = 200'000;
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4625] with runs 100 | count"),
              to_string(QueryRunErrc::memory));
    memory_ = kDefaultQueryMemory;
    const std::atomic<bool> cancelled{true};
    cancelled_ = &cancelled;
    EXPECT_EQ(ask("sequence by TargetUserName maxspan 1m [EventID:4625] | count"), "cancelled");
    EXPECT_EQ(ask("* | around 5m by TargetUserName | count"), "cancelled");
    EXPECT_EQ(ask("* | proctree root='x' id=a parent=b | count"), "cancelled");
    EXPECT_EQ(ask("* | join (* | project a) on a | count"), "cancelled");
}

class QueryAroundTest : public QueryStoreTest {};

TEST_F(QueryAroundTest, GivesWhatHappenedNearHits) {
    std::vector<SampleEvent> events;
    for (int minute = 0; minute < 60; ++minute) {
        events.push_back(logon(kBegin + minute * kMinute, minute == 20 || minute == 24 ? "1102" : "4688", "an",
                               minute % 2 == 0 ? "DC01" : "WS1"));
    }
    store(events);
    EXPECT_EQ(ask("EventID:1102 | around 3m"),
              "4688 an 1620\n4688 an 1560\n4688 an 1500\n1102 an 1440\n4688 an 1380\n4688 an 1320\n4688 an 1260\n"
              "1102 an 1200\n4688 an 1140\n4688 an 1080\n4688 an 1020");
    EXPECT_EQ(ask("EventID:1102 | around 3m by Computer | project EventID, _time"),
              "4688|2026-11-22T00:26:00Z\n1102|2026-11-22T00:24:00Z\n4688|2026-11-22T00:22:00Z\n"
              "1102|2026-11-22T00:20:00Z\n4688|2026-11-22T00:18:00Z");
    EXPECT_EQ(ask("EventID:1102 | take 1 | around 2m by Computer, Nothing | count"), "3")
        << "a column the hit lacks does not count";
    EXPECT_EQ(ask("EventID:1102 | around 2m by Nothing"), "1102 an 1440\n1102 an 1200")
        << "a hit that shares nothing stands alone";
    EXPECT_EQ(ask("EventID:1102 | around 3m | where EventID == 4688 | around 1m | count"), "13");
    EXPECT_EQ(ask("EventID:9999 | around 3m | count"), "0");
    EXPECT_EQ(ask("EventID:1102 | around 3m | take 2"), "4688 an 1620\n4688 an 1560");
}

TEST_F(QueryAroundTest, ReadsOnlyWhereHitsAre) {
    for (int batch = 0; batch < 30; ++batch) {
        store({logon(kBegin + batch * common::kHour, batch == 11 ? "1102" : "4688", "an"),
               logon(kBegin + batch * common::kHour + kSecond, "4688", "an")});
    }
    EXPECT_EQ(ask("EventID:1102 | around 10m by Computer"), "4688 an 39601\n1102 an 39600");
    EXPECT_EQ(besides_.blocks_total - besides_.blocks_pruned, 1U);
    EXPECT_GE(besides_.blocks_pruned, 20U);
}

/// Random hits: the events given are those within the time of a hit that has the same values, in the order of a search.
TEST_F(QueryAroundTest, AgreesWithLookingAtEveryPair) {
    std::mt19937 random(5);
    std::vector<SampleEvent> events;
    for (int i = 0; i < 1'500; ++i) {
        SampleEvent event = logon(kBegin + static_cast<common::Nanos>(random() % 600'000) * kSecond,
                                  random() % 9 == 0 ? "1102" : "4688", random() % 3 == 0 ? "an" : "b?*\\",
                                  random() % 2 == 0 ? "DC01" : "WS1");
        if (random() % 5 == 0) { event.fields.erase(event.fields.begin() + 1); }
        event.raw = std::to_string(i);
        events.push_back(std::move(event));
    }
    store(events);
    const auto field = [&](const SampleEvent& event, std::string_view name) {
        for (const SampleField& each : event.fields) {
            if (each.name == name) { return each.text; }
        }
        return std::string();
    };
    std::string expected;
    for (const SampleEvent& event : events) {
        const bool wanted = std::any_of(events.begin(), events.end(), [&](const SampleEvent& hit) {
            if (field(hit, "EventID") != "1102" || std::abs(hit.time - event.time) > 5 * kMinute) { return false; }
            const std::string user = field(hit, "TargetUserName");
            return field(hit, "Computer") == field(event, "Computer") &&
                   (user.empty() || user == field(event, "TargetUserName"));
        });
        if (wanted) { expected += event.raw + ","; }
    }
    const std::string given = ask("EventID:1102 | around 5m by Computer, TargetUserName | sort by event.id");
    std::vector<std::size_t> numbers;
    for (std::size_t at = 0; at < given.size(); at = std::min(given.find('\n', at), given.size() - 1) + 1) {
        numbers.push_back(std::stoul(given.substr(at)));
    }
    std::sort(numbers.begin(), numbers.end());
    std::string sorted;
    for (const std::size_t number : numbers) {
        sorted += std::to_string(number) + ",";
    }
    EXPECT_EQ(sorted, expected);
    EXPECT_GT(numbers.size(), 100U);
}

/// Matches lines that begin with its name.
class FirstLetters final : public event::PredicateSource {
public:
    [[nodiscard]] std::unique_ptr<event::EventPredicate> find(std::string_view reference) const override {
        class Begins final : public event::EventPredicate {
        public:
            explicit Begins(std::string_view text) : text_(text) {}
            bool matches(const event::StoredEvent& event) override { return event.raw.starts_with(text_); }

        private:
            std::string text_;
        };
        if (reference == "none") { return nullptr; }
        return std::make_unique<Begins>(reference);
    }
};

class QueryTreeTest : public QueryStoreTest {
protected:
    static SampleEvent process(int second, const std::string& id, const std::string& parent, const std::string& image) {
        return {
            kBegin + second * kSecond, {{"ProcessGuid", id}, {"ParentProcessGuid", parent}, {"Image", image}}, image};
    }
};

TEST_F(QueryTreeTest, AncestorsThenTheProcessAndItsChildren) {
    store({process(1, "{A}", "{0}", "winlogon"),
           process(2, "{B}", "{A}", "explorer"),
           process(3, "{C}", "{B}", "winword"),
           process(5, "{E}", "{D}", "whoami"),
           process(4, "{D}", "{C}", "cmd"),
           process(6, "{F}", "{C}", "splwow64"),
           process(7, "{G}", "{B}", "notepad"),
           {kBegin, {{"ProcessGuid", "{D}"}}, "a connection of cmd"},
           process(8, "{H}", "{E}", "deep"),
           process(9, "{H}", "{E}", "deep again")});
    EXPECT_EQ(ask("proctree root=\"{c}\" id=ProcessGuid parent=ParentProcessGuid up=1"),
              "explorer|-1\nwinword|0\ncmd|1\nwhoami|2\ndeep|3\ndeep again|3\nsplwow64|1");
    EXPECT_EQ(ask("proctree root=\"{C}\" id=ProcessGuid parent=ParentProcessGuid up=9 depth=1 | project level, Image"),
              "-2|winlogon\n-1|explorer\n0|winword\n1|cmd\n1|splwow64");
    EXPECT_EQ(ask("proctree root=\"{C}\" id=ProcessGuid parent=ParentProcessGuid depth=0"), "winword|0");
    EXPECT_EQ(ask("proctree root=\"{0}\" id=ProcessGuid parent=ParentProcessGuid depth=1"), "winlogon|1")
        << "the start of the root need not be there";
    EXPECT_EQ(ask("proctree root=\"{X}\" id=ProcessGuid parent=ParentProcessGuid"), "");
    EXPECT_EQ(ask("* | where Image != 'cmd' | proctree root=\"{C}\" id=ProcessGuid parent=ParentProcessGuid | take 2"),
              "winword|0\nsplwow64|1");
}

TEST_F(QueryTreeTest, CirclesEnd) {
    store({process(1, "a", "b", "1"), process(2, "b", "c", "2"), process(3, "c", "a", "3"), process(4, "d", "d", "4")});
    EXPECT_EQ(ask("proctree root='a' id=ProcessGuid parent=ParentProcessGuid"), "1|0\n3|1\n2|2");
    EXPECT_EQ(ask("proctree root='a' id=ProcessGuid parent=ParentProcessGuid up=50"), "3|-2\n2|-1\n1|0");
    EXPECT_EQ(ask("proctree root='d' id=ProcessGuid parent=ParentProcessGuid up=5"), "4|0");
}

/// Random forests, once asked of the store generation by generation, once from all events.
TEST_F(QueryTreeTest, AsFirstStepItGivesWhatItGivesBehindOthers) {
    std::mt19937 random(23);
    for (int batch = 0; batch < 6; ++batch) {
        std::vector<SampleEvent> events;
        for (int i = 0; i < 60; ++i) {
            const auto id = [&] { return "{" + std::to_string(random() % 120) + (random() % 2 == 0 ? "a}" : "A}"); };
            events.push_back(process(static_cast<int>(random() % 5'000), id(), id(), std::to_string(batch * 60 + i)));
            if (random() % 9 == 0) { events.back().fields.erase(events.back().fields.begin()); }
        }
        store(events, batch % 2 == 0);
    }
    const FirstLetters rules;
    sources_.rules = &rules;
    std::size_t lines = 0;
    for (int round = 0; round < 150; ++round) {
        const std::string tree = "proctree root='{" + std::to_string(random() % 120) +
                                 "a}' id=ProcessGuid parent=ParentProcessGuid depth=" + std::to_string(random() % 5) +
                                 " up=" + std::to_string(random() % 4) + " | project level, Image";
        const std::string head = random() % 3 == 0   ? "Image:*1* | "
                                 : random() % 3 == 0 ? "sigma \"1\" last 23h | "
                                                     : "* | ";
        const std::string given = ask(head + tree);
        ASSERT_EQ(given, ask(head + "where true | " + tree)) << head << tree;
        lines += static_cast<std::size_t>(std::count(given.begin(), given.end(), '\n'));
    }
    EXPECT_GT(lines, 300U);
}

TEST_F(QueryTreeTest, AsksTheStoreForTheFamilyOnly) {
    for (int i = 0; i < 20; ++i) {
        store({process(i, "{p-" + std::to_string(i) + "}", "{q-" + std::to_string(i) + "}", "x")}, true);
    }
    store({process(50, "{p-99}", "{p-7}", "child of 7"), process(51, "{p-100}", "{p-99}", "grandchild")}, true);
    EXPECT_EQ(ask("proctree root='{p-7}' id=ProcessGuid parent=ParentProcessGuid up=1"),
              "x|0\nchild of 7|1\ngrandchild|2");
    EXPECT_LE(stats_.blocks_total - stats_.blocks_pruned, 4U) << "of 21";
    EXPECT_LE(besides_.blocks_total - besides_.blocks_pruned, 12U) << "of 84";
}

class QueryListTest : public QueryStoreTest {};

TEST_F(QueryListTest, ExpandGivesARowForEachItem) {
    store({{kBegin + 2, {{"tags", "a"}, {"tags", "b"}, {"n", "1"}}, "two"},
           {kBegin + 1, {{"tags", "c"}, {"n", "2"}}, "one"},
           {kBegin, {{"n", "3"}}, "none"}});
    EXPECT_EQ(ask("* | mv-expand tags"), "two|a\ntwo|b\none|c\nnone|");
    EXPECT_EQ(ask("* | mv-expand tags | summarize count() by tags"), "a|1\nb|1\nc|1\n|1");
    EXPECT_EQ(ask("* | extend p = split('x,y', ',') | mv-expand p | mv-expand tags | project n, p, tags | take 5"),
              "1|x|a\n1|x|b\n1|y|a\n1|y|b\n2|x|c");
    EXPECT_EQ(ask("* | summarize s = make_set(nothing) | mv-expand s | project isnull(s)"),
              "1:61: give it a name: name = ...");
    EXPECT_EQ(ask("* | summarize s = make_set(nothing) | mv-expand s | project x = isnull(s)"), "true");
    EXPECT_EQ(ask("* | mv-expand tags | take 1"), "two|a");
}

TEST_F(QueryListTest, ParseTakesATextApart) {
    store({{kBegin, {{"m", "Failed password for root from 10.0.0.9 port 22 ssh2"}}, "x"}});
    const auto parsed = [this](const std::string& pattern, const std::string& columns) {
        return ask("* | parse m with " + pattern + " | project " + columns);
    };
    EXPECT_EQ(parsed("'Failed password for ' u ' from ' ip ' port ' p:long ' ' rest", "u, ip, p, rest"),
              "root|10.0.0.9|22|ssh2");
    EXPECT_EQ(parsed("* ' from ' ip ' ' *", "ip"), "10.0.0.9");
    EXPECT_EQ(parsed("'Failed ' what ' ' * 'ssh2'", "what"), "password");
    EXPECT_EQ(parsed("a ' ' b 'ssh2'", "b"), "password for root from 10.0.0.9 port 22 ");
    EXPECT_EQ(parsed("* 'port ' p:long *", "p"), "22") << "a number ends where no more of it comes";
    EXPECT_EQ(parsed("* 'from ' n:double * ' port' *", "n"), "10");
    EXPECT_EQ(parsed("* 'for ' p:long *", "r = isnull(p)"), "true");
    EXPECT_EQ(parsed("whole", "whole"), "Failed password for root from 10.0.0.9 port 22 ssh2");
    EXPECT_EQ(parsed("'password ' x", "isnull = isnull(x)"), "true") << "the text before is not skipped by itself";
    EXPECT_EQ(parsed("'Failed ' x ' port'", "r = isnull(x)"), "true") << "nor is the text behind";
    EXPECT_EQ(parsed("* 'for ' u ' from ' ip:long ' ' *", "r = isnull(u)"), "true") << "a column of the wrong type";
    EXPECT_EQ(ask("* | parse nothing with a 'x' b | project r = isnull(a) and isnull(b)"), "true");
    EXPECT_EQ(
        ask("* | extend d = '2026-11-22T00:00:00Z true 1.5 90s' | parse d with t:datetime ' ' b:bool ' ' n:double "
            "' ' s:timespan | project t, b, n, s"),
        "2026-11-22T00:00:00Z|true|1.5|00:01:30");
}

/// Against a plain search that goes back when a text does not fit.
TEST_F(QueryListTest, ParseAgreesWithASearchThatGoesBack) {
    std::mt19937 random(8);
    struct Piece {
        std::string literal; ///< empty: a column
        bool skip = false;
    };
    const std::function<bool(std::string_view, const std::vector<Piece>&, std::size_t, std::vector<std::string>&)>
        fits = [&](std::string_view text, const std::vector<Piece>& pieces, std::size_t at,
                   std::vector<std::string>& out) {
            if (at == pieces.size()) { return text.empty(); }
            const Piece& piece = pieces[at];
            if (!piece.literal.empty()) {
                return text.starts_with(piece.literal) && fits(text.substr(piece.literal.size()), pieces, at + 1, out);
            }
            for (std::size_t length = 0; length <= text.size(); ++length) {
                if (!piece.skip) { out.emplace_back(text.substr(0, length)); }
                if (fits(text.substr(length), pieces, at + 1, out)) { return true; }
                if (!piece.skip) { out.pop_back(); }
            }
            return false;
        };
    std::size_t matched = 0;
    for (int round = 0; round < 4'000; ++round) {
        std::string text;
        for (std::size_t n = random() % 9; n > 0; --n) {
            text += "abx"[random() % 3];
        }
        std::vector<Piece> pieces;
        std::string pattern;
        std::string columns;
        std::size_t count = 0;
        bool literal = random() % 2 == 0;
        for (std::size_t n = 1 + random() % 5; n > 0 || count == 0; literal = !literal) {
            n -= n > 0 ? 1 : 0;
            if (literal) {
                pieces.push_back({std::string(1 + random() % 2, "ab"[random() % 2])});
                pattern += " '" + pieces.back().literal + "'";
            } else if (random() % 4 == 0) {
                pieces.push_back({"", true});
                pattern += " *";
            } else {
                const std::string name = "c" + std::to_string(count++);
                pieces.push_back({""});
                pattern += " " + name;
                columns += (columns.empty() ? "" : ", ") + name;
            }
        }
        std::vector<std::string> captures;
        const bool fit = fits(text, pieces, 0, captures);
        captures.resize(count);
        std::string expected;
        for (std::size_t i = 0; i < count; ++i) {
            expected += (i == 0 ? "" : "|") + (fit ? captures[i] : std::string());
        }
        matched += fit ? 1 : 0;
        const auto query =
            parse_query("* | extend t = '" + text + "' | parse t with" + pattern + " | project " + columns);
        ASSERT_TRUE(query) << pattern;
        const auto program = plan_pipes(query->pipes);
        KeepingSink sink;
        QueryRun run(*program, sink, {});
        with_event({kBegin, {}}, 0, [&](const event::StoredEvent& event) { return run.feed(event); });
        ASSERT_TRUE(run.finish());
        ASSERT_EQ(row_text(sink.rows.at(0)), expected) << text << " with" << pattern;
    }
    EXPECT_GT(matched, 400U);
}

class QueryJoinTest : public QueryStoreTest {
protected:
    void SetUp() override {
        QueryStoreTest::SetUp();
        store({{kBegin + 4, {{"kind", "l"}, {"k", "a"}, {"n", "1"}}, "l1"},
               {kBegin + 3, {{"kind", "l"}, {"k", "b"}, {"n", "2"}}, "l2"},
               {kBegin + 2, {{"kind", "l"}, {"n", "3"}}, "l3"},
               {kBegin + 1, {{"kind", "r"}, {"k", "a"}, {"v", "x"}, {"n", "8"}}, "r1"},
               {kBegin, {{"kind", "r"}, {"k", "a"}, {"v", "y"}, {"n", "9"}}, "r2"},
               {kBegin, {{"kind", "r"}, {"v", "z"}}, "r3"}});
    }
};

TEST_F(QueryJoinTest, EveryKind) {
    const std::string right = "(kind:r | project k, v, n) on k";
    EXPECT_EQ(ask("kind:l | project k, n | join " + right), "a|1|x|8\na|1|y|9");
    EXPECT_EQ(ask("kind:l | project k, n | join kind=leftouter " + right + " | project k, n, v, n1"),
              "a|1|x|8\na|1|y|9\nb|2||\n|3||");
    EXPECT_EQ(ask("kind:l | join kind=leftanti " + right), "l2\nl3") << "null is equal to nothing";
    EXPECT_EQ(ask("kind:l | join kind=leftsemi " + right), "l1");
    EXPECT_EQ(ask("kind:l | join (kind:r | summarize vs = make_set(v) by k) on k"), "l1|[\"x\",\"y\"]")
        << "events stay events";
    EXPECT_EQ(ask("kind:l | join kind=leftsemi (kind:r | project k, n = '1') on k, n"), "l1");
    EXPECT_EQ(ask("kind:l | join " + right + " | take 1 | project v"), "x");
    EXPECT_EQ(ask("kind:l | join kind=leftanti (last 1s | project k) on k"), "l1\nl2\nl3") << "its own last";
    memory_ = 300;
    EXPECT_EQ(ask("kind:l | join " + right), to_string(QueryRunErrc::memory));
}

/// A table of two words.
class WordTable final : public event::LookupTable {
public:
    [[nodiscard]] std::optional<event::LookupHit> find(std::string_view value) const override {
        if (value == "a") { return event::LookupHit{"a", "word", "letters", "high"}; }
        return std::nullopt;
    }
};
class WordTables final : public event::LookupSource {
public:
    [[nodiscard]] std::vector<std::string> names() const override { return {"words"}; }
    [[nodiscard]] std::shared_ptr<const event::LookupTable> table(std::string_view name) const override {
        if (name == "words") { return std::make_shared<WordTable>(); }
        return nullptr;
    }
};

TEST_F(QueryJoinTest, LookupPutsWhatATableSaysBesideARow) {
    EXPECT_EQ(ask("* | lookup words on k"), "1:5: rules, alerts and tables are known to a running server only");
    const WordTables tables;
    sources_.tables = &tables;
    EXPECT_EQ(ask("kind:l | lookup words on k"), "l1|a|word|letters|high\nl2||||\nl3||||");
    EXPECT_EQ(ask("kind:l | extend w = split('q,a', ',') | lookup words on n, w | summarize count() by ioc.list"),
              "letters|3");
    EXPECT_EQ(ask("* | lookup wrods on k"), "1:5: there is no table of this name; there are: words");
    EXPECT_EQ(ask("* | join (* | project k | lookup nope on k) on k"),
              "1:27: there is no table of this name; there are: words");
}

class TwoAlerts final : public event::EventSetSource {
public:
    [[nodiscard]] std::optional<event::EventSet> find(std::string_view id) const override {
        if (id == "first") { return event::EventSet{{{1, 0}, {1, 3}}, kBegin + 1, kBegin + 4}; }
        if (id == "empty") { return event::EventSet{{}, kBegin, kBegin}; }
        return std::nullopt;
    }
};

TEST_F(QueryJoinTest, RulesAndAlertsInHeads) {
    EXPECT_EQ(ask("k:a sigma \"l\""), "1:11: rules, alerts and tables are known to a running server only");
    EXPECT_EQ(ask("alert \"first\""), "1:7: rules, alerts and tables are known to a running server only");
    const FirstLetters rules;
    const TwoAlerts alerts;
    sources_.rules = &rules;
    sources_.alerts = &alerts;
    EXPECT_EQ(ask("k:a sigma \"l\""), "l1");
    EXPECT_EQ(ask("NOT sigma \"l\" v:*"), "r1\nr3\nr2");
    EXPECT_EQ(ask("sigma \"r1\" OR k:b"), "l2\nr1");
    EXPECT_EQ(ask("NOT (sigma \"r\" OR NOT k:*)"), "l1\nl2");
    EXPECT_EQ(ask("sequence by k maxspan 1s [sigma \"r\"] [sigma \"l\"] | project ids"), "[\"1.3\",\"1.0\"]");
    EXPECT_EQ(ask("k:b | join kind=leftanti (sigma \"l2\" | project k) on k"), "");
    EXPECT_EQ(ask("x OR sigma \"none\""), "1:12: no rule in use has this id or title");
    EXPECT_EQ(ask("alert \"first\""), "l1\nr1");
    EXPECT_EQ(ask("NOT alert \"first\" kind:r"), "r3\nr2");
    EXPECT_EQ(ask("alert \"empty\""), "");
    EXPECT_EQ(ask("alert \"first\" | around 1s by k | project kind, k"), "l|a\nr|a\nr|a");
    EXPECT_EQ(ask("alert \"other\""), "1:7: there is no alert with this id");
}

TEST_F(QueryJoinTest, RegisteredDomains) {
    EXPECT_EQ(ask("k:b | project d = registered_domain('a.b.gov.vn')"), "unknown") << "without a list";
    const auto list = text::PublicSuffixes::read("vn\ngov.vn\n");
    sources_.suffixes = &list;
    EXPECT_EQ(ask("k:b | project d = registered_domain('A.b.gov.vn.'), e = registered_domain(k)"), "b.gov.vn|");
    EXPECT_EQ(ask("k:b | where registered_domain(5) == 'x'"), "1:31: expected a value of type string");
}

} // namespace
} // namespace canhgac::storage
