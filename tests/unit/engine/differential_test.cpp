// Fast matcher and plain evaluator must agree: on random rules and random events, with everything the rule form has.
#include <array>
#include <cstdlib>
#include <ctime>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "engine/match_worker.hpp"
#include "engine/plain_evaluator.hpp"
#include "engine/rule_set.hpp"
#include "rules/reader.hpp"
#include "tests/unit/engine/engine_fixture.hpp"
#include "text/regex.hpp"

namespace canhgac::engine {
namespace {

using namespace kit; // NOLINT(google-build-using-namespace): the fixture

/// Small alphabets make collisions, and so matches, likely.
class World {
public:
    explicit World(std::uint32_t seed) : random_(seed), seed_(seed) {}

    [[nodiscard]] std::string seed() const { return ", seed " + std::to_string(seed_); }

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
        if (chance(15)) { return stamp(); }
        if (chance(3)) { return text(4) + "\xFF" + text(3); } // broken bytes may reach us from callers
        if (chance(2)) { return text(3) + std::string(1, '\0') + text(3); }
        return text(6);
    }
    /// A time in one of the forms that are read, now and then broken by a byte.
    std::string stamp() {
        static const char* const kForms[] = {"%Y-%m-%d",
                                             "%Y-%m-%dT%H:%M:%S",
                                             "%Y/%m/%d %H:%M",
                                             "%d/%b/%Y:%H:%M:%S",
                                             "%b %d %H:%M:%S",
                                             "%b %e %H:%M:%S",
                                             "%b %e %Y %H:%M:%S",
                                             "%a %b %d %H:%M:%S %Y",
                                             "%H:%M:%S",
                                             "%s",
                                             "%s123",
                                             "%s123456",
                                             "%s123456789",
                                             "%s.5"};
        static const char* const kEnds[] = {"",     "",   "Z", " UTC", "+07:00", " -0300", "+07",
                                            ".25Z", ",5", "z", " ",    "+0",     "Zz"};
        const auto seconds = static_cast<std::time_t>(below(4'000'000'000));
        std::tm time{};
        gmtime_r(&seconds, &time);
        std::array<char, 64> buffer{};
        std::string out(buffer.data(), std::strftime(buffer.data(), buffer.size(), pick(kForms), &time));
        if (chance(60)) { out += pick(kEnds); }
        static constexpr std::string_view kBytes = "0123456789 :-/TZ.,Ja";
        if (chance(25)) { out[below(out.size())] = kBytes[below(kBytes.size())]; }
        if (chance(5)) { out.erase(below(out.size()), 1); }
        return out;
    }
    rules::Predicate time_part(const std::string& name) {
        static const rules::Op kOps[] = {rules::Op::equal_number, rules::Op::less, rules::Op::less_equal,
                                         rules::Op::greater, rules::Op::greater_equal};
        static const double kNumbers[] = {0, 1, 5, 12, 23, 30, 52, 53, 59, 1999, 2026};
        rules::Predicate out = number(name, pick(kOps), pick(kNumbers));
        out.time_part = static_cast<rules::TimePart>(1 + below(6));
        return out;
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
        const std::size_t kind = below(name.empty() ? 2 : 16);
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
        case 14:
        case 15:
            return time_part(name);
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

    [[nodiscard]] static rules::ReadOptions read_options() {
        rules::ReadOptions options;
        options.placeholders["list"] = {"a", "k*", "-e"};
        return options;
    }

    /// `rule-000001` as Sigma text, mostly well formed.
    std::string rule_text(std::size_t index) {
        char head[96];
        std::snprintf(head, sizeof(head), "title: T\nid: rule-%06zu\nlogsource: {product: windows}\ndetection:\n",
                      index);
        std::string out = head;
        const std::size_t selections = 1 + below(3);
        for (std::size_t i = 0; i < selections; ++i) {
            out += "  sel_" + std::string(1, static_cast<char>('a' + i)) + ":\n";
            for (std::size_t items = 1 + below(2); items > 0; --items) {
                out += "    " + quoted(chance(6) ? chain() : field() + chain() + std::string(items - 1, ' ')) + ": " +
                       yaml_values() + "\n";
            }
        }
        static const char* const kConditions[] = {"1 of sel_*",
                                                  "all of them",
                                                  "not sel_a",
                                                  "not 1 of them",
                                                  "sel_a and not all of them",
                                                  "not (sel_a or all of sel*)",
                                                  "any of sel_* or sel_a"};
        return out + "  condition: " + pick(kConditions) + "\n";
    }

private:
    static std::string quoted(const std::string& text) {
        std::string out = "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') { out += '\\'; }
            if (c == '\n') {
                out += "\\n";
            } else {
                out += c;
            }
        }
        return out + '"';
    }
    std::string chain() {
        static const char* const kModifiers[] = {"contains", "startswith", "endswith", "all",  "cased", "windash",
                                                 "neq",      "re",         "i",        "s",    "lt",    "gte",
                                                 "exists",   "cidr",       "fieldref", "hour", "day",   "month",
                                                 "expand",   "base64",     "wide"};
        std::string out;
        while (chance(55)) {
            out += std::string("|") + pick(kModifiers);
        }
        return out;
    }
    std::string yaml_value() {
        static const char* const kPlain[] = {"null", "true", "false", "4624",       "1",   "12",
                                             "-3",   "0x17", "017",   "10.0.0.0/8", "2026"};
        if (chance(35)) { return pick(kPlain); }
        if (chance(20)) { return quoted(field()); }
        if (chance(15)) { return quoted("%list%" + text(1)); }
        if (chance(30)) { return quoted("*" + text(2) + (chance(50) ? "?" : "*") + text(1)); }
        return quoted(text(3));
    }
    std::string yaml_values() {
        if (chance(60)) { return yaml_value(); }
        std::string out = "[" + yaml_value();
        for (std::size_t more = below(3); more > 0; --more) {
            out += ", " + yaml_value();
        }
        return out + "]";
    }

    std::mt19937 random_;
    std::uint32_t seed_;
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
                   (p.cased ? " cased" : "") + (p.expected ? "" : " not expected") + " part " +
                   std::to_string(static_cast<int>(p.time_part)) + ' ' + std::to_string(p.number);
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

/// What a test has seen.
struct Tally {
    std::size_t pairs = 0; ///< of rule and event
    std::size_t matches = 0;
};

void check_rules(World& world, std::vector<rules::Rule> some, bool routed, MatchOptions options, Tally& tally) {
    event::FieldTable fields;
    CompileInput input;
    input.rules = std::move(some);
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
        tally.matches += want.size();
        tally.pairs += rules.size() * batch.size();
        for (const auto& [event, id] : want) {
            ASSERT_TRUE(got.contains({event, id}))
                << "missed" << world.seed() << describe(by_id(id), batch, event, fields);
        }
        for (const auto& [event, id] : got) {
            ASSERT_TRUE(want.contains({event, id}))
                << "invented" << world.seed() << describe(by_id(id), batch, event, fields);
        }
    }
}

constexpr std::size_t kRulesPerRound = 60; ///< 7,200 pairs

void check_round(std::uint32_t seed, bool routed, MatchOptions options, Tally& tally) {
    World world(seed);
    std::vector<rules::Rule> rules;
    for (std::size_t i = 0; i < kRulesPerRound; ++i) {
        rules.push_back(world.rule(i));
    }
    check_rules(world, std::move(rules), routed, options, tally);
}

/// CANHGAC_LONG=1: as many rounds as make ten million pairs in all three tests.
std::uint32_t rounds(std::uint32_t usual) {
    static constexpr std::uint32_t kLonger = 16;
    const char* wish = std::getenv("CANHGAC_LONG");
    return wish != nullptr && std::string_view(wish) == "1" ? usual * kLonger : usual;
}

TEST(Differential, RandomRulesOnRandomEvents) {
    Tally tally;
    for (std::uint32_t seed = 1; seed <= rounds(50) && !HasFatalFailure(); ++seed) {
        check_round(seed, seed % 5 != 0, {}, tally);
    }
    EXPECT_GE(tally.pairs, 300'000U);
    EXPECT_GT(tally.matches, 10'000U); // the worlds are not empty
    std::printf("%zu pairs of rule and event, %zu matches\n", tally.pairs, tally.matches);
}

TEST(Differential, WithoutMemoAndWithATinyOne) {
    Tally tally;
    for (std::uint32_t seed = 100'001; seed <= 100'000 + rounds(20) && !HasFatalFailure(); ++seed) {
        MatchOptions options;
        options.memo = seed % 2 == 0;
        options.memo_bytes = 1;
        check_round(seed, true, options, tally);
    }
    EXPECT_GT(tally.matches, 3'000U);
}

/// The engines have the last word on regular expressions.
bool regexes_compile(const rules::Rule& rule) {
    return std::all_of(rule.predicates.begin(), rule.predicates.end(), [](const rules::Predicate& predicate) {
        const text::RegexOptions options{predicate.regex_ignore_case, predicate.regex_multiline,
                                         predicate.regex_dotall};
        return predicate.op != rules::Op::regex || (text::regex_problem(predicate.text, options).empty() &&
                                                    text::Regex::compile(predicate.text, options).has_value());
    });
}

/// From the text of a rule on: modifiers in random chains, values of every kind, conditions over selections. What the
/// reader rejects is written anew; what it takes, both evaluators must read alike.
TEST(Differential, RandomTextsOnRandomEvents) {
    Tally tally;
    std::size_t rejected = 0;
    for (std::uint32_t seed = 200'001; seed <= 200'000 + rounds(20) && !HasFatalFailure(); ++seed) {
        World world(seed);
        std::vector<rules::Rule> rules;
        while (rules.size() < kRulesPerRound) {
            auto read = rules::read_text("random.yml", world.rule_text(rules.size()), world.read_options());
            if (read.rules.empty() || !regexes_compile(read.rules.front())) {
                ++rejected;
            } else {
                rules.push_back(std::move(read.rules.front()));
            }
        }
        check_rules(world, std::move(rules), true, {}, tally);
    }
    EXPECT_GT(tally.matches, 3'000U);
    std::printf("%zu pairs, %zu matches, %zu texts rejected\n", tally.pairs, tally.matches, rejected);
}

} // namespace
} // namespace canhgac::engine
