#include "app/rule_exceptions.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <ostream>
#include <set>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "app/rule_files.hpp"
#include "app/rule_loading.hpp"
#include "app/rules_backtest.hpp"
#include "common/clock.hpp"
#include "common/durable_file.hpp"
#include "net/digest.hpp"
#include "rules/embedded.hpp"
#include "rules/reader.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::size_t kMaxText = 1000;

/// In single quotes, as YAML 1.2 (7.3.2) has them. Throws for what cannot stand on one line.
std::string quoted(const std::string& text, const char* what) {
    const bool control = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (text.empty() || text.size() > kMaxText || control) {
        throw std::runtime_error(fmt::format("{} must be one line of 1 to {} bytes", what, kMaxText));
    }
    std::string out = "'";
    for (const char c : text) {
        out += c;
        if (c == '\'') { out += c; }
    }
    return out + "'";
}

/// A random UUID (RFC 9562, version 4).
std::string random_uuid() {
    std::string hex = net::random_hex(16);
    hex[12] = '4';
    constexpr std::string_view kVariants = "89ab";
    hex[16] = kVariants[static_cast<unsigned char>(hex[16]) % kVariants.size()];
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                       hex.substr(20));
}

fs::path exception_folder(const RuleExceptionOptions& options) {
    if (!options.folder.empty()) { return options.folder; }
    if (options.client.data.empty()) {
        throw std::runtime_error("give --data FOLDER (of the server) or --folder FOLDER");
    }
    return fs::path(options.client.data) / "exceptions";
}

/// Written by root, for a server that is another user: who owns the data folder must be able to read it.
void give_to_owner(const fs::path& made) {
    struct stat about {};
    if (::geteuid() != 0) { return; }
    const fs::path data = made.extension() == ".yml" ? made.parent_path().parent_path() : made.parent_path();
    if (::stat(data.empty() ? "." : data.c_str(), &about) != 0) { return; }
    if (::chown(made.c_str(), about.st_uid, about.st_gid) != 0) {
        throw std::runtime_error(made.string() + ": " + std::generic_category().message(errno));
    }
}

/// The rules, their texts by file, and the exceptions.
struct World {
    rules::ReadResult read;
    std::map<std::string, std::string> texts; ///< by file
};

World read_world(const RuleExceptionOptions& options, const fs::path& exceptions) {
    World world;
    rules::ReadOptions read_options;
    read_options.filter_polarity =
        options.polarity == "specification" ? rules::FilterPolarity::specification : rules::FilterPolarity::pysigma;
    if (options.now != 0) { read_options.now = options.now; }
    rules::Reader reader(read_options);
    const auto add = [&](const std::string& file, std::string text) {
        reader.add_text(file, text);
        world.texts[file] = std::move(text);
    };
    for (const rules::EmbeddedFile& file : rules::embedded_files()) {
        if (!file.path.starts_with("rules/pack/") || file.path.ends_with(".test.yaml")) { continue; }
        add(std::string(file.path), std::string(file.text));
    }
    std::vector<std::string> paths = options.paths;
    std::error_code ignored;
    if (fs::exists(exceptions, ignored)) { paths.push_back(exceptions.string()); }
    for (const std::string& path : paths) {
        const auto files = rule_files(path);
        if (!files) { throw std::runtime_error(files.error()); }
        for (const fs::path& file : *files) {
            auto text = read_text_file(file);
            if (!text) { throw std::runtime_error(text.error()); }
            add(file.string(), std::move(*text));
        }
    }
    world.read = reader.finish();
    return world;
}

