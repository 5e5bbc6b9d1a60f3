// `canhgac intel check` and `canhgac intel lookup`.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/cli.hpp"
#include "app/config.hpp"
#include "common/clock.hpp"
#include "engine/intel/list_loader.hpp"

namespace canhgac::app {

namespace {

namespace fs = std::filesystem;

/// Each file of the paths as a list of its own, named after the file; hidden files of folders are left out.
std::vector<engine::ListSource> sources_of(const std::vector<std::string>& paths) {
    std::vector<engine::ListSource> sources;
    const auto add = [&sources](const fs::path& file) {
        engine::ListSource source;
        source.name = file.filename().string();
        source.path = file;
        sources.push_back(std::move(source));
    };
    for (const std::string& path : paths) {
        if (!fs::is_directory(path)) {
            add(path); // what cannot be read is reported when it is loaded
            continue;
        }
        std::vector<fs::path> files;
        for (const auto& entry : fs::recursive_directory_iterator(path)) {
            if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.')) {
                files.push_back(entry.path());
            }
        }
        std::sort(files.begin(), files.end());
        std::for_each(files.begin(), files.end(), add);
    }
    if (sources.size() > engine::kMaxLists) {
        throw std::runtime_error(fmt::format("more than {} lists", engine::kMaxLists));
    }
    return sources;
}

engine::LoadedIndicators load(const std::vector<engine::ListSource>& sources, std::size_t max_entries) {
    auto loaded = engine::load_indicators(sources, fs::temp_directory_path(), common::SystemClock().now(), max_entries);
    if (!loaded) {
        throw std::runtime_error(fmt::format("{}: {}", fs::temp_directory_path().string(), loaded.error().message()));
    }
    return std::move(*loaded);
}

boost::json::object counts_object(const std::array<std::uint64_t, engine::kIndicatorTypes>& counts) {
    boost::json::object object;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] != 0) { object[engine::to_string(static_cast<engine::IndicatorType>(i))] = counts[i]; }
    }
    return object;
}

boost::json::object list_object(const engine::ListInfo& info, const engine::LoadedList& list) {
    boost::json::object skipped;
    for (const auto& [reason, count] : list.report.skipped) {
        skipped[reason] = count;
    }
    boost::json::object object{{"name", info.name},
                               {"file", info.path},
                               {"format", engine::to_string(list.format)},
                               {"read", list.report.read},
                               {"entries", info.size()},
                               {"counts", counts_object(info.counts)},
                               {"duplicates", info.duplicates},
                               {"bad", list.report.bad},
                               {"skipped", std::move(skipped)}};
    if (list.error) { object["error"] = list.error.message(); }
    return object;
}

void print_bad(const engine::ListInfo& info, const engine::LoadedList& list) {
    if (list.error) { std::fprintf(stderr, "%s: %s\n", info.path.c_str(), list.error.message().c_str()); }
    for (const engine::BadEntry& bad : list.report.bad_entries) {
        std::fprintf(stderr, "%s:%u:%u: %s\n", info.path.c_str(), bad.line, bad.column, bad.reason.c_str());
    }
    if (list.report.bad > list.report.bad_entries.size()) {
        std::fprintf(stderr, "%s: %zu more bad entries\n", info.path.c_str(),
                     static_cast<std::size_t>(list.report.bad - list.report.bad_entries.size()));
    }
}

void print_hits(const std::string& value, const engine::IndicatorSet& set, const engine::IndicatorHits& hits) {
    for (const engine::IndicatorHit& hit : hits.all()) {
        const engine::ListInfo& list = set.lists()[hit.list];
        const boost::json::object line{{"value", value},        {"list", list.name},
                                       {"file", list.path},     {"type", engine::to_string(hit.type)},
                                       {"indicator", hit.text}, {"level", event::to_string(list.level)}};
        std::printf("%s\n", boost::json::serialize(line).c_str());
    }
}

void find_host(const engine::IndicatorSet& set, std::string_view host, engine::IndicatorHits& hits) {
    if (const auto address = common::parse_ip(host)) {
        set.find_address(*address, hits);
    } else {
        set.find_domain(host, hits);
    }
}

/// False: the value is no indicator.
bool look_up(const engine::IndicatorSet& set, const std::string& value) {
    const auto indicator = engine::parse_indicator(value);
    const std::string text = engine::refang(value);
    const auto address = common::parse_ip(text); // reserved addresses are no indicators, but may be asked for
    if (!indicator && !address) { return false; }
    engine::IndicatorHits hits;
    if (address) {
        set.find_address(*address, hits);
    } else if (indicator->type == engine::IndicatorType::network) {
        set.find_address(common::parse_cidr(indicator->text)->address, hits);
    } else if (indicator->type == engine::IndicatorType::url) {
        set.find_url({}, indicator->text, hits);
        find_host(set, engine::url_host(indicator->text), hits);
    } else if (indicator->type >= engine::IndicatorType::md5) {
        set.find_hash(indicator->text, hits);
    } else {
        find_host(set, indicator->text, hits);
    }
    print_hits(value, set, hits);
    return true;
}

} // namespace

int run_intel_check(const IntelOptions& options) {
    const engine::LoadedIndicators loaded = load(sources_of(options.values), engine::kMaxIndicators);
    const engine::IndicatorSet& set = *loaded.set;
    boost::json::array lists;
    bool problems = false;
    std::array<std::uint64_t, engine::kIndicatorTypes> counts{};
    for (std::size_t i = 0; i < loaded.lists.size(); ++i) {
        const engine::ListInfo& info = set.lists()[i];
        lists.push_back(list_object(info, loaded.lists[i]));
        print_bad(info, loaded.lists[i]);
        problems = problems || loaded.lists[i].error || loaded.lists[i].report.bad != 0;
        for (std::size_t type = 0; type < counts.size(); ++type) {
            counts[type] += info.counts[type];
        }
    }
    const boost::json::object report{{"lists", std::move(lists)},       {"entries", set.size()},
                                     {"counts", counts_object(counts)}, {"memory_bytes", set.memory_bytes()},
                                     {"text_bytes", set.text_bytes()},  {"load_seconds", loaded.seconds}};
    std::printf("%s\n", boost::json::serialize(report).c_str());
    return problems ? kProblems : kSuccess;
}

int run_intel_lookup(const IntelOptions& options) {
    std::vector<engine::ListSource> sources = sources_of(options.lists);
    std::size_t max_entries = engine::kMaxIndicators;
    if (!options.config.empty()) {
        const Config config = load_config(options.config);
        sources.insert(sources.end(), config.intel.lists.begin(), config.intel.lists.end());
        max_entries = config.intel.max_entries;
    }
    if (sources.empty()) { throw std::runtime_error("intel lookup: give --list PATH or a --config with intel.lists"); }
    const engine::LoadedIndicators loaded = load(sources, max_entries);
    bool problems = false;
    for (const std::string& value : options.values) {
        if (look_up(*loaded.set, value)) { continue; }
        std::fprintf(stderr, "%s: not an address, a network, a domain, a URL or a hash\n", value.c_str());
        problems = true;
    }
    for (std::size_t i = 0; i < loaded.lists.size(); ++i) {
        if (!loaded.lists[i].error) { continue; }
        print_bad(loaded.set->lists()[i], loaded.lists[i]);
        problems = true;
    }
    return problems ? kProblems : kSuccess;
}

} // namespace canhgac::app
