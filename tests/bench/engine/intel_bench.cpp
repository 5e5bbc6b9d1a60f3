// Indicators: load time, memory and cost of a look-up, in thread CPU time.
//   bench_intel [--entries N] [--folder DIR]
// Makes N indicators (half domains, a quarter hashes, an eighth addresses, the rest URLs and networks), writes them as
// a plain list, loads it, and asks for values that are there and values that are not, in random order.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "engine/enrichment/enricher.hpp"
#include "engine/intel/list_loader.hpp"

namespace {

using namespace canhgac;

double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

enum class Kind { domain, hash, address, url, network };

Kind kind_of(std::uint64_t i) {
    if (i % 2 == 0) { return Kind::domain; }
    if (i % 4 == 1) { return Kind::hash; }
    if (i % 8 == 3) { return Kind::address; }
    return i % 16 == 7 ? Kind::url : Kind::network;
}

/// Value number i of a world; other worlds have other values.
std::string value(Kind kind, std::uint64_t i, unsigned world) {
    std::mt19937_64 random(i * 2 + world);
    const std::uint64_t a = random();
    const std::uint64_t b = random();
    switch (kind) {
    case Kind::domain:
        return fmt::format("{:x}.host-{}.example", a & 0xFFFFFFU, i * 2 + world);
    case Kind::hash:
        return fmt::format("{:016x}{:016x}{:016x}{:016x}", a, b, a ^ i, b ^ i);
    case Kind::address:
        return fmt::format("{}.{}.{}.{}", 1 + a % 100, a >> 8U & 0xFFU, a >> 16U & 0xFFU, (a >> 24U & 0x7EU) + world);
    case Kind::url:
        return fmt::format("http://w{}.example/{:x}/gate.php?id={}", i * 2 + world, a, b & 0xFFU);
    case Kind::network:
        return fmt::format("{}.{}.{}.0/24", 101 + world * 60 + a % 60, a >> 8U & 0xFFU, a >> 16U & 0xFFU);
    }
    return {};
}

std::uint64_t ask(const engine::IndicatorSet& set, Kind kind, const std::string& text) {
    engine::IndicatorHits hits;
    switch (kind) {
    case Kind::domain:
        set.find_domain(text, hits);
        break;
    case Kind::hash:
        set.find_hash(text, hits);
        break;
    case Kind::address:
    case Kind::network:
        set.find_address(*common::parse_ip(text.substr(0, text.find('/'))), hits);
        break;
    case Kind::url:
        set.find_url({}, text, hits);
        break;
    }
    return hits.count;
}

void measure(const engine::IndicatorSet& set, Kind kind, std::string_view name, std::uint64_t entries) {
    for (const unsigned world : {0U, 1U}) {
        std::vector<std::string> values;
        std::mt19937_64 random(7);
        while (values.size() < 100'000) {
            const std::uint64_t i = random() % entries;
            if (kind_of(i) == kind) { values.push_back(value(kind, i, world)); }
        }
        std::uint64_t found = 0;
        const double start = thread_seconds();
        for (const std::string& text : values) {
            found += ask(set, kind, text) != 0 ? 1 : 0;
        }
        const double spent = thread_seconds() - start;
        std::printf("%-8.*s %s  %6.0f ns a look-up  (%.1f %% found)\n", static_cast<int>(name.size()), name.data(),
                    world == 0 ? "hit " : "miss", spent * 1e9 / static_cast<double>(values.size()),
                    100.0 * static_cast<double>(found) / static_cast<double>(values.size()));
    }
}

/// Web and connection events of some hundred clients and servers; with `unique`, no value with a role repeats.
void fill(event::EventBatch& batch, event::FieldTable& fields, std::uint64_t round, bool unique) {
    std::mt19937_64 random(round);
    const auto add = [&](const char* name, const std::string& text) {
        batch.add(fields.intern(name), batch.arena().copy(text));
    };
    for (std::uint64_t i = 0; i < 500; ++i) {
        const std::uint64_t pick = unique ? round * 500 + i : random() % 400;
        batch.begin();
        for (int k = 0; k < 21; ++k) {
            batch.add(fields.intern(fmt::format("payload{}", k)), "some value of a field without a role");
        }
        const std::string client = fmt::format("10.{}.{}.{}", pick >> 16U & 0xFFU, pick >> 8U & 0xFFU, pick & 0xFFU);
        const std::string server = fmt::format("203.{}.{}.{}", pick >> 16U & 0xFFU, pick >> 8U & 0xFFU, pick & 0xFFU);
        add("SourceIp", client);
        add("source.ip", client);
        add("DestinationIp", server);
        add("destination.ip", server);
        add("DestinationHostname", fmt::format("w{}.site.example", pick));
        add("cs-host", fmt::format("w{}.site.example", pick));
        add("c-uri", fmt::format("/index/{}.html", pick));
        add("QueryName", fmt::format("cdn{}.site.example", pick));
        add("Hashes", fmt::format("MD5={:032x},SHA256={:064x}", pick, pick));
        batch.finish();
    }
}

void measure_enricher(const char* name, const std::shared_ptr<const engine::Enrichment>& enrichment, bool unique) {
    event::FieldTable fields;
    engine::Enricher enricher(fields);
    enricher.use(enrichment);
    event::EventBatch batch;
    std::vector<event::Detection> detections;
    double spent = 0.0;
    std::uint64_t events = 0;
    for (std::uint64_t round = 0; round < 100; ++round) {
        batch.reset();
        fill(batch, fields, round, unique);
        const double start = thread_seconds();
        enricher.enrich(batch, detections);
        if (round < 20) { continue; } // warm
        spent += thread_seconds() - start;
        events += batch.size();
    }
    std::printf("enrich, %-34s %6.0f ns an event\n", name, spent * 1e9 / static_cast<double>(events));
}

} // namespace

