#include "app/scan_summary.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <tuple>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/input_files.hpp"
#include "app/scan_output.hpp"

namespace canhgac::app {

namespace {

using Time = std::optional<common::Nanos>;

constexpr std::string_view kTechnique = "attack.t";

boost::json::value json_time(const Time& time) {
    return time ? boost::json::value(common::format_rfc3339(*time)) : boost::json::value(nullptr);
}

/// To the second.
std::string shown_time(const Time& time) {
    if (!time) { return "-"; }
    return common::format_rfc3339(*time - (*time % common::kSecond + common::kSecond) % common::kSecond);
}

void widen(Time& first, Time& last, const Time& time) {
    if (!time) { return; }
    if (!first || *time < *first) { first = time; }
    if (!last || *time > *last) { last = time; }
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) {
        (text += text.empty() ? "" : " ") += part;
    }
    return text;
}

} // namespace

std::vector<std::string> techniques_of(const event::RuleInfo& rule) {
    std::vector<std::string> techniques;
    for (const std::string& tag : rule.tags) {
        const bool technique = tag.size() > kTechnique.size() && tag.starts_with(kTechnique) &&
                               std::isdigit(static_cast<unsigned char>(tag[kTechnique.size()])) != 0;
        if (technique) { techniques.push_back("T" + tag.substr(kTechnique.size())); }
    }
    return techniques;
}

void ScanSummary::add(const std::string& file, const ScanHit& hit) {
    ++matches_;
    const auto key = std::pair(hit.host, hit.rule->id);
    auto place = rows_.find(key);
    if (place == rows_.end()) {
        if (rows_.size() == kMaxRows) {
            ++not_listed_;
            return;
        }
        place = rows_.emplace(key, Row{hit.rule, hit.host, 0, {}, {}, file, hit.event}).first;
    }
    Row& row = place->second;
    ++row.count;
    if (hit.time && row.first && *hit.time < *row.first) {
        row.file = file;
        row.event = hit.event;
    }
    widen(row.first, row.last, hit.time);
}

/// By first match; rows without a time come last.
std::vector<const ScanSummary::Row*> ScanSummary::timeline() const {
    std::vector<const Row*> rows;
    rows.reserve(rows_.size());
    for (const auto& [key, row] : rows_) {
        rows.push_back(&row);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row* a, const Row* b) {
        return std::tuple(!a->first, a->first.value_or(0)) < std::tuple(!b->first, b->first.value_or(0));
    });
    return rows;
}

void ScanSummary::count(const Row& row, Group& group) {
    group.count += row.count;
    ++group.rules;
    group.highest = std::max(group.highest, row.rule->level);
    widen(group.first, group.last, row.first);
    widen(group.first, group.last, row.last);
}

ScanSummary::Groups ScanSummary::hosts() const {
    Groups groups;
    for (const auto& [key, row] : rows_) {
        count(row, groups[row.host]);
    }
    return groups;
}

ScanSummary::Groups ScanSummary::techniques() const {
    Groups groups;
    std::set<std::pair<std::string, const event::RuleInfo*>> seen;
    for (const auto& [key, row] : rows_) {
        for (const std::string& technique : techniques_of(*row.rule)) {
            Group& group = groups[technique];
            count(row, group);
            if (!seen.emplace(technique, row.rule).second) { --group.rules; } // on several hosts, yet one rule
        }
    }
    return groups;
}

std::map<event::Severity, std::uint64_t> ScanSummary::levels() const {
    std::map<event::Severity, std::uint64_t> levels;
    for (const auto& [key, row] : rows_) {
        levels[row.rule->level] += row.count;
    }
    return levels;
}