/// The rules that `wanted` means; of a correlation those that it counts, as a filter acts on these.
std::vector<rules::Rule> rules_meant(const rules::ReadResult& read, const std::string& wanted) {
    std::set<std::string> ids;
    const auto means = [&wanted](const auto& rule) {
        return rule.id == wanted || rule.name == wanted || rule.title == wanted;
    };
    for (const rules::Correlation& correlation : read.correlations) {
        if (means(correlation)) { ids.insert(correlation.id); }
    }
    ids = rules_below(read.correlations, ids);
    std::vector<rules::Rule> out;
    for (const rules::Rule& rule : read.rules) {
        if (means(rule) || ids.contains(rule.id)) { out.push_back(rule); }
    }
    if (out.empty()) {
        throw std::runtime_error("there is no rule '" + wanted + "' in the pack; --rules PATH names other places");
    }
    const bool mixed =
        std::any_of(out.begin(), out.end(), [&](const auto& r) { return r.logsource != out[0].logsource; });
    if (mixed) {
        throw std::runtime_error("'" + wanted + "' counts rules of several log sources: except them one by one");
    }
    return out;
}

/// How often each exception kept its rules quiet, by the exception's id.
std::map<std::string, std::uint64_t> count_suppressed(const RuleExceptionOptions& options, const World& world) {
    std::set<std::string> files;
    for (const rules::Filter& filter : world.read.filters) {
        files.insert(filter.at.file);
        for (const rules::Rule& rule : world.read.rules) {
            const auto& ids = filter.rule_ids;
            if (std::find(ids.begin(), ids.end(), rule.id) != ids.end()) { files.insert(rule.at.file); }
        }
    }
    RulesBacktestOptions wanted;
    for (const std::string& file : files) {
        if (!wanted.text.empty()) { wanted.text += "\n---\n"; }
        wanted.text += world.texts.at(file);
    }
    wanted.client = options.client;
    wanted.from = options.from;
    wanted.samples = 0;
    wanted.suppressed = true;
    wanted.polarity = options.polarity;
    std::map<std::string, std::uint64_t> out;
    if (wanted.text.empty()) { return out; }
    stream_backtest(wanted, [&out](std::string_view line) {
        const json::value value = json::parse(line);
        const auto* rule = value.as_object().if_contains("rule");
        if (rule == nullptr) { return true; }
        const std::string id = rule->at("id").as_string().c_str(); // FILTER/RULE
        out[id.substr(0, id.find('/'))] += rule->at("matches").to_number<std::uint64_t>();
        return true;
    });
    return out;
}

void print_exception(const rules::Filter& filter, const char* state, const std::string& fired, std::ostream& output) {
    std::string rules;
    for (const std::string& id : filter.rule_ids) {
        rules += (rules.empty() ? "" : ", ") + id;
    }
    output << fmt::format("{} {:<8} until {}  {}\n", filter.id, state,
                          filter.until == 0 ? std::string("revoked") : common::format_vietnam(filter.until),
                          filter.title);
    output << fmt::format("    rules: {}\n    reason: {} ({})\n", rules.empty() ? "-" : rules,
                          filter.reason.empty() ? "-" : filter.reason, filter.who.empty() ? "-" : filter.who);
    if (!fired.empty()) { output << "    would have fired " << fired << " times\n"; }
}

} // namespace

std::string exception_document(const RuleExceptionOptions& options, const std::vector<rules::Rule>& rules,
                               const std::string& id) {
    const auto day = common::parse_rfc3339(options.until + "T23:59:59", 7 * 3600); // as filter documents read it
    const auto end = day ? day : common::parse_rfc3339(options.until, 7 * 3600);
    if (!end) {
        throw std::runtime_error("--until must be a day like 2027-01-31 or a time like 2027-01-31T18:00:00+07:00");
    }
    const common::Nanos now = options.now == 0 ? common::SystemClock().now() : options.now;
    if (*end <= now) { throw std::runtime_error("--until has passed already"); }
    if (options.values.empty()) { throw std::runtime_error("give at least one --value"); }
    std::string text =
        fmt::format("title: {}\nid: {}\nlogsource:\n", quoted("Exception: " + options.reason, "--reason"), id);
    const rules::LogSource& source = rules.front().logsource;
    for (const auto& [key, value] : {std::pair("product", &source.product), std::pair("category", &source.category),
                                     std::pair("service", &source.service)}) {
        if (!value->empty()) { text += fmt::format("    {}: {}\n", key, quoted(*value, key)); }
    }
    text += "filter:\n    rules:\n";
    for (const rules::Rule& rule : rules) {
        text += fmt::format("        - {}\n", quoted(rule.id, "id"));
    }
    const std::string key = options.field + (options.modifier.empty() ? "" : "|" + options.modifier);
    text += fmt::format("    excepted:\n        {}:\n", quoted(key, "--field"));
    for (const std::string& value : options.values) {
        text += fmt::format("            - {}\n", quoted(value, "--value"));
    }
    text += fmt::format("    condition: {}excepted\n", options.polarity == "specification" ? "" : "not ");
    const char* user = std::getenv("USER");
    const std::string who = options.who.empty() ? std::string(user == nullptr ? "unknown" : user) : options.who;
    text += fmt::format("canhgac:\n    until: {}\n    reason: {}\n    who: {}\n", quoted(options.until, "--until"),
                        quoted(options.reason, "--reason"), quoted(who, "--who"));
    return text;
}