int main(int argc, char** argv) {
    std::uint64_t entries = 1'000'000;
    std::filesystem::path folder = std::filesystem::temp_directory_path();
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::string_view(argv[i]) == "--entries") { entries = std::strtoull(argv[i + 1], nullptr, 10); }
        if (std::string_view(argv[i]) == "--folder") { folder = argv[i + 1]; }
    }
    const auto file = folder / fmt::format("bench_intel.{}.txt", entries);
    {
        std::ofstream out(file);
        for (std::uint64_t i = 0; i < entries; ++i) {
            out << value(kind_of(i), i, 0) << '\n';
        }
    }
    engine::ListSource source;
    source.name = "bench";
    source.path = file;
    const double start = thread_seconds();
    const auto loaded = engine::load_indicators({&source, 1}, folder, 0);
    const double spent = thread_seconds() - start;
    std::filesystem::remove(file);
    if (!loaded) { return 1; }
    const engine::IndicatorSet& set = *loaded->set;
    std::printf("%zu indicators of %llu lines (%llu duplicates, %llu bad): %.2f s CPU, %.2f s wall, %.1f bytes of "
                "memory each, %.1f "
                "bytes of text each\n",
                set.size(), static_cast<unsigned long long>(entries),
                static_cast<unsigned long long>(set.lists()[0].duplicates),
                static_cast<unsigned long long>(loaded->lists[0].report.bad), spent, loaded->seconds,
                static_cast<double>(set.memory_bytes()) / static_cast<double>(set.size()),
                static_cast<double>(set.text_bytes()) / static_cast<double>(set.size()));
    measure(set, Kind::domain, "domain", entries);
    measure(set, Kind::hash, "sha256", entries);
    measure(set, Kind::address, "address", entries);
    measure(set, Kind::network, "network", entries);
    measure(set, Kind::url, "url", entries);
    measure_enricher("nothing configured", nullptr, false);
    measure_enricher("no list", engine::make_enrichment(nullptr, nullptr, nullptr), false);
    const auto enrichment = engine::make_enrichment(loaded->set, nullptr, nullptr);
    measure_enricher("all lists, values repeat", enrichment, false);
    measure_enricher("all lists, no value repeats", enrichment, true);
    return 0;
}