std::string ScanSummary::json(const SummaryTotals& totals) const {
    const auto groups_json = [](const char* name, const Groups& groups) {
        boost::json::array list;
        for (const auto& [key, group] : groups) {
            list.push_back(boost::json::object{{name, key},
                                               {"count", group.count},
                                               {"rules", group.rules},
                                               {"highest", event::to_string(group.highest)},
                                               {"first", json_time(group.first)},
                                               {"last", json_time(group.last)}});
        }
        return list;
    };
    boost::json::array rows;
    for (const Row* row : timeline()) {
        const auto techniques = techniques_of(*row->rule);
        rows.push_back(boost::json::object{{"first", json_time(row->first)},
                                           {"last", json_time(row->last)},
                                           {"count", row->count},
                                           {"host", row->host},
                                           {"level", event::to_string(row->rule->level)},
                                           {"rule", row->rule->id},
                                           {"title", row->rule->title},
                                           {"techniques", boost::json::array(techniques.begin(), techniques.end())},
                                           {"file", row->file},
                                           {"event", row->event}});
    }
    boost::json::object by_level;
    for (const auto& [level, number] : levels()) {
        by_level[event::to_string(level)] = number;
    }
    boost::json::array correlations;
    for (const event::DetectionRecord& fired : correlations_) {
        std::string line;
        append_correlation(ScanOutput::jsonl, fired, line);
        correlations.push_back(boost::json::parse(line));
    }
    return boost::json::serialize(boost::json::object{{"files", totals.files},
                                                      {"events", totals.events},
                                                      {"parse_errors", totals.parse_errors},
                                                      {"matches", matches_},
                                                      {"first_event", json_time(totals.first_event)},
                                                      {"last_event", json_time(totals.last_event)},
                                                      {"levels", std::move(by_level)},
                                                      {"timeline", std::move(rows)},
                                                      {"hosts", groups_json("host", hosts())},
                                                      {"techniques", groups_json("technique", techniques())},
                                                      {"correlations", std::move(correlations)},
                                                      {"not_listed", not_listed_}}) +
           '\n';
}

std::string ScanSummary::table(const SummaryTotals& totals) const {
    std::string out =
        fmt::format("{} files, {} events ({} damaged or unreadable), {} to {}\n", totals.files, totals.events,
                    totals.parse_errors, shown_time(totals.first_event), shown_time(totals.last_event));
    std::string by_level;
    const auto counted = levels();
    for (auto level = counted.rbegin(); level != counted.rend(); ++level) {
        by_level +=
            fmt::format("{}{} {}", by_level.empty() ? ": " : ", ", event::to_string(level->first), level->second);
    }
    out += fmt::format("{} matches{}\n", matches_, by_level);
    if (!rows_.empty()) {
        out += fmt::format("\n{} {} {:>7} {} {} {} {}\n", column("FIRST", 20), column("LAST", 20), "COUNT",
                           column("LEVEL", 13), column("HOST", 24), column("TECHNIQUES", 20), "RULE");
    }
    for (const Row* row : timeline()) {
        out += fmt::format("{} {} {:>7} {} {} {} {}\n", column(shown_time(row->first), 20),
                           column(shown_time(row->last), 20), row->count,
                           column(event::to_string(row->rule->level), 13), column(printable(row->host), 24),
                           column(joined(techniques_of(*row->rule)), 20), printable(row->rule->title));
    }
    if (not_listed_ != 0) { out += fmt::format("and {} matches more of other hosts and rules\n", not_listed_); }
    const auto add_groups = [&out](const char* name, std::size_t width, const Groups& groups) {
        if (groups.empty()) { return; }
        out += fmt::format("\n{} {:>7} {:>6} {} {} {}\n", column(name, width), "COUNT", "RULES", column("HIGHEST", 13),
                           column("FIRST", 20), "LAST");
        for (const auto& [key, group] : groups) {
            out += fmt::format("{} {:>7} {:>6} {} {} {}\n", column(printable(key), width), group.count, group.rules,
                               column(event::to_string(group.highest), 13), column(shown_time(group.first), 20),
                               shown_time(group.last));
        }
    };
    add_groups("HOST", 24, hosts());
    add_groups("TECHNIQUE", 12, techniques());
    if (!correlations_.empty()) { out += "\nCORRELATIONS\n"; }
    for (const event::DetectionRecord& fired : correlations_) {
        append_correlation(ScanOutput::table, fired, out);
    }
    return out;
}

} // namespace canhgac::app
