// Random correlations on random streams, out of order and in bad manners: the engine and the plain correlator say the
// same, record for record. On the way the engine is saved, restored and handed over at random moments, which must not
// be seen in what comes out.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "engine/correlation.hpp"
#include "tests/support/plain_correlation.hpp"

namespace canhgac::engine {
namespace {

using common::kSecond;
using rules::Correlation;
using Records = std::vector<event::DetectionRecord>;
using Type = Correlation::Type;

constexpr common::Nanos kStart = 1'700'000'000 * kSecond;

class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    int below(int limit) { return static_cast<int>(random_() % static_cast<std::uint64_t>(limit)); }
    bool one_in(int n) { return below(n) == 0; }

private:
    std::mt19937_64 random_;
};

std::string rule_name(int number) {
    std::string name = "r";
    name += std::to_string(number);
    return name;
}

void random_condition(Chance& chance, Correlation& c) {
    using Compare = Correlation::Compare;
    const auto rules = static_cast<int>(c.rule_ids.size());
    if (rules::is_temporal(c.type) && chance.one_in(2)) {
        for (int i = 1 + chance.below(3); i > 0; --i) {
            Correlation::Term term;
            term.present = 1 + static_cast<std::uint64_t>(chance.below((1 << rules) - 1));
            if (chance.one_in(2)) {
                term.absent = static_cast<std::uint64_t>(chance.below(1 << rules)) & ~term.present;
            }
            c.terms.push_back(term);
        }
        return;
    }
    if (c.type == Type::new_terms) { return; }
    if (c.type == Type::rare_value) {
        if (chance.one_in(2)) { c.max_percent = 5.0 * (1 + chance.below(12)); }
        c.min_events = static_cast<std::uint64_t>(chance.below(12));
        if (c.max_percent == 100.0 || chance.one_in(3)) {
            c.bounds = {{chance.one_in(4) ? Compare::eq : Compare::lte, 1.0 + chance.below(3)}};
        }
        return;
    }
    const bool numbers = rules::measures_numbers(c.type);
    const auto any_value = [&] {
        return numbers                      ? chance.below(240) / 4.0 - 20.0
               : rules::is_temporal(c.type) ? 1 + chance.below(rules)
                                            : 1 + chance.below(6);
    };
    c.bounds.push_back({chance.one_in(2) ? Compare::gte : static_cast<Compare>(chance.below(6)), any_value()});
    if (chance.one_in(4)) { c.bounds.push_back({Compare::lte, c.bounds[0].value + chance.below(4)}); }
    if (c.type == Type::temporal_ordered && chance.one_in(2)) {
        c.bounds = {{Compare::gte, static_cast<double>(rules)}};
    }
}

std::vector<Correlation> random_correlations(Chance& chance) {
    std::vector<Correlation> list;
    const int count = 1 + chance.below(4);
    for (int i = 0; i < count; ++i) {
        Correlation c;
        c.id = "c" + std::to_string(i);
        c.type = static_cast<Type>(chance.below(10));
        for (int k = 1 + chance.below(4); k > 0; --k) {
            std::string id =
                i > 0 && chance.one_in(3) ? "c" + std::to_string(chance.below(i)) : rule_name(chance.below(4));
            if (std::find(c.rule_ids.begin(), c.rule_ids.end(), id) == c.rule_ids.end()) { c.rule_ids.push_back(id); }
        }
        for (const char* name : {"user", "ip"}) {
            if (chance.one_in(2)) { c.group_by.emplace_back(name); }
        }
        if (chance.one_in(4)) {
            c.group_by.emplace_back("who");
            c.aliases.push_back({"who", {{c.rule_ids.front(), "user"}}});
            if (c.rule_ids.size() > 1) { c.aliases.back().second.emplace_back(c.rule_ids.back(), "ip"); }
        }
        if (c.type == Type::value_count || rules::looks_back(c.type)) {
            c.fields = {chance.one_in(2) ? "bytes" : "ip"};
            if (chance.one_in(3)) { c.fields.emplace_back("user"); }
        } else if (c.type != Type::event_count && !rules::is_temporal(c.type)) {
            c.fields = {"bytes"};
            c.percentile = chance.below(101);
        }
        c.timespan = (1 + chance.below(40)) * kSecond;
        if (rules::looks_back(c.type)) {
            c.timespan *= 1 + chance.below(20);
            c.learn = chance.one_in(3) ? 0 : chance.below(static_cast<int>(c.timespan / kSecond)) * kSecond;
        }
        c.generate = chance.one_in(2);
        random_condition(chance, c);
        list.push_back(std::move(c));
    }
    return list;
}

/// The next detection of a stream whose clock moves on.
event::DetectionRecord random_detection(Chance& chance, common::Nanos& now, std::uint64_t number, bool is_live,
                                        const event::DetectionRecord& before) {
    event::DetectionRecord record;
    if (chance.one_in(12)) { // the same event through another rule, or once more
        record = before;
        if (chance.one_in(2)) { record.rule_id = rule_name(chance.below(4)); }
        return record;
    }
    now += chance.one_in(60) ? chance.below(200) * kSecond : chance.below(6) * kSecond / 2;
    record.event = {number / 3 + 1, static_cast<std::uint32_t>(number % 3)};
    record.time = now - (chance.one_in(3) ? chance.below(40) * kSecond / 2 : 0);
    if (is_live) { record.received = now + chance.below(3) * kSecond; }
    if (chance.one_in(40)) { record.time = now + 30 * kSecond; } // a clock that is ahead
    record.rule_id = rule_name(chance.below(4));
    record.message = "message " + std::to_string(number);
    if (!chance.one_in(10)) { record.captured.emplace_back("user", "u" + std::to_string(chance.below(3))); }
    if (!chance.one_in(10)) { record.captured.emplace_back("ip", "10.0.0." + std::to_string(chance.below(3))); }
    if (!chance.one_in(10)) {
        record.captured.emplace_back("bytes",
                                     chance.one_in(15) ? "many" : std::to_string(chance.below(200) / 4.0 - 10.0));
    }
    return record;
}

std::string shown(const event::DetectionRecord& r) {
    std::string text = r.rule_id + " event " + std::to_string(r.event.seq) + "." + std::to_string(r.event.index) +
                       " time " + std::to_string((r.time - kStart) / (kSecond / 2)) + " count " +
                       std::to_string(r.count) + " value " + std::to_string(r.value) + " from " +
                       std::to_string((r.from - kStart) / (kSecond / 2)) + " to " +
                       std::to_string((r.to - kStart) / (kSecond / 2)) + (r.generates ? " generates" : "") +
                       (r.begins_episode ? " first" : "") + " " + r.message;
    for (const auto* pairs : {&r.entity, &r.captured}) {
        for (const auto& [name, value] : *pairs) {
            text += " ";
            text += name;
            text += "=";
            text += value;
        }
        text += ";";
    }
    for (const auto& id : r.events) {
        text += " " + std::to_string(id.seq) + "." + std::to_string(id.index);
    }
    return text;
}

std::string shown(const Records& records) {
    std::string text;
    for (const auto& record : records) {
        text += "  " + shown(record) + "\n";
    }
    return text;
}

/// Saved and read back, or handed to a successor.
void disturb(Chance& chance, Correlator& engine, const std::vector<Correlation>& correlations,
             const CorrelationLimits& limits) {
    CorrelationLimits others = limits;
    others.seed = static_cast<std::uint64_t>(chance.below(1 << 30));
    Correlator next(correlations, others);
    if (chance.one_in(2)) {
        const std::string saved = engine.save();
        ASSERT_TRUE(next.restore(saved));
        ASSERT_EQ(next.save(), saved);
    } else {
        next.adopt(std::move(engine));
    }
    engine = std::move(next);
}

/// Pushes of one stream; what came out is added to `results`.
int run_stream(std::uint64_t seed, std::size_t& results) {
    Chance chance(seed);
    const auto correlations = random_correlations(chance);
    CorrelationLimits limits;
    limits.lateness = chance.below(30) * kSecond;
    limits.seed = seed;
    Correlator engine(correlations, limits);
    test::PlainCorrelator plain(correlations, limits.lateness);
    const bool is_live = chance.one_in(2);
    const int pushes = 50 + chance.below(300);
    common::Nanos now = kStart;
    event::DetectionRecord before = random_detection(chance, now, 0, is_live, {});
    for (int i = 0; i < pushes; ++i) {
        Records got;
        Records want;
        if (chance.one_in(25)) {
            const common::Nanos tick = now + chance.below(60) * kSecond;
            engine.advance(tick, got);
            plain.advance(tick, want);
        }
        if (chance.one_in(50)) { disturb(chance, engine, correlations, limits); }
        before = random_detection(chance, now, static_cast<std::uint64_t>(i) + 1, is_live, before);
        engine.push(before, got);
        plain.push(before, want);
        if (i + 1 == pushes) {
            engine.finish(got);
            plain.finish(want);
        }
        results += want.size();
        const std::string got_text = shown(got);
        const std::string want_text = shown(want);
        EXPECT_EQ(got_text, want_text) << "seed " << seed << " push " << i;
        if (got_text != want_text) { return i + 1; }
    }
    EXPECT_EQ(engine.stats().evicted_groups + engine.stats().evicted_events, 0U);
    EXPECT_EQ(engine.stats().waiting, 0U);
    return pushes;
}

TEST(CorrelationDifferential, TheEngineSaysWhatThePlainCorrelatorSays) {
    const bool is_long = std::getenv("CANHGAC_LONG") != nullptr;
    const char* const given = std::getenv("CANHGAC_SEED");
    std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
    const int wanted = is_long ? 5'000'000 : 200'000;
    std::size_t results = 0;
    int pushes = 0;
    int failures = 0;
    while (pushes < wanted && failures < 3) {
        pushes += run_stream(seed++, results);
        if (::testing::Test::HasFailure()) { ++failures; }
    }
    RecordProperty("pushes", pushes);
    RecordProperty("results", static_cast<int>(results));
    std::printf("%d pushes, %zu results\n", pushes, results);
    EXPECT_GT(results, static_cast<std::size_t>(pushes) / 4);
}

} // namespace
} // namespace canhgac::engine
