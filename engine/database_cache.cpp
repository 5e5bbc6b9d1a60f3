#include "engine/database_cache.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace canhgac::engine {
namespace {

/// Smaller sets compile in about a millisecond.
constexpr std::size_t kMinPatterns = 8;

bool worth_a_file(const std::vector<text::Pattern>& patterns) noexcept {
    return patterns.size() >= kMinPatterns || (!patterns.empty() && patterns.front().utf8); // a regular expression
}

std::string content_name(const std::vector<text::Pattern>& patterns) {
    std::string content = "canhgac-patterns-1\n" + text::pattern_library_version() + '\n';
    for (const text::Pattern& pattern : patterns) {
        const std::array<char, 5> flags = {pattern.utf8 ? 'u' : '-', pattern.ignore_case ? 'i' : '-',
                                           pattern.multiline ? 'm' : '-', pattern.dotall ? 's' : '-', ' '};
        content.append(flags.data(), flags.size());
        content += std::to_string(pattern.expression.size()) + ' ' + pattern.expression;
    }
    const XXH128_hash_t hash = XXH3_128bits(content.data(), content.size());
    std::array<char, 40> name{};
    const int size =
        std::snprintf(name.data(), name.size(), "%016llx%016llx.hsdb", static_cast<unsigned long long>(hash.high64),
                      static_cast<unsigned long long>(hash.low64));
    return {name.data(), static_cast<std::size_t>(size)};
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) { return {}; }
    std::string bytes;
    in.seekg(0, std::ios::end);
    const auto size = in.tellg();
    if (size <= 0) { return {}; }
    bytes.resize(static_cast<std::size_t>(size));
    in.seekg(0);
    in.read(bytes.data(), size);
    return in ? bytes : std::string();
}

/// 8 bytes of hash, then the database.
void write_file(const std::filesystem::path& path, const std::string& database) {
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path(), ignored);
    auto temporary = path;
    temporary += "." + std::to_string(::getpid()) + "-" +
                 std::to_string(std::hash<std::thread::id>{}(std::this_thread::get_id())) + ".tmp";
    const std::uint64_t hash = XXH3_64bits(database.data(), database.size());
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        out.write(reinterpret_cast<const char*>(&hash), sizeof(hash));
        out.write(database.data(), static_cast<std::streamsize>(database.size()));
        out.close();
        if (!out) {
            std::filesystem::remove(temporary, ignored);
            return;
        }
    }
    std::filesystem::rename(temporary, path, ignored);
    if (ignored) { std::filesystem::remove(temporary, ignored); }
}

} // namespace

common::Result<text::PatternSet, text::PatternError>
compile_cached(const std::vector<text::Pattern>& patterns, const std::filesystem::path& cache_dir, bool& cached) {
    cached = false;
    const bool use_cache = !cache_dir.empty() && worth_a_file(patterns);
    std::filesystem::path path;
    if (use_cache) {
        path = cache_dir / content_name(patterns);
        const std::string bytes = read_file(path);
        std::uint64_t hash = 0;
        if (bytes.size() > sizeof(hash)) {
            const std::string_view database = std::string_view(bytes).substr(sizeof(hash));
            std::char_traits<char>::copy(reinterpret_cast<char*>(&hash), bytes.data(), sizeof(hash));
            if (hash == XXH3_64bits(database.data(), database.size())) {
                if (auto set = text::PatternSet::deserialize(database)) {
                    cached = true;
                    return std::move(*set);
                }
            }
        }
    }
    auto set = text::PatternSet::compile(patterns);
    if (set && use_cache) { write_file(path, set->serialize()); }
    return set;
}

} // namespace canhgac::engine