int add_rule_exception(const RuleExceptionOptions& options, std::ostream& output) {
    const fs::path folder = exception_folder(options);
    const World world = read_world(options, folder);
    const std::vector<rules::Rule> rules = rules_meant(world.read, options.rule);
    const std::string id = random_uuid();
    const std::string text = exception_document(options, rules, id);
    // The reader has the last word on what was typed.
    std::string together = text;
    for (const rules::Rule& rule : rules) {
        if (together.find(world.texts.at(rule.at.file)) == std::string::npos) {
            together += "\n---\n" + world.texts.at(rule.at.file);
        }
    }
    const rules::ReadResult checked = rules::read_text("exception", together);
    for (const rules::Rejection& bad : checked.rejected) {
        if (bad.id == id) { throw std::runtime_error(bad.reason); }
    }
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) { throw std::runtime_error(folder.string() + ": " + error.message()); }
    const fs::path file = folder / ("exception-" + id + ".yml");
    common::replace_file(file, text);
    give_to_owner(folder);
    give_to_owner(file);
    output << "wrote " << file.string() << "\nIt is in force once the server has read its rules again (SIGHUP, or "
           << "POST /api/v1/rules/reload).\n";
    return 0;
}

int list_rule_exceptions(const RuleExceptionOptions& options, std::ostream& output) {
    const fs::path folder = exception_folder(options);
    const World world = read_world(options, folder);
    const std::map<std::string, std::uint64_t> fired =
        options.count ? count_suppressed(options, world) : std::map<std::string, std::uint64_t>{};
    for (const rules::Filter& filter : world.read.filters) {
        const auto found = fired.find(filter.id);
        const std::uint64_t times = found == fired.end() ? 0 : found->second;
        print_exception(filter, "in force", options.count ? std::to_string(times) : std::string(), output);
    }
    for (const rules::Filter& filter : world.read.expired_filters) {
        print_exception(filter, "ended", {}, output);
    }
    int status = 0;
    for (const rules::Rejection& bad : world.read.rejected) {
        if (!bad.file.starts_with(folder.string())) { continue; }
        output << rules::to_string(bad) << '\n';
        status = 1;
    }
    output << fmt::format("{} in force, {} ended\n", world.read.filters.size(), world.read.expired_filters.size());
    return status;
}

int remove_rule_exception(const RuleExceptionOptions& options, std::ostream& output) {
    const fs::path folder = exception_folder(options);
    const World world = read_world(options, folder);
    std::vector<rules::Filter> all = world.read.filters;
    all.insert(all.end(), world.read.expired_filters.begin(), world.read.expired_filters.end());
    for (const rules::Filter& filter : all) {
        if (filter.id != options.id) { continue; }
        const fs::path file = filter.at.file;
        if (file.parent_path() != folder) {
            throw std::runtime_error(file.string() + " is not in " + folder.string() + ": delete it there");
        }
        std::error_code error;
        if (!fs::remove(file, error)) { throw std::runtime_error(file.string() + ": " + error.message()); }
        output << "removed " << file.string() << '\n';
        return 0;
    }
    throw std::runtime_error("there is no exception " + options.id);
}

} // namespace canhgac::app
