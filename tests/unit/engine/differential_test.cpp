// Fast matcher and plain evaluator must agree: on random rules and random events, with everything the rule form has.
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "engine/rule_set.hpp"
#include "tests/unit/engine/engine_fixture.hpp"

namespace canhgac::engine {
namespace {

using namespace testing; // NOLINT(google-build-using-namespace): the fixture

/// Small alphabets make collisions, and so matches, likely.
class World {
public:
    explicit World(std::uint32_t seed) : random_(seed) {}

    std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <typename List>
    auto pick(const List& list) {
        return *(std::begin(list) + static_cast<std::ptrdiff_t>(below(std::size(list))));
    }

    std::string piece() {
        static const char* const kPieces[] = {"a",  "b",      "A", "B",  "ab", "k",          "K",     "\u212A",
                                              "s",  "\u017F", "Đ", "đ",  "ế",  "Ế",          "ß",     "\u1E9E",
                                              "\\", "*",      "?", " ",  "\n", "\U0001F600", "-e",    "/c",
                                              ".",  "$",      "1", "10", "xx", "\u023A",     "\u2C65"};
        return pick(kPieces);
    }
    std::string text(std::size_t most) {
        std::string out;
        for (std::size_t i = below(most + 1); i > 0; --i) {
            out += piece();
        }
        return out;
    }
    std::string value() {
        static const char* const kSpecial[] = {
            "",         "true",     "False",       "4624",        "4624.0",          "-3",   "1e3",
            "10.0.0.7", "10.1.2.3", "192.168.1.1", "2001:db8::7", "::ffff:10.0.0.7", "abc\n"};
        if (chance(25)) { return pick(kSpecial); }
        if (chance(3)) { return text(4) + "\xFF" + text(3); } // broken bytes may reach us from callers
        if (chance(2)) { return text(3) + std::string(1, '\0') + text(3); }
        return text(6);
    }
    std::string field() {
        static const char* const kFields[] = {"Image",     "NewProcessName", "CommandLine", "ProcessId", "NewProcessId",
                                              "user.name", "Threat Name",    "ThreatName",  "message",   "EventID"};
        return pick(kFields);
    }

    rules::Predicate predicate() {
        static const char* const kRegexes[] = {"a+b",  "^a",    "b$",     "(?i)đ", "[ab]{2,3}", "a.b",
                                               "\\d+", "^$",    "x{2}|k", "(?i)s", "\\\\",      "ế.?",
                                               ".*",   "[^a]b", "\\s",    "^.{2}$"};
        static const char* const kNetworks[] = {"10.0.0.0/8", "10.0.0.0/24", "192.168.1.1/32", "2001:db8::/32",
                                                "0.0.0.0/0"};
        static const double kNumbers[] = {4624, 1, 10, -3, 1000, 0};
        const std::string name = chance(8) ? "" : field();
        const std::size_t kind = below(name.empty() ? 2 : 14);
        rules::Predicate out;
        out.field = name;
        switch (kind) {
        default: {
            out.cased = chance(20);
            const std::size_t parts = 1 + below(4);
            for (std::size_t i = 0; i < parts; ++i) {
                if (chance(40)) {
                    out.pattern.push_back({rules::PatternPart::Kind::any, ""});
                } else if (chance(12)) {
                    out.pattern.push_back({rules::PatternPart::Kind::one, ""});
                } else {
                    out.pattern.push_back({rules::PatternPart::Kind::literal, text(2)});
                }
            }
            if (name.empty()) {
                out.pattern.insert(out.pattern.begin(), {rules::PatternPart::Kind::any, ""});
                out.pattern.push_back({rules::PatternPart::Kind::any, ""});
            }
            return out;
        }
        case 6:
            out.op = rules::Op::regex;
            out.text = pick(kRegexes);
            out.regex_ignore_case = chance(30);
            out.regex_dotall = chance(30);
            // In multiline mode RE2 lets ^ match after a final newline, Perl and Hyperscan do not (text/regex.hpp).
            out.regex_multiline = out.text.find('^') == std::string::npos && chance(20);
            return out;
        case 7:
            return cidr(name, pick(kNetworks));
        case 8:
        case 9: {
            static const rules::Op kOps[] = {rules::Op::equal_number, rules::Op::less, rules::Op::less_equal,
                                             rules::Op::greater, rules::Op::greater_equal};
            return number(name, pick(kOps), pick(kNumbers));
        }
        case 10:
            return with_op(name, rules::Op::is_null);
        case 11:
            out.op = rules::Op::exists;
            out.expected = chance(50);
            return out;
        case 12:
            out.op = rules::Op::boolean;
            out.expected = chance(50);
            return out;
        case 13: {
            static const rules::Op kOps[] = {rules::Op::field_equals, rules::Op::field_contains,
                                             rules::Op::field_startswith, rules::Op::field_endswith};
            out.op = pick(kOps);
            out.other_field = field();
            out.cased = chance(30);
            return out;
        }
        }
    }

