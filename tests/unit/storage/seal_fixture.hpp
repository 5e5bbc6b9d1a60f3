/// A store whose events are sealed when the test says so, and ways to read all a reader sees.
#pragma once

#include <random>

#include <rocksdb/db.h>

#include "storage/journal_db.hpp"
#include "tests/unit/storage/store_fixture.hpp"

namespace canhgac::storage {

inline constexpr auto kAlways =
    std::pair{std::numeric_limits<common::Nanos>::min(), std::numeric_limits<common::Nanos>::max()};

/// Everything a reader sees of an event.
inline std::string text_of(const event::StoredEvent& event) {
    std::string text =
        fmt::format("{}.{} {} {} {} {} {} [{}]", event.id.seq, event.id.index, event.time, event.received,
                    static_cast<std::uint32_t>(event.source), event.flags, static_cast<int>(event.format), event.raw);
    for (const auto& [name, field] : event.fields) {
        text += fmt::format(" {}:{}={}", name, static_cast<int>(field.type()), field.text());
    }
    return text;
}

class SealTest : public StoreTest {
protected:
    void SetUp() override { open(); }
    void seal() {
        const auto sealed = store_->seal();
        ASSERT_TRUE(sealed) << sealed.error().message();
    }
    std::vector<std::string> scan(common::Nanos from = kAlways.first, common::Nanos to = kAlways.second) {
        std::vector<std::string> rows;
        const auto stats = store_->events().scan(from, to, [&rows](const event::StoredEvent& event) {
            rows.push_back(text_of(event));
            return true;
        });
        EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
        return rows;
    }
    std::vector<std::string> ask(const event::QueryPlan& plan) {
        std::vector<std::string> rows;
        const auto stats = store_->events().query(plan, [&rows](const event::StoredEvent& event) {
            rows.push_back(text_of(event));
            return true;
        });
        EXPECT_TRUE(stats) << (stats ? "" : stats.error().message());
        return rows;
    }
    /// Every event after `position`, in steps of `limit` batches.
    std::vector<std::string> tail(std::uint64_t position, std::uint64_t limit, const event::Filter& filter = {}) {
        std::vector<std::string> rows;
        for (;;) {
            const auto next = store_->events().tail(position, filter, limit, [&rows](const event::StoredEvent& event) {
                rows.push_back(text_of(event));
                return true;
            });
            EXPECT_TRUE(next) << (next ? "" : next.error().message());
            if (!next || *next == position) { return rows; }
            position = *next;
        }
    }
    void expect_proven(std::uint64_t expired = 0) {
        const auto report = store_->verify();
        ASSERT_TRUE(report) << report.error().message();
        EXPECT_EQ(report->first_bad_seq, 0U) << report->problem;
        EXPECT_EQ(report->expired, expired);
    }
    /// Micro-blocks still in the journal.
    std::size_t waiting() {
        store_.reset();
        std::size_t count = 0;
        {
            const JournalDb db(folder_.path(), options_, logger_);
            const auto entries = db.iterate(Family::mb);
            for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
                ++count;
            }
        }
        open();
        return count;
    }
    /// `count` events of several kinds around two midnights, in batches, some of them sent twice.
    void store_random(std::uint32_t count, unsigned seed) {
        std::mt19937 random(seed);
        samples::SyslogMaker syslog(*names_, seed);
        samples::JsonMaker json(*names_, seed);
        for (std::uint32_t done = 0; done < count;) {
            const std::uint32_t size = std::min(1 + static_cast<std::uint32_t>(random() % 200), count - done);
            const auto start =
                samples::kStart + static_cast<common::Nanos>(random() % 172'800) * common::kSecond - common::kDay / 2;
            event::EventBatch batch;
            switch (random() % 4) {
            case 0:
                syslog.fill(batch, size, start);
                break;
            case 1:
                json.fill(batch, size, start);
                break;
            default: {
                for (std::uint32_t i = 0; i < size; ++i) {
                    const auto time = start + static_cast<common::Nanos>(random() % 100'000) * common::kSecond;
                    const std::string word = std::to_string(random() % 50);
                    samples::add(batch, *names_, time, "word " + word + (random() % 9 == 0 ? " \xff\xfe rare" : ""),
                                 {{"w", word}, {"n" + std::to_string(random() % 7), "Straße " + word}});
                }
            }
            }
            std::vector<std::uint64_t> keys(batch.size());
            for (std::uint64_t& key : keys) {
                key = 1 + random() % 20'000; // some come again
            }
            ASSERT_TRUE(append(batch, {}, random() % 2 == 0 ? keys : std::vector<std::uint64_t>{}));
            done += size;
        }
    }
    event::QueryPlan random_plan(std::mt19937& random) const {
        using event::Filter;
        static const std::vector<std::string> words = {"word 7", "rare", "Straße", "STRASSE", "root",    "svchost",
                                                       "failed", "4",    "1.",     "K",       "user0012"};
        static const std::vector<std::string> names = {"", "w", "n3", "user.name", "Image", "message", "nothing"};
        std::function<Filter(int)> make = [&](int depth) {
            Filter filter;
            const auto kind = random() % (depth == 0 ? 3 : 6);
            if (kind < 3) {
                filter.field = names[random() % names.size()];
                filter.kind = kind == 0 ? Filter::Kind::phrase : kind == 1 ? Filter::Kind::glob : Filter::Kind::compare;
                filter.pattern =
                    kind == 1 ? "*" + words[random() % words.size()] + "*" : words[random() % words.size()];
                filter.op = Filter::Op::greater;
                filter.number = static_cast<double>(random() % 60);
                return filter;
            }
            filter.kind = kind == 3   ? Filter::Kind::negation
                          : kind == 4 ? Filter::Kind::conjunction
                                      : Filter::Kind::disjunction;
            filter.children.push_back(make(depth - 1));
            if (kind != 3) { filter.children.push_back(make(depth - 1)); }
            return filter;
        };
        event::QueryPlan plan;
        plan.filter = make(2);
        plan.from = samples::kStart + static_cast<common::Nanos>(random() % 172'800) * common::kSecond - common::kDay;
        plan.to = plan.from + static_cast<common::Nanos>(random() % 200'000) * common::kSecond;
        plan.limit = random() % 3 == 0 ? 1 + random() % 50 : 100'000;
        return plan;
    }
};

} // namespace canhgac::storage