    std::uint32_t condition(RuleMaker& maker, unsigned depth) {
        if (depth == 0 || chance(30)) { return maker.test(predicate()); }
        if (chance(20)) { return maker.negate(condition(maker, depth - 1)); }
        std::vector<std::uint32_t> children;
        for (std::size_t i = 1 + below(4); i > 0; --i) {
            children.push_back(condition(maker, depth - 1));
        }
        return chance(50) ? maker.all(std::move(children)) : maker.any(std::move(children));
    }

    rules::Rule rule(std::size_t index) {
        static const rules::LogSource kSources[] = {{"", "", ""},
                                                    {"windows", "", ""},
                                                    {"windows", "process_creation", ""},
                                                    {"windows", "", "security"},
                                                    {"", "process_creation", ""},
                                                    {"windows", "registry_add", ""},
                                                    {"Windows", "registry_event", ""},
                                                    {"linux", "", "sshd"},
                                                    {"cisco", "", "aaa"}};
        char id[16];
        std::snprintf(id, sizeof(id), "rule-%06zu", index);
        RuleMaker maker(id, pick(kSources));
        condition(maker, 3);
        return maker.done();
    }

    void event(event::EventBatch& batch, event::FieldTable& fields) {
        event::Event& event = batch.begin();
        static const event::Format kFormats[] = {event::Format::windows_event, event::Format::windows_event,
                                                 event::Format::syslog, event::Format::json};
        event.format = pick(kFormats);
        const auto add = [&](std::string_view name, std::string_view value,
                             event::ValueType type = event::ValueType::string) {
            batch.add(fields.intern(name), batch.arena().copy(value), type);
        };
        if (event.format == event::Format::windows_event) {
            static const char* const kChannels[] = {"Microsoft-Windows-Sysmon/Operational", "SECURITY", "System"};
            static const char* const kIds[] = {"1", "12", "13", "4688", "4624"};
            if (chance(95)) { add("Channel", pick(kChannels)); }
            if (chance(95)) { add("EventID", pick(kIds), event::ValueType::integer); }
            if (chance(5)) { add("EventID", pick(kIds), event::ValueType::integer); }
            if (chance(40)) { add("EventType", chance(50) ? "createkey" : "DeleteKey"); }
        } else if (event.format == event::Format::syslog && chance(70)) {
            add("log.syslog.appname", chance(70) ? "sshd" : "sudo");
        }
        if (chance(15)) {
            event.flags = event::flag::kTrustedSource;
            if (chance(70)) { add("logsource.product", chance(50) ? "cisco" : "windows"); }
            if (chance(50)) { add("logsource.category", "process_creation"); }
            if (chance(50)) { add("logsource.service", "aaa"); }
        }
        for (std::size_t i = below(8); i > 0; --i) {
            if (chance(8)) {
                add(field(), "", event::ValueType::null);
            } else {
                add(field(), value());
            }
        }
        batch.finish();
    }

private:
    std::mt19937 random_;
};

/// For people who look at a failure.
std::string describe(const rules::Rule& rule, const event::EventBatch& batch, std::uint32_t index,
                     const event::FieldTable& fields) {
    std::string out = "\nrule " + rule.id + " of " + rule.logsource.product + '/' + rule.logsource.category + '/' +
                      rule.logsource.service;
    for (const rules::Node& node : rule.nodes) {
        out += "\n  " + std::to_string(&node - rule.nodes.data()) + ": ";
        if (node.kind == rules::Node::Kind::predicate) {
            const rules::Predicate& p = rule.predicates[node.predicate];
            out += "op " + std::to_string(static_cast<int>(p.op)) + " [" + p.field + "] " + p.text + p.other_field +
                   (p.cased ? " cased" : "") + (p.expected ? "" : " not expected") + ' ' + std::to_string(p.number);
            for (const rules::PatternPart& part : p.pattern) {
                out += part.kind == rules::PatternPart::Kind::literal ? "'" + part.text + "'"
                       : part.kind == rules::PatternPart::Kind::any   ? " ANY "
                                                                      : " ONE ";
            }
            continue;
        }
        static const char* const kKinds[] = {"", "all", "any", "not"};
        out += kKinds[static_cast<int>(node.kind)];
        for (const std::uint32_t child : node.children) {
            out += ' ' + std::to_string(child);
        }
    }
    out += "\nevent, format " + std::to_string(static_cast<int>(batch.events()[index].format));
    for (const event::Field& field : batch.fields(batch.events()[index])) {
        out += "\n  " + std::string(fields.name(field.name())) + " = " + std::string(field.text()) +
               (field.is_null() ? " (null)" : "");
    }
    return out + '\n';
}

using Matches = std::set<std::pair<std::uint32_t, std::string>>;

Matches fast_matches(MatchWorker& worker, const event::EventBatch& batch) {
    std::vector<event::Detection> detections;
    worker.match(batch, detections);
    Matches out;
    for (const event::Detection& detection : detections) {
        EXPECT_TRUE(out.emplace(detection.event_index, detection.rule->id).second) << "reported twice";
    }
    return out;
}

void check_round(std::uint32_t seed, bool routed, MatchOptions options, std::size_t& matches) {
    World world(seed);
    event::FieldTable fields;
    CompileInput input;
    for (std::size_t i = 0; i < 60; ++i) {
        input.rules.push_back(world.rule(i));
    }
    input.logsources = small_table();
    const std::vector<rules::Rule> rules = input.rules;
    const rules::LogSourceTable table = input.logsources;
    CompileOptions compile_options;
    compile_options.threads = 1;
    compile_options.route_by_logsource = routed;
    const CompileResult compiled = compile(std::move(input), fields, compile_options);
    ASSERT_TRUE(compiled.rejected.empty()) << compiled.rejected.front().reason;
    const PlainEvaluator plain(rules, table, fields, routed);
    MatchWorker worker(compiled.rules, options);
    const auto by_id = [&rules](const std::string& id) -> const rules::Rule& {
        return *std::find_if(rules.begin(), rules.end(), [&id](const rules::Rule& rule) { return rule.id == id; });
    };
    for (int round = 0; round < 3; ++round) {
        event::EventBatch batch;
        for (int i = 0; i < 40; ++i) {
            world.event(batch, fields);
        }
        Matches want;
        for (std::uint32_t i = 0; i < batch.size(); ++i) {
            for (const std::size_t rule : plain.match(batch, batch.events()[i])) {
                want.emplace(i, rules[rule].id);
            }
        }
        const Matches got = fast_matches(worker, batch);
        matches += want.size();
        for (const auto& [event, id] : want) {
            ASSERT_TRUE(got.contains({event, id}))
                << "missed, seed " << seed << describe(by_id(id), batch, event, fields);
        }
        for (const auto& [event, id] : got) {
            ASSERT_TRUE(want.contains({event, id}))
                << "invented, seed " << seed << describe(by_id(id), batch, event, fields);
        }
    }
}

TEST(Differential, RandomRulesOnRandomEvents) {
    std::size_t matches = 0;
    for (std::uint32_t seed = 1; seed <= 120 && !HasFatalFailure(); ++seed) {
        check_round(seed, seed % 5 != 0, {}, matches);
    }
    EXPECT_GT(matches, 20'000U); // the worlds are not empty
}

TEST(Differential, WithoutMemoAndWithATinyOne) {
    std::size_t matches = 0;
    for (std::uint32_t seed = 1001; seed <= 1060 && !HasFatalFailure(); ++seed) {
        MatchOptions options;
        options.memo = seed % 2 == 0;
        options.memo_bytes = 1;
        check_round(seed, true, options, matches);
    }
    EXPECT_GT(matches, 5'000U);
}

} // namespace
} // namespace canhgac::engine
